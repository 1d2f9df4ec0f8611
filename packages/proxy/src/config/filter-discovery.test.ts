/** Settings of filters that come by themselves, from update to what requests meet. */
import { createMeter, createSeededRandom, formatProblem, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { typeUrls, versionOf } from '@sluice/resources';
import { listenerJson, routerFilterJson, typed, type Json } from '@sluice/resources/testing';
import { afterEach, expect, test } from 'vitest';
import { configDumpPage } from '../admin/config-dump.ts';
import { dottedName } from '../admin/stat-names.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import { createPoisonedNetwork } from '../testing/poisoned-network.ts';
import { connectRaw, type RawPeer } from '../testing/raw-peer.ts';
import { refuseUnshared } from '../workers/refuse-unshared.ts';
import { startBootstrapProxy } from './bootstrap-proxy.ts';
import type { ConfigConsumer, ConfigSource, RejectedResource } from './config-source.ts';
import { parseBootstrap } from './file-bootstrap.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const bufferType = 'envoy.extensions.filters.http.buffer.v3.Buffer';
const setStateType = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';
const url = (name: string) => `type.googleapis.com/${name}`;

/** Adds a header to responses that says which settings serve. */
const says = (value: string): Json => typed(setStateType, { mutations: { response_mutations: [{ append: { header: { key: 'x-settings', value } } }] } });

/** A proxy whose listener answers by itself, behind the filter `stamp`, which comes by discovery. */
async function start(discovery: Json = {}, more: Json = {}) {
  let consumer: ConfigConsumer | undefined;
  const source: ConfigSource = { start: (given) => void (consumer = given), stop() {} };
  const meter = createMeter();
  const logLines: string[] = [];
  const stamp = { name: 'stamp', config_discovery: { config_source: { ads: {} }, type_urls: [url(setStateType)], ...discovery }, ...more };
  const listener = listenerJson('edge', {
    route_config: { name: 'r', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }] }] },
    http_filters: [stamp, routerFilterJson],
    access_log: [{ name: 'log', typed_config: typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', { log_format: { text_format_source: { inline_string: '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n' } } }) }],
  });
  const server = { name: 'service', type: 'STATIC', load_assignment: { cluster_name: 'service', endpoints: [] } };
  const ads = { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'service' } }] };
  const loaded = await parseBootstrap(JSON.stringify({ node: { id: 'a', cluster: 'b' }, dynamic_resources: { ads_config: ads, lds_config: { ads: {} } }, static_resources: { clusters: [server] } }), 'b.yaml', standardFilters);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join());
  const started = await startBootstrapProxy({
    loaded: loaded.value,
    filters: standardFilters,
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    network: createPoisonedNetwork(),
    logger: silentLogger,
    meter,
    createSource: () => source,
    openAccessLog: () => ({ write: (lines) => void logLines.push(...lines.toString().split('\n').filter((line) => line !== '')) }),
  });
  if (!started.ok) throw new Error(started.problems.map(formatProblem).join());
  stops.push(() => started.value.stop());
  const { proxy, applier } = started.value;
  const given = consumer as ConfigConsumer | undefined;
  if (!given) throw new Error('the source was not started');
  const update = async (typeUrl: string, resources: readonly Json[], removed: readonly string[] = []): Promise<readonly RejectedResource[]> => {
    const rejected = given.onUpdate({ typeUrl, version: 'v', changed: resources.map((value) => ({ name: String(value['name']), version: versionOf(value), value })), removed });
    await given.inForce?.();
    return rejected;
  };
  return {
    proxy,
    applier,
    listener,
    logLines,
    offer: (...resources: Json[]) => update(typeUrls.extensionConfig, resources),
    remove: (name: string) => update(typeUrls.extensionConfig, [], [name]),
    listen: (value: Json = listener) => update(typeUrls.listener, [value]),
    async miss() {
      given.onMissing(typeUrls.extensionConfig, 'stamp');
      await given.inForce?.();
    },
    async connect(): Promise<RawPeer> {
      const port = proxy.listeners()[0]?.port;
      if (port === undefined) throw new Error('there is no listener');
      const peer = await connectRaw({ host: '127.0.0.1', port });
      stops.push(() => peer.socket.destroy());
      return peer;
    },
    stat: (name: string) => meter.collect().flatMap((family) => family.samples.map((sample) => [dottedName(family.name, sample.labels), sample.value] as const)).find(([dotted]) => dotted === name)?.[1],
  };
}

async function ask(peer: RawPeer): Promise<string> {
  peer.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  return peer.readHead();
}

test('a listener waits for the settings of its filters, and connections stay when those change', async () => {
  const { proxy, listen, offer, connect, stat, applier } = await start();
  await listen();
  expect(proxy.listeners()).toEqual([]);
  expect(applier.store.warmingListeners).toEqual(['edge']);
  expect(await offer({ name: 'stamp', typed_config: says('one') })).toEqual([]);
  const peer = await connect();
  expect(await ask(peer)).toContain('x-settings: one');
  await offer({ name: 'stamp', typed_config: says('two') });
  // On the same connection: no listener has drained.
  expect(await ask(peer)).toContain('x-settings: two');
  expect(stat('extension_config_discovery.http_filter.stamp.config_reload')).toBe(2);
  const dump = configDumpPage.answer(new URLSearchParams('resource=ecds_filters'), { store: applier.store } as Parameters<typeof configDumpPage.answer>[1]);
  expect(JSON.parse(String((dump as { body: string }).body))).toMatchObject({ configs: [{ version_info: 'v', ecds_filter: { '@type': typeUrls.extensionConfig, name: 'stamp' } }] });
});

test('settings of another type than may be are refused, and the last good ones go on', async () => {
  const { listen, offer, connect, stat } = await start();
  await listen();
  await offer({ name: 'stamp', typed_config: says('one') });
  const rejected = await offer({ name: 'stamp', typed_config: typed(bufferType, { max_request_bytes: 1 }) });
  expect(rejected.flatMap(({ problems }) => problems.map(formatProblem))).toEqual([expect.stringMatching(/^typed_config: is .*Buffer, which filter stamp may not be/)]);
  const poor = await offer({ name: 'stamp', typed_config: typed(setStateType, { mutations: { response_mutations: [{ append: { header: { key: 'a', value: '%NONSENSE%' } } }] } }) });
  expect(poor.flatMap(({ problems }) => problems.map(({ path }) => path))).toEqual([expect.stringMatching(/^typed_config\.mutations/)]);
  expect(await ask(await connect())).toContain('x-settings: one');
  expect(stat('extension_config_discovery.http_filter.stamp.config_fail')).toBe(2);
  expect(stat('extension_config_discovery.http_filter.stamp.config_conflict')).toBe(1);
});

test('where nothing comes and there is no default nobody passes', async () => {
  const { listen, miss, connect, logLines, offer } = await start();
  await listen();
  await miss();
  expect(await ask(await connect())).toMatch(/^HTTP\/1\.1 500 /);
  await expect.poll(() => logLines).toEqual(['NFCF filter_config_not_found']);
  await offer({ name: 'stamp', typed_config: says('late') });
  expect(await ask(await connect())).toContain('x-settings: late');
});

test('a default serves when nothing has come in time, and again when what came is gone', async () => {
  const { proxy, listen, miss, offer, remove, connect } = await start({ default_config: says('default') });
  await listen();
  expect(proxy.listeners()).toEqual([]);
  await miss();
  expect(await ask(await connect())).toContain('x-settings: default');
  await offer({ name: 'stamp', typed_config: says('one') });
  expect(await ask(await connect())).toContain('x-settings: one');
  await remove('stamp');
  expect(await ask(await connect())).toContain('x-settings: default');
});

test('a default that is applied without warming serves at once', async () => {
  const { listen, connect } = await start({ default_config: says('default'), apply_default_config_without_warming: true });
  await listen();
  expect(await ask(await connect())).toContain('x-settings: default');
});

test('a filter that is off asks nobody to pass it', async () => {
  const { listen, miss, connect } = await start({}, { disabled: true });
  await listen();
  await miss();
  expect(await ask(await connect())).toMatch(/^HTTP\/1\.1 200 /);
});

test('a listener that may get a filter which counts in one thread does not go with workers', async () => {
  const { applier, listener, listen, offer } = await start({ type_urls: [url('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit'), url(setStateType)] });
  await listen(listener);
  await offer({ name: 'stamp', typed_config: says('one') });
  const { applied } = applier;
  expect(applied && refuseUnshared(applied, applier.store.snapshot()).map(({ message }) => message)).toEqual([expect.stringContaining('LocalRateLimit, which counts in one thread')]);
});

test('a default that is no good stands against its listener', async () => {
  const { listen } = await start({ default_config: typed(setStateType, { mutations: { response_mutations: [{ append: { header: { key: 'a', value: '%NONSENSE%' } } }] } }) });
  const [rejected] = await listen();
  expect(rejected?.problems.map(({ path }) => path)).toEqual([expect.stringMatching(/http_filters\[0\]\.config_discovery\.default_config/)]);
});
