/** A proxy that watches itself, over real sockets, with readings of the test's own. */
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { connectionManagerJson, routesJson, socketAddress, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { Drain } from '../drain.ts';
import { startBootstrap } from '../testing/index.ts';
import { OverloadManager, type ProcessReadings } from './overload-manager.ts';
import { OverloadState } from './overload-state.ts';

const heapMonitor = { name: 'heap', typed_config: typed('envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig', { max_heap_size_bytes: 1000 }) };
const at = (value: number) => [{ name: 'heap', threshold: { value } }];
const action = (name: string, triggers: readonly object[]) => ({ name: `envoy.overload_actions.${name}`, triggers });
const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';

class Readings implements ProcessReadings {
  bytes = 0;
  shrinks = 0;
  heapBytes(): number {
    return this.bytes;
  }
  cgroupMemory(): { bytes: number; max: number | undefined } {
    return { bytes: this.bytes, max: undefined };
  }
  shrinkHeap(): void {
    this.shrinks += 1;
  }
}

async function start(overload: Json, fields: Json = {}) {
  const readings = new Readings();
  const log = { name: 'log', typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: '/dev/null', log_format: { text_format_source: { inline_string: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n' } } }) };
  const manager = connectionManagerJson({ route_config: routesJson('r', [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'served' } } }]), access_log: [log] });
  const listener = { name: 'main', address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }], ...fields };
  const overload_manager = { refresh_interval: '0.01s', resource_monitors: [heapMonitor], ...overload };
  const proxy = await startBootstrap({ listeners: [listener], bootstrap: { overload_manager }, processReadings: readings });
  const until = async (name: string, value: number) => {
    while (proxy.metric(name) !== value) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { proxy, readings, until, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

test('requests are refused while there is too much to do, and no longer', async () => {
  await using world = await start({ actions: [action('stop_accepting_requests', at(0.9))] });
  const client = await world.proxy.connect('main');
  client.write(get);
  await client.readUntil('served');
  world.readings.bytes = 950;
  await world.until('envoy_overload_active', 1);
  expect(world.proxy.metric('envoy_overload_pressure')).toBe(95);
  client.write(get);
  expect(await client.readUntil('envoy overloaded')).toContain('503');
  world.readings.bytes = 100;
  await world.until('envoy_overload_active', 0);
  const another = await world.proxy.connect('main');
  another.write(get);
  await another.readUntil('served');
  while (world.proxy.logLines.length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(world.proxy.logLines).toEqual(['200 - direct_response', '503 OM overload', '200 - direct_response']);
  expect(world.proxy.metric('envoy_http_downstream_rq_overload_close')).toBe(1);
});

test('keep-alive is given up, so that clients spread', async () => {
  await using world = await start({ actions: [action('disable_http_keepalive', at(0.5))] });
  world.readings.bytes = 500;
  await world.until('envoy_overload_active', 1);
  const client = await world.proxy.connect('main');
  client.write(get);
  expect((await client.readToEnd()).toString()).toContain('connection: close');
});

test.each(['stop_accepting_connections', 'reject_incoming_connections'])('%s refuses new connections, and not those that are there', async (name) => {
  await using world = await start({ actions: [action(name, at(0.5))] });
  const early = await world.proxy.connect('main');
  early.write(get);
  await early.readUntil('served');
  world.readings.bytes = 500;
  await world.until('envoy_overload_active', 1);
  const late = await world.proxy.connect('main').catch(() => undefined);
  expect((await late?.readToEnd())?.length ?? 0).toBe(0);
  early.write(get);
  await early.readUntil('served');
  expect(world.proxy.metric('envoy_listener_downstream_cx_overload_reject')).toBe(1);
});

test('a listener that bypasses overload goes on accepting', async () => {
  await using world = await start({ actions: [action('reject_incoming_connections', at(0.5))] }, { bypass_overload_manager: true });
  world.readings.bytes = 500;
  await world.until('envoy_overload_active', 1);
  const client = await world.proxy.connect('main');
  client.write(get);
  await client.readUntil('served');
});

test('unused memory is given back, but not at every look', async () => {
  await using world = await start({ actions: [action('shrink_heap', at(0.5))] });
  world.readings.bytes = 700;
  await world.until('envoy_overload_shrink_count', 2);
  expect(world.readings.shrinks).toBe(2);
});

test('the connections of the whole process have a limit', async () => {
  const limit = { name: 'connections', typed_config: typed('envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig', { max_active_downstream_connections: '1' }) };
  await using world = await start({ resource_monitors: [limit] });
  const held = await world.proxy.connect('main');
  held.write(get);
  await held.readUntil('served');
  expect((await (await world.proxy.connect('main')).readToEnd()).length).toBe(0);
  expect(world.proxy.metric('envoy_listener_downstream_global_cx_overflow')).toBe(1);
  held.end();
  await held.readToEnd();
  await world.until('envoy_listener_downstream_cx_active', 0);
  const next = await world.proxy.connect('main');
  next.write(get);
  await next.readUntil('served');
});

test('between two thresholds an action goes a part of its way', () => {
  const readings = new Readings();
  const random = createSeededRandom(4);
  const state = new OverloadState(random);
  const manager = new OverloadManager({
    config: {
      refreshIntervalMs: 1000,
      monitors: [{ kind: 'fixed-heap', name: 'heap', bytesMax: 1000 }],
      actions: [{ name: 'stop_accepting_requests', triggers: [{ monitor: 'heap', scalingThreshold: 0.5, saturationThreshold: 0.9 }] }],
      loadShedPoints: [{ name: 'tcp_listener_accept', triggers: [{ monitor: 'heap', scalingThreshold: 0.8, saturationThreshold: 0.8 }] }],
      connectionsMax: undefined,
    },
    readings,
    state,
    drain: new Drain(random),
    meter: createMeter(),
    logger: silentLogger,
  });
  const sharesAt = (bytes: number) => {
    readings.bytes = bytes;
    manager.refresh();
    return [state.refusedRequests, state.refusedConnections];
  };
  expect(sharesAt(500)).toEqual([0, 0]);
  expect(sharesAt(700)[0]).toBeCloseTo(0.5);
  expect(sharesAt(800)[1]).toBe(1);
  expect(sharesAt(900)).toEqual([1, 1]);
  expect(sharesAt(100)).toEqual([0, 0]);
});
