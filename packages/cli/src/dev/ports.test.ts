import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { choosePort } from './ports.ts';

const held: Server[] = [];
afterEach(() => {
  for (const server of held.splice(0)) server.close();
});

function hold(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    held.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

test('a port that is taken leads to a later one', async () => {
  const taken = await hold(0);
  const chosen = await choosePort(taken);
  expect(chosen).not.toBe(taken);
  expect(await hold(chosen)).toBe(chosen);
});

test('a port given to somebody else in this run counts as taken', async () => {
  const free = await choosePort(0);
  expect(await choosePort(free, new Set([free]))).not.toBe(free);
});
