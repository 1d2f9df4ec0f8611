/** The keep-alive race, beaten: hosts that close connections at rest cost no request. On simulated time, and with real sockets. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, silentLogger, type Address, type Connection, type Meter } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { createProxy } from './proxy.ts';
import { createTestConfig, startRawUpstream, startTestProxy, startTestUpstream } from './testing/index.ts';

const upstreamAddress: Address = { host: '10.0.0.3', port: 80 };
const proxyAddress: Address = { host: '10.0.0.2', port: 80 };

interface World {
  readonly time: SimulatedTime;
  readonly meter: Meter;
  /** Sends one request on a connection of its own, and gives the status once it is there. */
  ask(method: string): { readonly status: string };
  /** Requests that were served, counted by the host. */
  served(): number;
  metric(name: string): number;
}

/** A host that closes a connection when it has rested as long as `restMs` says, and a network where bytes take 1 ms. */
async function build(restMs: (random: () => number) => number, keepAlive = ''): Promise<World> {
  const time = new SimulatedTime();
  const random = createSeededRandom(7);
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time, random: createSeededRandom(3) }), random: createSeededRandom(4) });
  let served = 0;
  await network.view('host', upstreamAddress.host).listen(upstreamAddress, (connection) => {
    let rest = time.after(60_000, () => connection.end());
    let received = '';
    connection.handler = {
      onData(memory, length) {
        received += memory.toString('latin1', 0, length);
        if (!received.endsWith('\r\n\r\n')) return;
        received = '';
        rest.cancel();
        served += 1;
        send(connection, `HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${keepAlive}\r\n`);
        rest = time.after(restMs(() => random.next()), () => connection.end());
      },
      onDrain() {},
      onEnd: () => connection.end(),
      onClose: () => rest.cancel(),
    };
  });
  const meter = createMeter();
  const proxy = createProxy({ clock: time, timers: time, random: createSeededRandom(1), network: network.view('proxy', proxyAddress.host), logger: silentLogger, meter });
  await proxy.apply(createTestConfig({ listen: proxyAddress, upstreams: [upstreamAddress] }));
  proxy.start();
  const clients = network.view('client', '10.0.0.1');
  return {
    time,
    meter,
    served: () => served,
    ask(method) {
      const answer = { received: '', get status() { return this.received.slice(9, 12); } };
      const client = clients.connect(proxyAddress, {
        onOpen: () => send(client, `${method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`),
        onData: (memory, length) => void (answer.received += memory.toString('latin1', 0, length)),
        onDrain() {},
        onEnd: () => client.end(),
        onClose() {},
      });
      return answer;
    },
    metric: (name) => meter.collect().find((family) => family.name === `envoy_cluster_${name}`)?.samples[0]?.value ?? 0,
  };
}

function send(connection: Connection, text: string): void {
  connection.write(Buffer.from(text, 'latin1'), 0, text.length);
}

/** Requests at random moments, so that some come just as a connection is about to end. */
async function load(world: World, method: string, requests: number, meanMs: number): Promise<readonly string[]> {
  const random = createSeededRandom(11);
  const answers = [];
  for (let request = 0; request < requests; request += 1) {
    answers.push(world.ask(method));
    await world.time.advanceAsync(random.next() * 2 * meanMs);
  }
  await world.time.advanceAsync(60_000);
  return answers.map(({ status }) => status);
}

test('requests that may be repeated lose nothing to a host that closes at random', async () => {
  const world = await build((random) => random() * 100);
  const statuses = await load(world, 'GET', 400, 50);
  expect(statuses.filter((status) => status !== '200')).toEqual([]);
  expect(world.metric('upstream_cx_idle_close')).toBeGreaterThan(50);
});

test('requests that must not be repeated lose nothing to a host that has said how long it waits, nor are any served twice', async () => {
  const world = await build(() => 2000, 'keep-alive: timeout=2\r\n');
  const statuses = await load(world, 'POST', 400, 1900);
  expect(statuses.filter((status) => status !== '200')).toEqual([]);
  expect(world.served()).toBe(400);
  expect(world.metric('upstream_cx_idle_retired')).toBeGreaterThan(50);
  expect(world.metric('upstream_cx_idle_close')).toBe(0);
});

test('what the host does not say is learned from what it does', async () => {
  const world = await build(() => 2000);
  // One connection dies of age before anybody knows.
  world.ask('GET');
  await world.time.advanceAsync(5000);
  expect(world.metric('upstream_cx_idle_close')).toBe(1);
  const statuses = await load(world, 'POST', 200, 1900);
  expect(statuses.filter((status) => status !== '200')).toEqual([]);
  expect(world.metric('upstream_cx_idle_close')).toBe(1);
});

test('a host that closes sooner than anybody does on purpose is learned, too, after a while', async () => {
  const world = await build((random) => 200 + random() * 100);
  for (let round = 0; round < 3; round += 1) {
    world.ask('GET');
    await world.time.advanceAsync(5000);
  }
  const statuses = await load(world, 'POST', 300, 200);
  expect(statuses.filter((status) => status !== '200')).toEqual([]);
});

test('the server of Node says how long it waits, and is heard', async () => {
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 1000 }, (_request, response) => response.end('ok'));
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  try {
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [{ host: '127.0.0.1', port }] }));
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.readUntil('ok');
    while (proxy.metric('envoy_cluster_upstream_cx_idle_retired') === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(proxy.metric('envoy_cluster_upstream_cx_idle_close')).toBe(0);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => void server.close(done));
  }
});

test('a connection is retired for its age, once its requests are done', async () => {
  await using upstream = await startRawUpstream(async (peer, index) => {
    for (;;) {
      await peer.readHead();
      peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nfrom ${index}`);
    }
  });
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], cluster: { connectionDurationMaxMs: 50 } }));
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.readUntil('from 0');
  await upstream.peers[0]?.readToEnd();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.readUntil('from 1');
  expect(proxy.metric('envoy_cluster_upstream_cx_max_duration_reached')).toBe(1);
});

test('so is a connection of HTTP/2, by the next request', async () => {
  await using upstream = await startTestUpstream('h2', (_request, response) => void response.end('ok'));
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', cluster: { connectionDurationMaxMs: 50 } }));
  const client = await proxy.connect();
  for (let request = 0; request < 2; request += 1) {
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.readUntil('ok');
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  expect(upstream.connections.size).toBe(2);
  expect(proxy.metric('envoy_cluster_upstream_cx_max_duration_reached')).toBe(1);
});

test('a PUT that met the race is sent again with its body, also with what came in between', async () => {
  await using upstream = await startRawUpstream(async (peer, index) => {
    const head = await peer.readHead();
    if (head.startsWith('GET')) {
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready');
      await peer.readUntil('abc');
      return peer.reset();
    }
    const body = await peer.readBytes(6);
    peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n${index}:${body.toString()}`);
  });
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.readUntil('ready');
  client.write('PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc');
  while (upstream.peers.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  client.write('def');
  expect(await client.readUntil('1:abcdef')).toMatch(/^HTTP\/1.1 200/);
  expect(proxy.metric('envoy_cluster_upstream_rq_keepalive_race')).toBe(1);
});

test('a PUT with more body than is kept is not', async () => {
  await using upstream = await startRawUpstream(async (peer) => {
    await peer.readHead();
    peer.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready');
    await peer.readUntil('last');
    peer.reset();
  });
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.readUntil('ready');
  const body = `${'x'.repeat(70_000)}last`;
  client.write(`PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length + 1}\r\n\r\n${body}`);
  expect(await client.readHead()).toMatch(/^HTTP\/1.1 503/);
  expect(upstream.peers).toHaveLength(1);
});
