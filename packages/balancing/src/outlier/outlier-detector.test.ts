/**
 * The detector by scenario files. `result a 503 x5` says that five tries at host `a` were answered with 503, and
 * `result a 500/200 x5` that each failure was followed by a success; `advance` moves the clock and sweeps whenever an
 * interval is over.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createSeededRandom, parseDuration } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TryResult } from './host-record.ts';
import { OutlierDetector, type OutlierEvent } from './outlier-detector.ts';
import { defaultOutlierSettings, type OutlierCause, type OutlierSettings } from './outlier-settings.ts';

const folder = new URL('../../testdata/outlier/', import.meta.url);

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const player = new Player();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => player.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

class Player {
  #settings = defaultOutlierSettings;
  #detector = new OutlierDetector<string>(defaultOutlierSettings, createSeededRandom(1));
  #hosts: readonly string[] = [];
  #now = 0;

  run({ name, words, options }: ScenarioCommand): readonly string[] {
    switch (name) {
      case 'settings':
        this.#settings = settingsOf(options);
        this.#detector = new OutlierDetector(this.#settings, createSeededRandom(1));
        this.#now = 0;
        return [];
      case 'hosts':
        this.#hosts = words;
        this.#detector.setHosts(words);
        return [];
      case 'result':
        return this.#result(words);
      case 'connected':
        for (const host of words) this.#detector.observeConnected(host);
        return [];
      case 'checked':
        return words.flatMap((host) => this.#detector.observeHealthy(host).map(describe));
      case 'advance':
        return this.#advance(parseDuration(words[0] ?? '') ?? 0);
      case 'status':
        return [`ejected: ${this.#hosts.filter((host) => this.#detector.isEjected(host)).join(' ') || 'none'}`];
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #result([hosts = '', results = '', times = 'x1']: readonly string[]): readonly string[] {
    const round = results.split('/').map(resultOf);
    const tries = Array.from({ length: Number(times.slice(1)) }, () => round).flat();
    return hosts.split(',').flatMap((host) => tries.flatMap((result) => this.#detector.observe(host, result, this.#now).map(describe)));
  }

  #advance(forMs: number): readonly string[] {
    const until = this.#now + forMs;
    const { intervalMs } = this.#settings;
    const events: string[] = [];
    for (let at = Math.floor(this.#now / intervalMs) * intervalMs + intervalMs; at <= until; at += intervalMs) {
      events.push(...this.#detector.sweep(at).map((event) => `${at / 1000}s ${describe(event)}`));
    }
    this.#now = until;
    return events;
  }
}

function settingsOf(options: ReadonlyMap<string, string>): OutlierSettings {
  const number = (name: string, fallback: number): number => Number(options.get(name) ?? fallback);
  const defaults = defaultOutlierSettings;
  const enforcing = { ...defaults.enforcing };
  for (const cause of Object.keys(enforcing) as OutlierCause[]) {
    enforcing[cause] = number(`enforce${cause.replaceAll(/[^a-z]/g, '').replace('consecutive', '')}`, enforcing[cause]);
  }
  return {
    ...defaults,
    enforcing,
    consecutive5xx: number('fives', defaults.consecutive5xx),
    ejectionPercentMax: number('maxpercent', defaults.ejectionPercentMax),
    ejectionTimeMaxMs: number('maxtime', defaults.ejectionTimeMaxMs / 1000) * 1000,
    ejectionTimeJitterMs: number('jitter', 0) * 1000,
    ejectsOneAlways: options.get('ejectone') === 'yes',
    splitsLocalErrors: options.get('split') === 'yes',
    healthCheckUnejects: options.get('checkunejects') !== 'no',
  };
}

function resultOf(word: string): TryResult {
  if (word === 'failed' || word === 'timed-out') return { kind: word };
  return { kind: 'answered', status: Number(word) };
}

function describe(event: OutlierEvent<string>): string {
  return event.kind === 'returned' ? `${event.host} returned` : `${event.host} ${event.kind}: ${event.cause}`;
}

test('whatever happens, no more hosts are ejected than may be, and the count is right', () => {
  const hosts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
  const step = fc.oneof(
    fc.record({ host: fc.constantFrom(...hosts), status: fc.constantFrom(200, 500, 503) }),
    fc.record({ sweepAfterMs: fc.integer({ min: 1, max: 60_000 }) }),
    fc.record({ hosts: fc.subarray(hosts) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 0, max: 100 }), (steps, ejectionPercentMax) => {
      const settings = { ...defaultOutlierSettings, ejectionPercentMax, consecutive5xx: 2 };
      const detector = new OutlierDetector<string>(settings, createSeededRandom(1));
      let present: readonly string[] = hosts;
      detector.setHosts(hosts);
      let now = 0;
      for (const one of steps) {
        const before = detector.ejectedCount;
        if ('status' in one) {
          detector.observe(one.host, { kind: 'answered', status: one.status }, now);
        } else if ('hosts' in one) {
          detector.setHosts((present = one.hosts));
        } else {
          detector.sweep((now += one.sweepAfterMs));
        }
        const ejected = present.filter((host) => detector.isEjected(host)).length;
        expect(detector.ejectedCount).toBe(ejected);
        if (ejected > before) expect((100 * ejected) / present.length).toBeLessThanOrEqual(ejectionPercentMax);
      }
    }),
    { numRuns: 60 },
  );
});

test('a host that goes and comes back is a new one', () => {
  const detector = new OutlierDetector<string>({ ...defaultOutlierSettings, ejectionPercentMax: 100 }, createSeededRandom(1));
  detector.setHosts(['a', 'b']);
  for (let count = 0; count < 5; count += 1) detector.observe('a', { kind: 'failed' }, 0);
  expect(detector.isEjected('a')).toBe(true);
  detector.setHosts(['b']);
  expect(detector.ejectedCount).toBe(0);
  detector.setHosts(['a', 'b']);
  expect(detector.isEjected('a')).toBe(false);
});
