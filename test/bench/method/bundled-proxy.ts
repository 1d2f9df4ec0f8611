/** The proxy as an image holds it: one bundle, started with the flags of the data plane. */
import { join } from 'node:path';
import { bundle, dataPlaneFlags } from '@sluice/cli';
import type { Command } from './measured-process.ts';

const proxyMain = join(import.meta.dirname, '../../../packages/cli/src/proxy/main.ts');

/** Bundles it into `folder`, once for all targets of a run. */
export function bundleProxy(folder: string): Promise<string> {
  return bundle('sluice-proxy', proxyMain, join(folder, 'bundle'));
}

/** @param bundled what `bundleProxy` gave @param config a file with the bootstrap */
export function proxyCommand(name: string, bundled: string, config: string, port: number): Command {
  return { name, file: process.execPath, args: [...dataPlaneFlags, bundled, '--log-level', 'warn', '-c', config], port };
}
