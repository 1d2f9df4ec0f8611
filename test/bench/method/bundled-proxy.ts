/** The proxy as an image holds it: one bundle with what V8 has compiled of it, started with the flags of the data plane. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { dataPlaneFlags, hasRun, keptBundle } from '@sluice/cli';
import { sluiceYaml } from '../proxy/config/sluice-yaml.ts';
import type { Command } from './measured-process.ts';

const root = join(import.meta.dirname, '../../..');
const proxyMain = join(root, 'packages/cli/src/proxy/main.ts');

/**
 * The bundle of the sources as they are, made when they have changed, with what the making of an image does: it has been started, asked once and ended.
 * @param folder for the first configuration, and for the bundle where the tree cannot be written
 */
export async function bundleProxy(folder: string): Promise<string> {
  const bundled = await keptBundle('sluice-proxy', proxyMain, [join(root, 'node_modules/.cache/sluice'), join(folder, 'bundle')]);
  if (await hasRun(bundled)) return bundled;
  const backend = createServer((_, response) => response.end('ok'));
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const config = join(folder, 'first-run.yaml');
  writeFileSync(config, sluiceYaml({ port: 0, backendPort: (backend.address() as AddressInfo).port }));
  const child = spawn(process.execPath, argumentsOf(bundled, config), { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  try {
    let said = '';
    for await (const bytes of child.stderr.iterator({ destroyOnReturn: false })) {
      said += String(bytes);
      const address = /listens on (\S+)/.exec(said)?.[1];
      if (address === undefined) continue;
      await (await fetch(`http://${address}/`)).text();
      break;
    }
  } finally {
    child.stderr.resume();
    child.kill('SIGTERM');
    await exited;
    backend.close();
  }
  return bundled;
}

/** @param bundled what `bundleProxy` gave @param config a file with the bootstrap */
export function proxyCommand(name: string, bundled: string, config: string, port: number): Command {
  return { name, file: process.execPath, args: argumentsOf(bundled, config), port };
}

function argumentsOf(bundled: string, config: string): readonly string[] {
  return [...dataPlaneFlags, bundled, '--log-level', 'warn', '-c', config];
}
