/** Tables whose virtual hosts come one by one, from update to what is in force. */
import { RequestHead } from '@sluice/http';
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { typeUrls, versionOf } from '@sluice/resources';
import { listenerJson, routeTo, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { configDumpPage } from '../admin/config-dump.ts';
import { createFilterContexts } from '../filters/filter-context.ts';
import { routerFactory } from '../filters/router/router-factory.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import { ConfigApplier } from './config-applier.ts';
import type { ConfigUpdate } from './config-source.ts';

function start() {
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const meter = createMeter();
  const applied: ProxyConfig[] = [];
  const applier = new ConfigApplier({
    target: {
      apply(config) {
        applied.push(config);
        return Promise.resolve([]);
      },
    },
    filters: [routerFactory],
    createContext: createFilterContexts({ clock: time, timers: time, random: createSeededRandom(1), logger, meter }),
    regexEngine: noRegexEngine,
    clock: time,
    timers: time,
    logger,
    meter,
  });
  applier.onUpdate(update(typeUrls.cluster, ['a', 'b'].map((name) => [name, staticClusterJson(name, ['10.0.0.1:80'])])));
  applier.onUpdate(update(typeUrls.listener, [['l', listenerJson('l', { rds: { route_config_name: 'r', config_source: { ads: {} } } })]]));
  applier.onUpdate(update(typeUrls.routeConfiguration, [['r', table()]]));
  const settled = async (): Promise<ProxyConfig | undefined> => {
    await time.advanceAsync(1);
    return applied.at(-1);
  };
  return {
    applier,
    settled,
    /** Where a host is led now. */
    async clusterFor(authority: string): Promise<string | undefined> {
      const routes = (await settled())?.listeners.get('l')?.filterChains[0]?.manager?.routes;
      const action = routes?.match(RequestHead.of('GET', authority, '/', {}), { next: () => 0 })?.action;
      return action?.kind === 'forward' ? action.clusterName : undefined;
    },
  };
}

function table(more: Json = {}): Json {
  return { name: 'r', vhds: { config_source: { ads: {} } }, ...more };
}

function update(typeUrl: string, resources: readonly (readonly [string, Json])[], removed: readonly string[] = []): ConfigUpdate {
  return { typeUrl, version: 'v', changed: resources.map(([name, value]) => ({ name, version: versionOf(value), value })), removed };
}

function hosts(clusters: Readonly<Record<string, string>>, removed: readonly string[] = []): ConfigUpdate {
  const resources = Object.entries(clusters).map(([domain, cluster]) => [`r/${domain}`, { name: domain, domains: [domain], routes: [routeTo(cluster)] }] as const);
  return update(typeUrls.virtualHost, resources, removed);
}

test('a listener serves when its hosts have come as a whole', async () => {
  const { applier, settled, clusterFor } = start();
  applier.onUpdate({ ...hosts({ 'a.b': 'a' }), hasMore: true });
  expect((await settled())?.listeners.size).toBe(0);
  expect(applier.store.warmingListeners).toEqual(['l']);
  applier.onUpdate(hosts({ 'b.b': 'b' }));
  expect([await clusterFor('a.b'), await clusterFor('b.b'), await clusterFor('c.b')]).toEqual(['a', 'b', undefined]);
});

test('a listener serves without hosts when there are none, or they do not come', async () => {
  const none = start();
  none.applier.onUpdate(hosts({}));
  expect((await none.settled())?.listeners.size).toBe(1);
  const late = start();
  late.applier.onMissing(typeUrls.virtualHost, '*');
  expect((await late.settled())?.listeners.size).toBe(1);
  late.applier.onUpdate(hosts({ 'a.b': 'a' }));
  expect(await late.clusterFor('a.b')).toBe('a');
});

test('a host changes and goes by itself, and clusters and other tables stay the same objects', async () => {
  const { applier, settled, clusterFor } = start();
  applier.onUpdate(hosts({ 'a.b': 'a', 'b.b': 'b' }));
  const before = await settled();
  applier.onUpdate(hosts({ 'a.b': 'b' }, ['r/b.b']));
  expect([await clusterFor('a.b'), await clusterFor('b.b')]).toEqual(['b', undefined]);
  expect((await settled())?.clusters).toBe(before?.clusters);
});

test('one that is bad is refused by itself, and the one before it goes on', async () => {
  const { applier, clusterFor } = start();
  applier.onUpdate(hosts({ 'a.b': 'a' }));
  const bad = { name: 'a.b', domains: ['a.b'], routes: [{ match: {}, route: { cluster: 'b' } }] };
  const good = { name: 'b.b', domains: ['b.b'], routes: [routeTo('b')] };
  const rejected = applier.onUpdate(update(typeUrls.virtualHost, [['r/a.b', bad], ['r/b.b', good]]));
  expect(rejected).toEqual([{ name: 'r/a.b', problems: [expect.objectContaining({ path: 'routes[0].match' })] }]);
  expect([await clusterFor('a.b'), await clusterFor('b.b')]).toEqual(['a', 'b']);
});

test('a table that asks for it has its hosts checked for clusters that are not there', () => {
  const { applier } = start();
  applier.onUpdate(update(typeUrls.routeConfiguration, [['r', table({ validate_clusters: true })]]));
  expect(applier.onUpdate(hosts({ 'a.b': 'gone' }))[0]?.problems).toEqual([{ path: 'routes[0].route.cluster', message: "route: unknown cluster 'gone'", severity: 'error' }]);
});

test('what a table says of all its hosts can be wrong before there are any, and is not the hosts\' fault', () => {
  const { applier } = start();
  const unreadable = table({ request_headers_to_add: [{ header: { key: 'x', value: '%NOTHING' } }] });
  expect(applier.onUpdate(update(typeUrls.routeConfiguration, [['r', unreadable]]))).toMatchObject([{ name: 'r' }]);
  expect(applier.onUpdate(hosts({ 'a.b': 'a' }))).toEqual([]);
});

test('another form of the table keeps its hosts, with its own rules', async () => {
  const { applier, clusterFor } = start();
  applier.onUpdate(hosts({ 'a.b': 'a' }));
  expect(await clusterFor('a.b:80')).toBeUndefined();
  applier.onUpdate(update(typeUrls.routeConfiguration, [['r', table({ ignore_port_in_host_matching: true })]]));
  expect(await clusterFor('a.b:80')).toBe('a');
});

test('a cluster that a host leads to outlives its removal until no host does', async () => {
  const { applier, settled } = start();
  applier.onUpdate(hosts({ 'a.b': 'a', 'b.b': 'a' }));
  applier.onUpdate(update(typeUrls.cluster, [], ['a']));
  expect((await settled())?.clusters.has('a')).toBe(true);
  applier.onUpdate(hosts({ 'a.b': 'b' }));
  expect((await settled())?.clusters.has('a')).toBe(true);
  applier.onUpdate(hosts({ 'b.b': 'b' }));
  expect((await settled())?.clusters.has('a')).toBe(false);
});

test('the dump shows a table with the hosts that have come, and those that were refused', async () => {
  const { applier, settled } = start();
  applier.onUpdate(hosts({ 'b.b': 'b', 'a.b': 'a' }));
  applier.onUpdate(update(typeUrls.virtualHost, [['r/c.b', { name: 'c.b', domains: [] }]]));
  await settled();
  const page = configDumpPage.answer(new URLSearchParams({ resource: 'dynamic_route_configs' }), { store: applier.store } as unknown as Parameters<typeof configDumpPage.answer>[1]);
  const { configs } = JSON.parse((page as { readonly body: string }).body) as { readonly configs: readonly Json[] };
  expect(configs).toMatchObject([
    { route_config: { name: 'r', vhds: {}, virtual_hosts: [{ name: 'a.b' }, { name: 'b.b' }] } },
    { error_state: { details: expect.stringContaining('r/c.b: domains') } },
  ]);
});
