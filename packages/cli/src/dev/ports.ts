/** Ports for what people and components connect to: the wanted one, or a free one when it is taken. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { MeshError } from '@sluice/kernel';
import type { ComponentPorts } from './components.ts';
import type { DevOptions } from './options.ts';

export interface DevPorts extends ComponentPorts {
  readonly api: number;
}

/** What each port is when nobody says otherwise: kube-apiserver's, Envoy's admin, Istio's and Kourier's xDS. */
const usual = { gatewayAdmin: 9901, configService: 18_000 };

/**
 * The ports of this run. Those of the run before are taken again while they are free, so that a restart
 * changes no object; what a flag asks for goes first.
 */
export async function choosePorts({ port, apiPort, stateFolder }: DevOptions): Promise<DevPorts> {
  const file = join(stateFolder, 'ports.json');
  const before = readPorts(file);
  // One after the other, each passing over what the ones before it took.
  const taken = new Set<number>();
  const take = async (wanted: number): Promise<number> => {
    const chosen = await choosePort(wanted, taken);
    taken.add(chosen);
    return chosen;
  };
  const ports: DevPorts = {
    api: await take(apiPort || (before.api ?? 0)),
    gateway: await take(port || (before.gateway ?? 0)),
    gatewayAdmin: await take(before.gatewayAdmin ?? usual.gatewayAdmin),
    configService: await take(before.configService ?? usual.configService),
  };
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

function readPorts(file: string): Partial<DevPorts> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<DevPorts>;
  } catch {
    // The first run, or a file that was cut off: then any ports will do.
    return {};
  }
}

/**
 * The first of `wanted`, `wanted + 1`, … that can be bound on 127.0.0.1 and is not `taken`, of ten; else any free
 * one. 0 asks for any.
 */
export async function choosePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  if (wanted !== 0) {
    for (let port = wanted; port < wanted + 10 && port < 65_536; port += 1) {
      if (!taken.has(port) && (await bind(port)) !== undefined) return port;
    }
  }
  for (;;) {
    const port = await bind(0);
    if (port === undefined) throw new MeshError('no-free-port', 'choose a port: none is free on 127.0.0.1');
    if (!taken.has(port)) return port;
  }
}

function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
