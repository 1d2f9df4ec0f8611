import { createMeter } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { typeUrls } from '@sluice/resources';
import { expect, test } from 'vitest';
import type { ProxyConfig } from '../proxy-config.ts';
import type { Demand, RequestDemand } from '../filters/demand-side.ts';
import { Demands, keptMax, waitingMax } from './demands.ts';

const source = { kind: 'ads', initialFetchTimeoutMs: 15_000 } as const;

function start() {
  const time = new SimulatedTime();
  const meter = createMeter();
  const demands = new Demands({ timers: time, meter });
  let asked: readonly Demand[] = [];
  demands.watch((all) => (asked = all));
  const done: string[] = [];
  return {
    time,
    demands,
    done,
    counted: (name: string) => meter.collect().find((family) => family.name === name)?.samples[0]?.value,
    names: () => asked.map(({ name }) => name),
    want: (name: string) => demands.request(demandOf(name), () => done.push(name)),
  };
}

function demandOf(name: string): RequestDemand {
  return { typeUrl: typeUrls.cluster, name, source, timeoutMs: 5_000 };
}

function configWith(...clusters: readonly string[]): ProxyConfig {
  return { version: '', listeners: new Map(), clusters: new Map(clusters.map((name) => [name, {}])) } as unknown as ProxyConfig;
}

test('whoever wants the same waits for one question, and goes on when it is in force', () => {
  const { demands, done, names, want } = start();
  want('a');
  want('a');
  want('b');
  expect(names()).toEqual(['a', 'b']);
  demands.onApplied(configWith('a'));
  expect(done).toEqual(['a', 'a']);
  // What has come is still asked for, so that its changes come too.
  expect(names()).toEqual(['a', 'b']);
});

test('what is missing, or does not come in time, lets requests go on and is asked for no more', async () => {
  const { time, demands, done, names, want, counted } = start();
  want('a');
  want('b');
  demands.onMissing(typeUrls.cluster, 'a');
  expect([done, names()]).toEqual([['a'], ['b']]);
  await time.advanceAsync(5_000);
  expect([done, names()]).toEqual([['a', 'b'], []]);
  expect([counted('sluice_on_demand_asked_total'), counted('sluice_on_demand_missing_total'), counted('sluice_on_demand_timeout_total')]).toEqual([2, 1, 1]);
});

test('a request that has ended is told no more', () => {
  const { demands, done, want } = start();
  want('a')();
  demands.onApplied(configWith('a'));
  expect(done).toEqual([]);
});

test('neither those that wait nor those that have come are without bound', () => {
  const { demands, done, names, want } = start();
  for (let index = 0; index <= waitingMax; index += 1) want(`w${index}`);
  expect(done).toEqual([`w${waitingMax}`]);
  const all = Array.from({ length: keptMax + 10 }, (_unused, index) => `w${index}`);
  demands.onApplied(configWith(...all));
  for (const name of all.slice(waitingMax)) {
    demands.onApplied(configWith());
    want(name);
    demands.onApplied(configWith(name));
  }
  expect(names()).toHaveLength(keptMax);
  expect(names().at(0)).toBe('w10');
});

test('where nobody can be asked nobody waits', () => {
  const done: string[] = [];
  new Demands({ timers: new SimulatedTime(), meter: createMeter() }).request(demandOf('a'), () => done.push('a'));
  expect(done).toEqual(['a']);
});
