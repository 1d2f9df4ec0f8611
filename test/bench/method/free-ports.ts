/** Ports for tests of benchmarks, which may run beside each other. */
import { once } from 'node:events';
import { createServer } from 'node:net';

const triesMax = 50;

/** Below those that the system gives to clients, which a busy machine leaves no row of. */
const lowest = 10_000;
const highest = 30_000;

/** The first of `count` ports in a row that nobody listens on. Others may take them before they are used; the choice is by chance, so that they hardly will. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const first = lowest + Math.floor(Math.random() * (highest - lowest - count));
    if (await areFree(first, count)) return first;
  }
  throw new Error(`no ${count} ports in a row are free`);
}

async function areFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) if (!(await isFree(port))) return false;
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
