/** Ports for what people and components connect to: the wanted one, or a free one when it is taken. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeshError } from '@sluice/kernel';
import { lockFile, type FileLock } from '@sluice/local';
import type { ComponentPorts } from './components.ts';
import type { DevOptions } from './options.ts';

export interface DevPorts extends ComponentPorts {
  readonly api: number;
}

/** Ports that no other mesh of this machine takes until they are released. */
export interface ClaimedPorts {
  readonly ports: DevPorts;
  release(): void;
}

/**
 * Where meshes tell each other which ports they have chosen: a port is bound by a component only a moment after
 * it was found free, and two meshes that start together would both find it so.
 */
const claimsFolder = join(tmpdir(), 'sluice-ports');

/** What each port is when nobody says otherwise: kube-apiserver's, Envoy's admin, Istio's and Kourier's xDS. */
const usual = { gatewayAdmin: 9901, configService: 18_000, configMetrics: 18_090 };

/**
 * The ports of this run. Those of the run before are taken again while they are free, so that a restart
 * changes no object; what a flag asks for goes first.
 */
export async function claimPorts({ port, httpsPort, apiPort, stateFolder }: DevOptions): Promise<ClaimedPorts> {
  const file = join(stateFolder, 'ports.json');
  const before = readPorts(file);
  // One after the other, each passing over what the ones before it took.
  const taken = new Set<number>();
  const claims: FileLock[] = [];
  mkdirSync(claimsFolder, { recursive: true });
  const take = async (wanted: number): Promise<number> => {
    for (;;) {
      const chosen = await choosePort(wanted, taken);
      taken.add(chosen);
      const claim = claimPort(chosen);
      if (!claim) continue;
      claims.push(claim);
      return chosen;
    }
  };
  const ports: DevPorts = {
    api: await take(apiPort || (before.api ?? 0)),
    gateway: await take(port || (before.gateway ?? 0)),
    ...(httpsPort === undefined ? {} : { gatewayTls: await take(httpsPort || (before.gatewayTls ?? 0)) }),
    gatewayAdmin: await take(before.gatewayAdmin ?? usual.gatewayAdmin),
    configService: await take(before.configService ?? usual.configService),
    configMetrics: await take(before.configMetrics ?? usual.configMetrics),
  };
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(ports)}\n`);
  return {
    ports,
    release() {
      for (const claim of claims) claim.release();
    },
  };
}

/** Undefined when a mesh that is running has it. */
function claimPort(port: number): FileLock | undefined {
  try {
    return lockFile(join(claimsFolder, String(port)));
  } catch (error) {
    if (error instanceof MeshError) return undefined;
    throw error;
  }
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
