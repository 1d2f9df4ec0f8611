import { createMeter, createSeededRandom, type Problem } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { typeUrls, versionOf } from '@sluice/resources';
import { assignmentJson, edsClusterJson, listenerJson, routesJson, routeTo, staticClusterJson, type Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import { createFilterContexts } from '../filters/filter-context.ts';
import { routerFactory } from '../filters/router/router-factory.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { loadRegexEngine } from '../router/regex-engine.ts';
import { ConfigApplier } from './config-applier.ts';
import type { ConfigUpdate } from './config-source.ts';

const regexEngine = await loadRegexEngine();

function start() {
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const meter = createMeter();
  const applied: ProxyConfig[] = [];
  const target = {
    problems: [] as readonly Problem[],
    apply(config: ProxyConfig) {
      if (this.problems.length === 0) applied.push(config);
      return Promise.resolve(this.problems);
    },
  };
  const random = createSeededRandom(1);
  const applier = new ConfigApplier({
    target,
    filters: [routerFactory],
    createContext: createFilterContexts({ clock: time, timers: time, random, logger, meter }),
    regexEngine,
    clock: time,
    timers: time,
    logger,
    meter,
  });
  return {
    applier,
    applied,
    target,
    logger,
    /** What is in force once everything has come to rest. */
    async settled(): Promise<ProxyConfig> {
      await time.advanceAsync(1);
      return applied.at(-1) as ProxyConfig;
    },
  };
}

function update(typeUrl: string, resources: readonly Json[], removed: readonly string[] = []): ConfigUpdate {
  const changed = resources.map((value) => ({ name: String(value['name'] ?? value['cluster_name']), version: versionOf(value), value }));
  return { typeUrl, version: 'v', changed, removed };
}

const clusters = (...resources: Json[]) => update(typeUrls.cluster, resources);
const endpoints = (...resources: Json[]) => update(typeUrls.clusterLoadAssignment, resources);
const listeners = (...resources: Json[]) => update(typeUrls.listener, resources);
const routes = (...resources: Json[]) => update(typeUrls.routeConfiguration, resources);
const byRds = (name: string) => ({ rds: { route_config_name: name, config_source: { ads: {} } } });

describe('what is in force', () => {
  test('updates of one turn are applied at once', async () => {
    const { applier, applied, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a')));
    applier.onUpdate(endpoints(assignmentJson('a', ['10.0.0.1:80'])));
    applier.onUpdate(listeners(listenerJson('l', byRds('r'))));
    applier.onUpdate(routes(routesJson('r', [routeTo('a')])));
    const config = await settled();
    expect(applied).toHaveLength(1);
    expect([...config.listeners.keys()]).toEqual(['l']);
    expect(config.clusters.get('a')?.assignment?.localities[0]?.endpoints).toHaveLength(1);
    expect(config.listeners.get('l')?.filterChains[0]?.manager?.routes?.name).toBe('r');
  });

  test('nothing changed is nothing applied', async () => {
    const { applier, applied, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a')));
    await settled();
    applier.onUpdate(clusters(edsClusterJson('a')));
    await settled();
    expect(applied).toHaveLength(1);
  });

  test('what does not change is the same object, and only that', async () => {
    const { applier, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a'), edsClusterJson('b')));
    applier.onUpdate(endpoints(assignmentJson('a', ['10.0.0.1:80']), assignmentJson('b', ['10.0.0.2:80'])));
    applier.onUpdate(listeners(listenerJson('l', byRds('r')), listenerJson('other', { route_config: routesJson('own', [routeTo('a')]) })));
    applier.onUpdate(routes(routesJson('r', [routeTo('a')])));
    const before = await settled();

    applier.onUpdate(endpoints(assignmentJson('a', ['10.0.0.3:80'])));
    const moved = await settled();
    expect(moved.clusters.get('b')).toBe(before.clusters.get('b'));
    expect(moved.listeners.get('l')).toBe(before.listeners.get('l'));
    expect(moved.clusters.get('a')).not.toBe(before.clusters.get('a'));
    expect(moved.clusters.get('a')?.version).toBe(before.clusters.get('a')?.version);

    applier.onUpdate(routes(routesJson('r', [routeTo('b')])));
    const rerouted = await settled();
    expect(rerouted.listeners.get('other')).toBe(before.listeners.get('other'));
    const [manager, previous] = [rerouted, before].map((config) => config.listeners.get('l')?.filterChains[0]?.manager);
    expect(manager?.routes).not.toBe(previous?.routes);
    expect(manager?.filters).toBe(previous?.filters);
    expect(rerouted.listeners.get('l')?.version).toBe(before.listeners.get('l')?.version);
  });

  test('what is removed is gone', async () => {
    const { applier, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a'), edsClusterJson('b')));
    await settled();
    applier.onUpdate(update(typeUrls.cluster, [], ['a']));
    expect([...(await settled()).clusters.keys()]).toEqual(['b']);
  });
});

describe('a config service that has started anew', () => {
  test('a cluster it does not name stays, with its endpoints, until no route leads to it', async () => {
    const { applier, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a'), edsClusterJson('b')));
    applier.onUpdate(endpoints(assignmentJson('a', ['10.0.0.1:80']), assignmentJson('b', ['10.0.0.2:80'])));
    applier.onUpdate(listeners(listenerJson('l', byRds('r'))));
    applier.onUpdate(routes(routesJson('r', [routeTo('a')])));
    await settled();
    // It cannot know that the proxy still has routes to `a`, and sends clusters before routes.
    applier.onUpdate(update(typeUrls.cluster, [], ['a']));
    applier.onUpdate(update(typeUrls.clusterLoadAssignment, [], ['a']));
    expect((await settled()).clusters.get('a')?.assignment?.localities[0]?.endpoints).toHaveLength(1);
    applier.onUpdate(routes(routesJson('r', [routeTo('b')])));
    expect([...(await settled()).clusters.keys()]).toEqual(['b']);
    expect([...applier.store.held().assignments.keys()]).toEqual(['b']);
  });
});

describe('waiting', () => {
  test('a listener serves once its routes are there', async () => {
    const { applier, settled } = start();
    applier.onUpdate(clusters(staticClusterJson('a', ['10.0.0.1:80'])));
    applier.onUpdate(listeners(listenerJson('l', byRds('r'))));
    expect((await settled()).listeners.size).toBe(0);
    expect(applier.store.warmingListeners).toEqual(['l']);
    applier.onUpdate(routes(routesJson('r', [routeTo('a')])));
    expect((await settled()).listeners.size).toBe(1);
  });

  test('a listener that asks for other routes goes on with the old ones until they are there', async () => {
    const { applier, settled } = start();
    applier.onUpdate(listeners(listenerJson('l', byRds('old'))));
    applier.onUpdate(routes(routesJson('old', [routeTo('a')])));
    await settled();
    applier.onUpdate(listeners(listenerJson('l', byRds('new'))));
    expect((await settled()).listeners.get('l')?.filterChains[0]?.manager?.routes?.name).toBe('old');
    applier.onUpdate(routes(routesJson('new', [routeTo('a')])));
    expect((await settled()).listeners.get('l')?.filterChains[0]?.manager?.routes?.name).toBe('new');
  });

  test('routes that do not come are gone without', async () => {
    const { applier, settled } = start();
    applier.onUpdate(listeners(listenerJson('l', byRds('r'))));
    applier.onMissing(typeUrls.routeConfiguration, 'r');
    const config = await settled();
    expect(config.listeners.get('l')?.filterChains[0]?.manager?.routes).toBeUndefined();
  });

  test('a cluster waits for its endpoints, and has nobody when they do not come', async () => {
    const { applier, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a')));
    expect((await settled()).clusters.get('a')?.assignment).toBeUndefined();
    applier.onMissing(typeUrls.clusterLoadAssignment, 'a');
    expect((await settled()).clusters.get('a')?.assignment?.localities).toEqual([]);
    applier.onUpdate(endpoints(assignmentJson('a', ['10.0.0.1:80'])));
    expect((await settled()).clusters.get('a')?.assignment?.localities).toHaveLength(1);
  });

  test('a changed cluster has its endpoints at once', async () => {
    const { applier, settled } = start();
    applier.onUpdate(clusters(edsClusterJson('a')));
    applier.onUpdate(endpoints(assignmentJson('a', ['10.0.0.1:80'])));
    await settled();
    applier.onUpdate(clusters(edsClusterJson('a', { connect_timeout: '1s' })));
    expect((await settled()).clusters.get('a')).toMatchObject({ connectTimeoutMs: 1000, assignment: { clusterName: 'a' } });
  });
});

describe('what is no good', () => {
  test('the good ones of an update are taken, the bad ones named, and their last good version stays', async () => {
    const { applier, settled, logger } = start();
    applier.onUpdate(clusters(staticClusterJson('a', ['10.0.0.1:80']), staticClusterJson('b', [])));
    const rejected = applier.onUpdate(
      clusters(staticClusterJson('a', [], { lb_policy: 'CLUSTER_PROVIDED' }), staticClusterJson('b', [], { connect_timeout: '2s' })),
    );
    expect(rejected.map(({ name }) => name)).toEqual(['a']);
    expect(rejected[0]?.problems[0]).toMatchObject({ path: 'lb_policy' });
    const config = await settled();
    expect(config.clusters.get('a')?.assignment?.localities).toHaveLength(1);
    expect(config.clusters.get('b')?.connectTimeoutMs).toBe(2000);
    expect(applier.store.rejections.map(({ name }) => name)).toEqual(['a']);
    expect(logger.events.map(({ event }) => event)).toContain('config rejected');
  });

  test('a good version clears the rejection', async () => {
    const { applier } = start();
    applier.onUpdate(clusters(staticClusterJson('a', [], { lb_policy: 'CLUSTER_PROVIDED' })));
    applier.onUpdate(clusters(staticClusterJson('a', [])));
    expect(applier.store.rejections).toEqual([]);
  });

  test('what only compiling finds out is refused as well', () => {
    const { applier } = start();
    const bad = routesJson('r', [{ match: { safe_regex: { regex: '(' } }, route: { cluster: 'a' } }]);
    expect(applier.onUpdate(routes(bad))[0]?.problems[0]?.path).toBe('virtual_hosts[0].routes[0].match.safe_regex.regex');
  });

  test('routes that want their clusters checked are refused in the words that control planes look for', () => {
    const { applier } = start();
    const split = { match: { prefix: '/' }, route: { weighted_clusters: { clusters: [{ name: 'ns/gone', weight: 1 }] } } };
    const table = { ...routesJson('r', [split]), validate_clusters: true };
    expect(applier.onUpdate(routes(table))[0]?.problems[0]?.message).toBe("route: unknown weighted cluster 'ns/gone'");
    expect(applier.onUpdate(routes({ ...table, validate_clusters: false }))).toEqual([]);
  });

  test('inline routes are checked unless they say otherwise', () => {
    const { applier } = start();
    const listener = (fields: Json) => listenerJson('l', { route_config: { ...routesJson('r', [routeTo('gone')]), ...fields } });
    expect(applier.onUpdate(listeners(listener({})))[0]?.problems[0]).toMatchObject({
      path: 'filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].route.cluster',
      message: "route: unknown cluster 'gone'",
    });
    expect(applier.onUpdate(listeners(listener({ validate_clusters: false })))).toEqual([]);
  });

  test('a type outside the subset is refused whole', () => {
    const { applier } = start();
    const rejected = applier.onUpdate(update('type.googleapis.com/envoy.service.runtime.v3.Runtime', [{ name: 'x' }]));
    expect(rejected.map(({ name }) => name)).toEqual(['x']);
  });

  test('a configuration that cannot be applied leaves the last one in force, and the next is tried', async () => {
    const { applier, target, settled, logger } = start();
    applier.onUpdate(clusters(edsClusterJson('a')));
    const before = await settled();
    target.problems = [{ path: 'listeners[l].address', message: 'taken', severity: 'error' }];
    applier.onUpdate(clusters(edsClusterJson('b')));
    await settled();
    expect(applier.applied).toBe(before);
    expect(applier.problems).toEqual(target.problems);
    expect(logger.events.at(-1)).toMatchObject({ event: 'config not applied' });
    target.problems = [];
    applier.onUpdate(clusters(edsClusterJson('c')));
    expect([...(await settled()).clusters.keys()]).toEqual(['a', 'b', 'c']);
    expect(applier.problems).toEqual([]);
  });

  test('one that fails by a mistake of ours does not keep later ones out', async () => {
    const { applier, target, applied, settled, logger } = start();
    const apply = target.apply;
    target.apply = () => Promise.reject(new Error('boom'));
    applier.onUpdate(clusters(edsClusterJson('a')));
    await settled();
    expect(logger.events.at(-1)).toMatchObject({ event: 'config not applied' });
    target.apply = apply;
    applier.onUpdate(clusters(edsClusterJson('b')));
    await settled();
    expect(applied).toHaveLength(1);
  });
});
