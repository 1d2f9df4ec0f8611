/** `sluice proxy` as an image holds it: one bundle, started with the flags of the data plane. */
import { join } from 'node:path';
import { bundle, dataPlaneFlags } from '@sluice/cli';
import type { Command } from './measured-process.ts';

const cliMain = join(import.meta.dirname, '../../../packages/cli/src/main.ts');

/** Bundles the command into `folder`, once for all targets of a run. */
export function bundleProxy(folder: string): Promise<string> {
  return bundle('sluice', cliMain, join(folder, 'bundle'));
}

/** @param bundled what `bundleProxy` gave @param config a file with the bootstrap */
export function proxyCommand(name: string, bundled: string, config: string, port: number): Command {
  return { name, file: process.execPath, args: [...dataPlaneFlags, bundled, 'proxy', '--log-level', 'warn', '-c', config], port };
}
