import { beforeAll, describe, expect, test } from 'vitest';

import type { Codec } from '../codec/codec.ts';
import { loadCodec } from '../codec/load-codec.ts';
import { sampleEndpoints, sampleListener, sampleResources, sampleRoutes } from '../testing/index.ts';
import { typeUrls } from '../type-urls.ts';
import { SnapshotCache } from './snapshot-cache.ts';
import { createSnapshot, emptySnapshot, replaceType, type Resource, type Snapshot } from './snapshot.ts';

const revisions = [
  { name: 'default/a', endpoints: ['10.0.0.1'] },
  { name: 'default/b', endpoints: ['10.0.0.2'] },
];

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('core');
});

function snapshotOf(resources: readonly Resource[], previous?: Snapshot): Snapshot {
  const result = createSnapshot(resources, codec, previous);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.snapshot;
}

describe('versions', () => {
  test('follow from content: neither order nor history shows', () => {
    const resources = sampleResources(revisions);
    const versions = (snapshot: Snapshot) => [...snapshot.types].map(([typeUrl, set]) => [typeUrl, set.version]).sort();
    const first = snapshotOf(resources);
    const other = snapshotOf(resources.toReversed(), snapshotOf(sampleResources([])));
    expect(versions(other)).toEqual(versions(first));
  });

  test('of one type change when it does, and the rest is the same object', () => {
    const before = snapshotOf(sampleResources(revisions));
    const moved = sampleResources([{ name: 'default/a', endpoints: ['10.0.0.9'] }, { name: 'default/b', endpoints: ['10.0.0.2'] }]);
    const after = snapshotOf(moved, before);
    for (const typeUrl of [typeUrls.listener, typeUrls.routeConfiguration, typeUrls.cluster]) {
      expect(after.types.get(typeUrl)).toBe(before.types.get(typeUrl));
    }
    const endpoints = after.types.get(typeUrls.clusterLoadAssignment);
    expect(endpoints?.version).not.toBe(before.types.get(typeUrls.clusterLoadAssignment)?.version);
    expect(endpoints?.resources.get('default/b')).toBe(before.types.get(typeUrls.clusterLoadAssignment)?.resources.get('default/b'));
  });

  test('the same resources again give the same snapshot', () => {
    const before = snapshotOf(sampleResources(revisions));
    expect(snapshotOf(sampleResources(revisions), before)).toBe(before);
  });
});

test('endpoints are replaced without the rest being looked at', () => {
  const before = snapshotOf(sampleResources(revisions));
  const result = replaceType(before, typeUrls.clusterLoadAssignment, revisions.map(sampleEndpoints), codec);
  expect(result.ok && result.snapshot).toBe(before);
});

test('a type that has lost its last resource is there, empty, so that clients are told', () => {
  const before = snapshotOf(sampleResources(revisions));
  const after = snapshotOf([sampleListener(), sampleRoutes([])], before);
  expect(after.types.get(typeUrls.cluster)?.resources.size).toBe(0);
});

test('every mistake in every resource is told, with resource and path', () => {
  const wrong = (name: string): Resource => ({ typeUrl: typeUrls.cluster, name, value: { name, connect_timeout: 'soon', nam: 1 } });
  const result = createSnapshot([wrong('a'), wrong('b')], codec);
  expect(result.ok ? [] : result.problems.map(({ path }) => path)).toEqual([
    'CDS["a"].nam',
    'CDS["a"].connect_timeout',
    'CDS["b"].nam',
    'CDS["b"].connect_timeout',
  ]);
});

test('the same name twice is a mistake', () => {
  const result = createSnapshot([sampleListener(), sampleListener()], codec);
  expect(result).toMatchObject({ ok: false, problems: [{ path: 'LDS["http"]' }] });
});

test('a cache tells watchers of its group, and not about what they have', () => {
  const cache = new SnapshotCache();
  const heard: Snapshot[] = [];
  const watch = cache.watch('gateway', (snapshot) => heard.push(snapshot));
  const snapshot = snapshotOf(sampleResources(revisions));
  cache.set('other', snapshot);
  cache.set('gateway', snapshot);
  cache.set('gateway', snapshot);
  expect(heard).toEqual([snapshot]);
  watch.cancel();
  cache.set('gateway', emptySnapshot);
  expect(heard).toHaveLength(1);
  expect(cache.groups).toEqual(['gateway', 'other']);
});
