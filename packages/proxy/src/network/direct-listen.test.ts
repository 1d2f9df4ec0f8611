import type { BoundListener } from '@sluice/kernel';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { bindDirectly, canBindDirectly } from './direct-listen.ts';
import { SystemNetwork } from './system-network.ts';

const network = new SystemNetwork({ accept: 'reused', writesDirectly: true, bindsDirectly: true, poisonsMemory: true });
const bound: BoundListener[] = [];

afterEach(() => Promise.all(bound.splice(0).map((listener) => listener.close())));

const isPossible = canBindDirectly();

async function listen(host: string, port: number, options = {}): Promise<number> {
  const listener = await network.listen(
    { host, port },
    (connection) => {
      connection.handler = { onData: () => {}, onDrain: () => {}, onEnd: () => {}, onClose: () => {} };
      connection.write(Buffer.from('hello'), 0, 5);
      connection.end();
    },
    options,
  );
  bound.push(listener);
  return listener.address.port;
}

test.runIf(process.platform === 'linux')('this Node can do it', () => {
  expect(isPossible).toBe(true);
});

test.runIf(isPossible)('a bound handle serves like any other', async () => {
  const port = await listen('127.0.0.1', 0);
  expect(await text(connect({ host: '127.0.0.1', port, allowHalfOpen: false }))).toBe('hello');
});

test.runIf(isPossible)('an address that is taken is told by name', async () => {
  const port = await listen('127.0.0.1', 0);
  await expect(listen('127.0.0.1', port)).rejects.toThrow(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
});

test.runIf(isPossible)('several share an address when they are to', async () => {
  const port = await listen('127.0.0.1', 0, { reusePort: true });
  expect(await listen('127.0.0.1', port, { reusePort: true })).toBe(port);
});

test.runIf(isPossible)('what is no IPv4 address is left to Node', () => {
  expect(bindDirectly({ host: '::1', port: 0 }, false)).toBeUndefined();
  expect(bindDirectly({ host: 'localhost', port: 0 }, false)).toBeUndefined();
  expect(bindDirectly({ host: '300.0.0.1', port: 0 }, false)).toBeUndefined();
});
