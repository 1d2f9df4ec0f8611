import { Buffer } from 'node:buffer';
import { createSeededRandom, MeshError, type ConnectionHandler, type ConnectOptions, type Network } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { PatientNetwork } from './patient-network.ts';

const address = { host: '127.0.0.1', port: 8080 };

/** A network that keeps the time of each try; `errors` are what the first tries end with instead. */
function createNetwork(errors: readonly string[] = []) {
  const time = new SimulatedTime();
  const simulated = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const inner = simulated.view('sidecar', address.host);
  const tries: number[] = [];
  const counted: Network = {
    listen: (at, accept) => inner.listen(at, accept),
    connect(to, handler, options?: ConnectOptions) {
      const code = errors[tries.length];
      tries.push(time.now());
      const rewritten = code === undefined ? handler : { ...handler, onClose: () => handler.onClose(new MeshError(code, code)) };
      return inner.connect(to, rewritten, options);
    },
  };
  const network = new PatientNetwork(counted, { timers: time, random: createSeededRandom(1) });
  const events: string[] = [];
  const handler: ConnectionHandler = {
    onOpen: () => events.push('open'),
    onData: (memory, length) => events.push(memory.toString('latin1', 0, length)),
    onDrain() {},
    onEnd() {},
    onClose: (error) => events.push(`close ${error?.code ?? 'in order'}`),
  };
  const listen = () =>
    simulated.view('program', address.host).listen(address, (connection) => {
      connection.handler = { onData() {}, onDrain() {}, onEnd: () => connection.end(), onClose() {} };
      const hello = Buffer.from('hello');
      connection.write(hello, 0, hello.length);
    });
  return { time, tries, network, events, handler, listen };
}

describe('a port that refuses', () => {
  test('is asked 15 times, each pause longer by 1.4 and a little jitter', async () => {
    const { time, tries, network, events, handler } = createNetwork();
    network.connect(address, handler);
    await time.advanceAsync(60_000);
    expect(events).toEqual(['close connection-refused']);
    expect(tries).toHaveLength(15);
    for (let index = 1; index < tries.length; index += 1) {
      const pauseMs = Number(tries[index]) - Number(tries[index - 1]);
      expect(pauseMs / (50 * 1.4 ** (index - 1))).toBeGreaterThanOrEqual(1);
      // A tenth is jitter, and a refusal takes its way there and back.
      expect(pauseMs).toBeLessThan(50 * 1.4 ** (index - 1) * 1.1 + 5);
    }
  });

  test('is a connection like any other once it listens', async () => {
    const { time, network, events, handler, listen } = createNetwork();
    const connection = network.connect(address, handler);
    await time.advanceAsync(200);
    await listen();
    await time.advanceAsync(200);
    expect(events).toEqual(['open', 'hello']);
    connection.end();
    await time.advanceAsync(50);
    expect(events.at(-1)).toBe('close in order');
  });

  test('is asked no more when nobody wants it', async () => {
    const { time, tries, network, events, handler, listen } = createNetwork();
    const connection = network.connect(address, handler);
    await time.advanceAsync(30);
    connection.destroy();
    connection.destroy();
    await listen();
    await time.advanceAsync(20_000);
    expect([events, tries.length]).toEqual([['close in order'], 1]);
  });
});

test('a try without an answer is followed by another, any other failure is the last', async () => {
  const { time, tries, network, events, handler } = createNetwork(['connect-timeout', 'connect-failed']);
  network.connect(address, handler);
  await time.advanceAsync(20_000);
  expect([events, tries.length]).toEqual([['close connect-failed'], 2]);
});
