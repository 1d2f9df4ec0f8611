/** The engine on a network in memory and a clock moved by hand: what takes seconds takes none, and each run is the same. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, silentLogger, type Address, type Connection, type Network } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { createProxy } from './proxy.ts';
import { createTestConfig } from './testing/index.ts';

const upstreamAddress: Address = { host: '10.0.0.2', port: 8080 };
const proxyAddress: Address = { host: '10.0.0.1', port: 80 };
const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

interface World {
  readonly time: SimulatedTime;
  readonly links: SimulatedLinks;
  readonly network: SimulatedNetwork;
  readonly proxy: ReturnType<typeof createProxy>;
}

/** A proxy, an upstream that answers with its count after `answerAfterMs`, and links with drawn delays. */
async function build(seed: number, answerAfterMs: number): Promise<World> {
  const time = new SimulatedTime();
  const links = new SimulatedLinks({ time, random: createSeededRandom(seed) });
  const network = new SimulatedNetwork({ links, random: createSeededRandom(seed + 1) });
  let answers = 0;
  await network.view('upstream', upstreamAddress.host).listen(upstreamAddress, (connection) => {
    let received = '';
    connection.handler = {
      onData(memory, length) {
        received += memory.toString('latin1', 0, length);
        while (received.includes('\r\n\r\n')) {
          received = received.slice(received.indexOf('\r\n\r\n') + 4);
          const body = `answer ${(answers += 1)}`;
          time.after(answerAfterMs, () => send(connection, `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`));
        }
      },
      onDrain() {},
      onEnd: () => connection.end(),
      onClose() {},
    };
  });
  const proxy = createProxy({ clock: time, timers: time, random: createSeededRandom(seed + 2), network: network.view('proxy', proxyAddress.host), logger: silentLogger, meter: createMeter() });
  await proxy.apply(createTestConfig({ listen: proxyAddress, upstreams: [upstreamAddress], route: { timeoutMs: 2_000 } }));
  proxy.start();
  return { time, links, network, proxy };
}

function send(connection: Connection, text: string): void {
  connection.write(Buffer.from(text, 'latin1'), 0, text.length);
}

/** A client that sends and remembers what comes. */
function connectClient(network: Network, text: string): { received: () => string } {
  let received = '';
  const connection: Connection = network.connect(proxyAddress, {
    onOpen: () => send(connection, text),
    onData: (memory, length) => void (received += memory.toString('latin1', 0, length)),
    onDrain() {},
    onEnd: () => connection.end(),
    onClose() {},
  });
  return { received: () => received };
}

test('pipelined requests are answered in order over links that delay and cut, the same way for the same seed', async () => {
  const runs = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const { time, network } = await build(seed, 3);
      const client = connectClient(network.view('client', '10.0.0.3'), get.repeat(5));
      await time.advanceAsync(200);
      return client.received();
    }),
  );
  for (const run of runs) expect([...run.matchAll(/answer \d/g)].map(String)).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4', 'answer 5']);
  expect(runs[0]).toBe(runs[1]);
});

test('an upstream that is cut off costs its timeout and nothing more; when it is back it is used again', async () => {
  const { time, links, network, proxy } = await build(1, 1);
  const view = network.view('client', '10.0.0.3');
  links.setIsolated('upstream', true);
  const early = connectClient(view, get);
  await time.advanceAsync(1_900);
  expect(early.received()).toMatch(/^HTTP\/1.1 503.*connection timeout/s);
  links.setIsolated('upstream', false);
  const later = connectClient(view, get);
  await time.advanceAsync(500);
  expect(later.received()).toMatch(/^HTTP\/1.1 200/);
  links.setIsolated('upstream', true);
  const stuck = connectClient(view, get);
  await time.advanceAsync(2_100);
  expect(stuck.received()).toMatch(/^HTTP\/1.1 504/);
  await time.advanceAsync(5_000);
  expect([proxy.activeStreams, proxy.clusters()[0]?.activeRequests, proxy.clusters()[0]?.pendingRequests]).toEqual([0, 0, 0]);
});

test('a client that rests longer than the delayed close still gets the end of its response', async () => {
  const { time, network, proxy } = await build(3, 1);
  const size = 300_000;
  await network.view('large', '10.0.0.4').listen({ host: '10.0.0.4', port: 80 }, (connection) => {
    connection.handler = {
      onData: () => {
        send(connection, `HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${'x'.repeat(size)}`);
      },
      onDrain() {},
      onEnd: () => connection.end(),
      onClose() {},
    };
  });
  await proxy.apply(createTestConfig({ version: '2', listen: proxyAddress, upstreams: [{ host: '10.0.0.4', port: 80 }], manager: { delayedCloseTimeoutMs: 50 } }));
  let received = 0;
  const client: Connection = network.view('client', '10.0.0.3').connect(proxyAddress, {
    onOpen: () => send(client, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
    onData: (_memory, length) => {
      received += length;
      client.pause();
      time.after(400, () => client.resume());
    },
    onDrain() {},
    onEnd: () => client.end(),
    onClose() {},
  });
  await time.advanceAsync(120_000);
  expect(received).toBeGreaterThan(size);
  expect(proxy.activeConnections).toBe(0);
});
