/** HTTP/2 on both sides on a network in memory and a clock moved by hand: what takes minutes takes none, and each run is the same. */
import { Buffer } from 'node:buffer';
import { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import { frame, FrameType, Http2Machine, http2PrefaceText, parseFrames } from '@sluice/http/testing';
import { createMeter, createSeededRandom, silentLogger, type Address, type Connection, type Meter } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { defaultHttp2Options, type Http2Options } from './http2-options.ts';
import { createProxy } from './proxy.ts';
import type { ConnectionManagerConfig } from './proxy-config.ts';
import type { Proxy } from './proxy-options.ts';
import { createTestConfig } from './testing/index.ts';

const hostAddress: Address = { host: '10.0.0.2', port: 8080 };
const proxyAddress: Address = { host: '10.0.0.1', port: 80 };

interface World {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  readonly proxy: Proxy;
  readonly meter: Meter;
  metric(name: string): number;
}

interface Options {
  readonly seed?: number;
  readonly manager?: Partial<ConnectionManagerConfig>;
  /** Called with each request that a host has got whole. */
  readonly answer?: (machine: Http2Machine, index: number) => void;
}

/** Puts a machine on a connection, and sends what it says after each thing that happens. */
function drive(machine: Http2Machine, connection: Connection, onChange: () => void = () => {}): () => void {
  const flush = () => {
    const bytes = machine.output.take();
    if (bytes.length > 0) connection.write(bytes, 0, bytes.length);
  };
  connection.handler = {
    onOpen() {
      machine.connection.begin();
      onChange();
      flush();
    },
    onData(memory, length) {
      machine.feed(Buffer.from(memory.subarray(0, length)));
      onChange();
      flush();
    },
    onDrain() {},
    onEnd: () => connection.end(),
    onClose() {},
  };
  return flush;
}

async function build({ seed = 1, manager = {}, answer = () => {} }: Options = {}): Promise<World> {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time, random: createSeededRandom(seed) }), random: createSeededRandom(seed + 1) });
  await network.view('host', hostAddress.host).listen(hostAddress, (connection) => {
    const machine = new Http2Machine('server');
    let answered = 0;
    const flush = drive(machine, connection, () => {
      for (; answered < machine.streams.length && machine.streams[answered]?.stream.isRemoteEnded; answered += 1) answer(machine, answered);
    });
    machine.connection.begin();
    flush();
  });
  const meter = createMeter();
  const proxy = createProxy({ clock: time, timers: time, random: createSeededRandom(seed + 2), network: network.view('proxy', proxyAddress.host), logger: silentLogger, meter });
  await proxy.apply(createTestConfig({ listen: proxyAddress, upstreams: [hostAddress], protocol: 'h2', manager }));
  proxy.start();
  const metric = (name: string) => meter.collect().find((family) => family.name === name)?.samples.reduce((sum, { value }) => sum + value, 0) ?? 0;
  return { time, network, proxy, meter, metric };
}

/** A client with these paths on its mind, and all frames that it has got. */
function ask({ network }: World, paths: readonly string[], machine: Http2Machine = new Http2Machine('client')) {
  const connection = network.view('client', '10.0.0.3').connect(proxyAddress, { onData() {}, onDrain() {}, onEnd() {}, onClose() {} });
  const flush = drive(machine, connection);
  const { handler } = connection;
  const begin = handler.onOpen?.bind(handler);
  handler.onOpen = () => {
    begin?.();
    for (const path of paths) machine.openStream().stream.writeRequest(RequestHead.of('GET', 'a.test', path), true, 'http', '');
    flush();
  };
  return { machine, connection, flush };
}

/** A body that names its request, and trailers. */
const echoPath = (machine: Http2Machine, index: number) => {
  const { stream, head } = machine.streams[index] ?? {};
  const body = Buffer.from(`${head?.path ?? ''} `.repeat(500));
  stream?.writeResponse(ResponseHead.of(200, { 'x-index': String(index) }), false);
  stream?.writeData(body, 0, body.length, false);
  stream?.writeEnd(Trailers.of({ 'x-after': 'done' }));
};

test('exchanges over links that delay and cut end the same way for the same seed', async () => {
  const runs = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const world = await build({ seed, answer: echoPath });
      const { machine } = ask(world, ['/a', '/b', '/c']);
      await world.time.advanceAsync(1000);
      expect(world.proxy.activeStreams).toBe(0);
      return machine.streams.map(({ responses, body, trailers, isEnded }) => [responses[0]?.status, responses[0]?.get('x-index'), body, trailers?.entries(), isEnded]);
    }),
  );
  expect(runs[0]).toEqual([['/a', 0], ['/b', 1], ['/c', 2]].map(([path, index]) => [200, String(index), `${path} `.repeat(500), [['x-after', 'done']], true]));
  expect(runs[1]).toEqual(runs[0]);
});

test('SETTINGS that are not acknowledged for ten seconds end the connection', async () => {
  const world = await build();
  const received: Buffer[] = [];
  const connection = world.network.view('client', '10.0.0.3').connect(proxyAddress, {
    onOpen() {
      const bytes = Buffer.concat([Buffer.from(http2PrefaceText), frame(FrameType.settings, 0, 0)]);
      connection.write(bytes, 0, bytes.length);
    },
    onData: (memory, length) => void received.push(Buffer.from(memory.subarray(0, length))),
    onDrain() {},
    onEnd() {},
    onClose() {},
  });
  await world.time.advanceAsync(9_900);
  expect(world.proxy.activeConnections).toBe(1);
  await world.time.advanceAsync(2_000);
  const goaway = parseFrames(Buffer.concat(received)).find(({ type }) => type === FrameType.goaway);
  expect([world.proxy.activeConnections, goaway?.payload.readUInt32BE(4)]).toEqual([0, 4]);
});

test('a client that answers no PING is given up, one that does is not', async () => {
  const http2: Http2Options = { ...defaultHttp2Options, keepalive: { intervalMs: 30_000, timeoutMs: 5_000, jitterRatio: 0.15, idleIntervalMs: 0 } };
  const world = await build({ manager: { http2 }, answer: echoPath });
  ask(world, ['/a']);
  const silent = ask(world, ['/b']);
  await world.time.advanceAsync(1000);
  // It goes on existing, and says nothing any more.
  silent.connection.pause();
  await world.time.advanceAsync(120_000);
  expect(world.metric('envoy_http2_keepalive_timeout')).toBe(1);
  expect(world.proxy.activeConnections).toBe(1);
});

test('a response that nobody takes ends by the stream idle timeout, and its memory with it', async () => {
  const world = await build({
    manager: { streamIdleTimeoutMs: 60_000 },
    answer(machine, index) {
      const body = Buffer.alloc(200_000, 'x');
      machine.streams[index]?.stream.writeResponse(ResponseHead.of(200), false);
      machine.streams[index]?.stream.writeData(body, 0, body.length, false);
      machine.streams[index]?.stream.writeEnd(undefined);
    },
  });
  const machine = new Http2Machine('client');
  machine.takesBodies = false;
  ask(world, ['/a'], machine);
  await world.time.advanceAsync(30_000);
  expect(machine.streams[0]?.body.length).toBe(65_535);
  await world.time.advanceAsync(60_000);
  expect(machine.streams[0]?.reset).toMatchObject({ cause: 'peer' });
  expect(world.proxy.activeStreams).toBe(0);
});

test('a drain lets requests that were on their way be served, and is over in a few round trips', async () => {
  const world = await build({ answer: echoPath });
  const client = ask(world, ['/a']);
  await world.time.advanceAsync(500);
  const drained = world.proxy.drain({ deadlineMs: 600_000 });
  // Sent before the client can have heard.
  client.machine.openStream().stream.writeRequest(RequestHead.of('GET', 'a.test', '/late'), true, 'http', '');
  client.flush();
  const begun = world.time.now();
  await world.time.advanceAsync(10_000);
  await drained;
  expect(client.machine.streams.map(({ responses, isEnded }) => [responses[0]?.status, isEnded])).toEqual([[200, true], [200, true]]);
  expect(client.machine.goaway).toEqual({ lastStream: 3, code: 0 });
  expect(world.time.now() - begun).toBeLessThanOrEqual(10_000);
});
