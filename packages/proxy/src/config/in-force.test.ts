/** What an applier tells whoever waits for configuration to be in force. */
import { createMeter, createSeededRandom, problem, silentLogger, type Problem } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { typeUrls, versionOf } from '@sluice/resources';
import { edsClusterJson, listenerJson, routesJson, routeTo, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { createFilterContexts } from '../filters/filter-context.ts';
import { routerFactory } from '../filters/router/router-factory.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { loadRegexEngine } from '../router/regex-engine.ts';
import { ConfigApplier } from './config-applier.ts';
import type { ApplicationFault } from './config-source.ts';
import type { SourceReference } from './source-references.ts';

const regexEngine = await loadRegexEngine();

/** Cannot bind listeners of these names. */
function start(unbindable: readonly string[] = []) {
  const time = new SimulatedTime();
  const meter = createMeter();
  const applied: ProxyConfig[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const target = {
    isSlow: false,
    async apply(config: ProxyConfig): Promise<readonly Problem[]> {
      if (target.isSlow) await (gates[gates.push(Promise.withResolvers<void>()) - 1] as PromiseWithResolvers<void>).promise;
      const problems = [...config.listeners].filter(([name, { version }]) => unbindable.includes(name) && version !== good).map(([name]) => problem(`listeners[${name}].address`, 'is in use'));
      if (problems.length === 0) applied.push(config);
      return problems;
    },
  };
  const random = createSeededRandom(1);
  const parts = { clock: time, timers: time, logger: silentLogger, meter };
  const applier = new ConfigApplier({ ...parts, target, filters: [routerFactory], createContext: createFilterContexts({ ...parts, random }), regexEngine });
  const give = (typeUrl: string, resources: readonly Json[], removed: readonly string[] = []) =>
    applier.onUpdate({ typeUrl, version: 'v', changed: resources.map((value) => ({ name: String(value['name']), version: versionOf(value), value })), removed });
  return { time, applier, applied, target, gates, give };
}

const inline = (name: string, cluster = 'a') => listenerJson(name, { route_config: routesJson('own', [routeTo(cluster)]) });
const good = versionOf(inline('taken'));

test('it is in force when the target has it, and not before', async () => {
  const { time, applier, target, gates, give } = start();
  target.isSlow = true;
  give(typeUrls.cluster, [staticClusterJson('a', [])]);
  let faults: readonly ApplicationFault[] | undefined;
  void applier.inForce().then((found) => (faults = found));
  await time.advanceAsync(1);
  expect(faults).toBeUndefined();
  gates[0]?.resolve();
  await time.advanceAsync(1);
  expect(faults).toEqual([]);
});

test('with nothing under way it is in force already', async () => {
  const { applier } = start();
  expect(await applier.inForce()).toEqual([]);
});

test('a listener that cannot be bound is taken back and told, and the rest is in force without it', async () => {
  const { time, applier, applied, give } = start(['other']);
  give(typeUrls.cluster, [staticClusterJson('a', [])]);
  give(typeUrls.listener, [inline('edge'), inline('other')]);
  const waiting = applier.inForce();
  await time.advanceAsync(1);
  expect(await waiting).toEqual([{ typeUrl: typeUrls.listener, name: 'other', problem: problem('address', 'is in use') }]);
  expect([...(applied.at(-1)?.listeners.keys() ?? [])]).toEqual(['edge']);
  expect(applier.store.rejections.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([['other', 'is in use']]);
});

test('the listener that stood under the name before stays', async () => {
  const { time, applier, applied, give } = start(['taken']);
  give(typeUrls.cluster, [staticClusterJson('a', []), staticClusterJson('b', [])]);
  give(typeUrls.listener, [inline('taken')]);
  await time.advanceAsync(1);
  give(typeUrls.listener, [inline('taken', 'b')]);
  const waiting = applier.inForce();
  await time.advanceAsync(1);
  expect(await waiting).toHaveLength(1);
  expect(applied.at(-1)?.listeners.get('taken')?.version).toBe(good);
  // And it does not stand in the way of anything else.
  give(typeUrls.cluster, [staticClusterJson('c', [])]);
  const next = applier.inForce();
  await time.advanceAsync(1);
  expect(await next).toEqual([]);
  expect(applied.at(-1)?.clusters.has('c')).toBe(true);
});

test('what everything refers to in sources is told at once and after changes', async () => {
  const { time, applier, give } = start();
  const told: (readonly SourceReference[])[] = [];
  applier.watchReferences((references) => void told.push(references));
  give(typeUrls.cluster, [edsClusterJson('a')]);
  give(typeUrls.listener, [listenerJson('edge', { rds: { route_config_name: 'routes', config_source: { ads: {} } } })]);
  await time.advanceAsync(1);
  expect(told.map((references) => references.map(({ name, source }) => `${name} ${source.kind}`))).toEqual([[], ['a ads', 'routes ads']]);
  give(typeUrls.listener, [], ['edge']);
  await time.advanceAsync(1);
  expect(told.at(-1)?.map(({ name }) => name)).toEqual(['a']);
});
