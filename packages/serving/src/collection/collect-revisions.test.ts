import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Revision } from '../api/revision.ts';
import { defaultGc, type GcConfig } from '../config/gc-config.ts';
import { annotations, labels } from '../labels.ts';
import { aRevision } from '../testing/index.ts';
import { collectRevisions } from './collect-revisions.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 5, 1);

interface Given {
  readonly createdHoursAgo: number;
  readonly activeHoursAgo?: number;
  readonly state?: string;
  readonly noGc?: string;
}

function revision(generation: number, { createdHoursAgo, activeHoursAgo, state = 'reserve', noGc }: Given): Revision {
  const before = (hours: number) => new Date(nowMs - hours * hourMs).toISOString();
  const base = aRevision('hello', generation);
  return {
    ...base,
    metadata: {
      ...base.metadata,
      creationTimestamp: before(createdHoursAgo),
      labels: { ...base.metadata.labels, [labels.routingState]: state },
      annotations: {
        ...(activeHoursAgo === undefined ? {} : { [annotations.routingStateModified]: before(activeHoursAgo) }),
        ...(noGc === undefined ? {} : { [annotations.noGc]: noGc }),
      },
    },
  };
}

function collect(given: readonly Given[], config: Partial<GcConfig>, latestReadyName?: string) {
  const revisions = given.map((one, index) => revision(index + 1, one));
  const { collected, nextAtMs } = collectRevisions({ revisions, latestReadyName, config: { ...defaultGc, ...config }, nowMs });
  return {
    generations: collected.map(({ metadata }) => Number(metadata.name.slice(-5))),
    nextInHours: nextAtMs === undefined ? undefined : (nextAtMs - nowMs) / hourMs,
  };
}

const all: Partial<GcConfig> = { minNonActiveRevisions: 0 };

describe('a revision goes', () => {
  test('when it is old and was not used for long, and not before both', () => {
    const given = [
      { createdHoursAgo: 49, activeHoursAgo: 16 },
      { createdHoursAgo: 47, activeHoursAgo: 16 },
      { createdHoursAgo: 49, activeHoursAgo: 14 },
    ];
    expect(collect(given, all)).toEqual({ generations: [1], nextInHours: 1 });
  });

  test('counted from its creation, where no route has ever led to it', () => {
    expect(collect([{ createdHoursAgo: 49 }], all).generations).toEqual([1]);
  });

  test('the longest unused first, and never one of the least number', () => {
    const given = [3, 1, 2].map((days) => ({ createdHoursAgo: 100, activeHoursAgo: days * 24 }));
    expect(collect(given, { minNonActiveRevisions: 1 }).generations).toEqual([1, 3]);
    expect(collect(given, { minNonActiveRevisions: 3 })).toEqual({ generations: [], nextInHours: undefined });
  });

  test('when there are too many, however fresh', () => {
    const given = [1, 2, 3].map((hours) => ({ createdHoursAgo: 10, activeHoursAgo: hours }));
    expect(collect(given, { ...all, maxNonActiveRevisions: 2 }).generations).toEqual([3]);
    expect(collect(given, { ...all, maxNonActiveRevisions: undefined }).generations).toEqual([]);
  });

  test('by one rule alone, when the other is switched off', () => {
    const given = [
      { createdHoursAgo: 49, activeHoursAgo: 1 },
      { createdHoursAgo: 1, activeHoursAgo: 16 },
    ];
    expect(collect(given, { ...all, retainSinceLastActiveTimeMs: undefined }).generations).toEqual([1]);
    expect(collect(given, { ...all, retainSinceCreateTimeMs: undefined }).generations).toEqual([2]);
    const off = { retainSinceCreateTimeMs: undefined, retainSinceLastActiveTimeMs: undefined };
    expect(collect(given, { ...all, ...off })).toEqual({ generations: [], nextInHours: undefined });
  });
});

describe('a revision stays', () => {
  const old = { createdHoursAgo: 1000, activeHoursAgo: 1000 };

  test.each<[string, Given]>([
    ['a route leads to', { ...old, state: 'active' }],
    ['waits for its first route', { ...old, state: 'pending' }],
    ['is marked to be kept', { ...old, noGc: 'true' }],
  ])('that %s', (_, given) => {
    expect(collect([given], all).generations).toEqual([]);
  });

  test('that is the newest which works', () => {
    expect(collect([old, old], all, 'hello-00002').generations).toEqual([1]);
  });
});

test('whatever there is, the least number stays, no more than the most stay, and nothing in use goes', () => {
  const given = fc.record({
    createdHoursAgo: fc.nat(200),
    activeHoursAgo: fc.nat(200),
    state: fc.constantFrom('reserve', 'reserve', 'active', 'pending'),
  });
  fc.assert(
    fc.property(fc.array(given, { maxLength: 30 }), fc.nat(10), fc.nat(10), (revisions, least, more) => {
      const config = { minNonActiveRevisions: least, maxNonActiveRevisions: least + more };
      const { generations } = collect(revisions, config);
      const idle = revisions.flatMap(({ state }, index) => (state === 'reserve' ? [index + 1] : []));
      expect(generations.every((generation) => idle.includes(generation))).toBe(true);
      const left = idle.length - generations.length;
      expect(left).toBeGreaterThanOrEqual(Math.min(least, idle.length));
      expect(left).toBeLessThanOrEqual(least + more);
    }),
  );
});
