import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { noRegexEngine } from '@sluice/proxy';
import { AdsServer, createSnapshot, loadCodec, LoadServer, SnapshotCache, typeUrls, type Codec, type JsonObject, type Resource } from '@sluice/xds';
import { createInMemoryTransport } from '@sluice/xds/testing';
import { beforeAll, expect, test } from 'vitest';
import { composeGateway } from './compose.ts';
import { readSettings } from './config.ts';

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('core');
});

const gatewayHost = '127.0.0.1';
const gatewayPort = 9000;

/** One route for everything, to one pod. The listener is where the configuration would have it. */
function resourcesFor(podHost: string, cluster: JsonObject = {}): Resource[] {
  const manager: JsonObject = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'gateway',
    rds: { route_config_name: 'external_services', config_source: { ads: {}, resource_api_version: 'V3' } },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
  return [
    {
      typeUrl: typeUrls.listener,
      name: 'external_http',
      value: {
        name: 'external_http',
        address: { socket_address: { address: '0.0.0.0', port_value: 8080 } },
        filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
      },
    },
    {
      typeUrl: typeUrls.routeConfiguration,
      name: 'external_services',
      value: {
        name: 'external_services',
        virtual_hosts: [{ name: 'hello', domains: ['hello.example.com'], routes: [{ match: { prefix: '/' }, route: { cluster: 'default/hello' } }] }],
      },
    },
    {
      typeUrl: typeUrls.cluster,
      name: 'default/hello',
      value: { name: 'default/hello', type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } }, ...cluster },
    },
    {
      typeUrl: typeUrls.clusterLoadAssignment,
      name: 'default/hello',
      value: {
        cluster_name: 'default/hello',
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: podHost, port_value: 8012 } } } }] }],
      },
    },
  ];
}

function createWorld(flags: readonly string[] = []) {
  const time = new SimulatedTime();
  const shared = { clock: time, timers: time, random: createSeededRandom(1), logger: new RecordingLogger(), meter: createMeter() };
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const cache = new SnapshotCache();
  const ads = new AdsServer({ ...shared, cache });
  const load = new LoadServer(shared);
  const transport = createInMemoryTransport({
    timers: time,
    handlers: { ...ads.handlers, onLoadStats: (stream) => load.acceptReports(stream), onLoad() {} },
  });
  const settings = readSettings(['--config-service=x:1', `--http-port=${gatewayPort}`, ...flags], { POD_IP: gatewayHost });
  if (!settings.ok) throw new Error('bad settings');
  const gateway = composeGateway({ ...shared, settings: settings.value, transport, codec, regexEngine: noRegexEngine, network: network.view('gateway', gatewayHost) });
  const client = network.view('client', '10.0.0.1');

  return {
    time,
    transport,
    gateway,
    load,
    /** @param types of resources that are told; default: all */
    publish(podHost: string, cluster?: JsonObject, types?: readonly string[]): void {
      const result = createSnapshot(resourcesFor(podHost, cluster).filter(({ typeUrl }) => types?.includes(typeUrl) ?? true), codec, cache.get('sluice-gateway'));
      if (!result.ok) throw new Error(JSON.stringify(result.problems));
      cache.set('sluice-gateway', result.snapshot);
    },
    /** A pod that answers everything with its own address. */
    async startPod(host: string): Promise<void> {
      await network.view(host, host).listen({ host, port: 8012 }, (connection) => {
        let text = '';
        connection.handler = {
          onData(memory, length) {
            text += memory.toString('latin1', 0, length);
            if (!text.endsWith('\r\n\r\n')) return;
            text = '';
            const answer = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${host.length}\r\n\r\n${host}`);
            connection.write(answer, 0, answer.length);
          },
          onDrain() {},
          onEnd: () => connection.end(),
          onClose() {},
        };
      });
    },
    /** What a client gets; `refused` when nobody listens. */
    async get(host = 'hello.example.com'): Promise<string> {
      let answer = '';
      const question = Buffer.from(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      const connection = client.connect({ host: gatewayHost, port: gatewayPort }, {
        onOpen: () => void connection.write(question, 0, question.length),
        onData: (memory, length) => void (answer += memory.toString('latin1', 0, length)),
        onDrain() {},
        onEnd: () => connection.end(),
        onClose(error) {
          if (error) answer = 'refused';
        },
      });
      await time.advanceAsync(500);
      return answer.split('\r\n\r\n').at(-1) ?? '';
    },
  };
}

test('it listens, on the port it was given, once there is something to serve', async () => {
  const world = createWorld();
  world.gateway.start();
  await world.time.advanceAsync(1000);
  expect([await world.get(), world.gateway.proxy.ready]).toEqual(['refused', false]);

  await world.startPod('10.0.0.21');
  world.publish('10.0.0.21');
  await world.time.advanceAsync(100);
  expect([await world.get(), world.gateway.proxy.ready]).toEqual(['10.0.0.21', true]);
});

test('it is not ready while it knows where to send requests and not where to listen for them', async () => {
  const world = createWorld();
  world.gateway.start();
  world.publish('10.0.0.21', undefined, [typeUrls.cluster, typeUrls.clusterLoadAssignment]);
  await world.time.advanceAsync(1000);
  expect([world.gateway.applier.applied?.clusters.size, world.gateway.proxy.ready]).toEqual([1, false]);
  await world.startPod('10.0.0.21');
  world.publish('10.0.0.21');
  await world.time.advanceAsync(100);
  expect([await world.get(), world.gateway.proxy.ready]).toEqual(['10.0.0.21', true]);
});

test('it follows changes, and goes on with the last good ones when the config service is away', async () => {
  const world = createWorld();
  await world.startPod('10.0.0.21');
  await world.startPod('10.0.0.22');
  world.publish('10.0.0.21');
  world.gateway.start();
  await world.time.advanceAsync(100);
  world.transport.reachable = false;
  world.publish('10.0.0.22');
  await world.time.advanceAsync(60_000);
  expect(await world.get()).toBe('10.0.0.21');

  world.transport.reachable = true;
  await world.time.advanceAsync(60_000);
  expect(await world.get()).toBe('10.0.0.22');
});

test('drained, it listens no more', async () => {
  const world = createWorld();
  await world.startPod('10.0.0.21');
  world.publish('10.0.0.21');
  world.gateway.start();
  await world.time.advanceAsync(100);
  const drained = world.gateway.drain();
  await world.time.advanceAsync(6000);
  await drained;
  expect(await world.get()).toBe('refused');
});

test('settings: everything that is wrong is told at once', () => {
  expect(readSettings(['--http-port=x', '--nonsense'], {}).problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
    '--config-service or SLUICE_CONFIG_SERVICE is required',
    '--http-port must be a whole number, from 0 to 65535, but was "x"',
    '--nonsense is not a flag of this program',
  ]);
});

test.each([
  ['those that ask for it', [], { lrs_server: { self: {} } }, true],
  ['no others', [], {}, false],
  ['all, when it is told to', ['--load-reports=all'], {}, true],
])('load of clusters is reported to the config service: %s', async (_, flags, cluster, isReported) => {
  const world = createWorld(flags);
  await world.startPod('10.0.0.21');
  world.publish('10.0.0.21', cluster);
  world.gateway.start();
  await world.time.advanceAsync(100);
  await world.get();
  await world.time.advanceAsync(2_000);
  const expected = { node: { cluster: 'sluice-gateway' }, cluster: 'default/hello', issuedRequests: 1, successfulRequests: 1, requestsInProgress: 0 };
  expect(world.load.clusters()).toMatchObject(isReported ? [expected] : []);
  // It is about hops, and no revision's load.
  expect(world.load.loads()).toEqual([]);
});
