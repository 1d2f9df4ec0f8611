import { createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { configMaps } from './builtin-kinds.ts';
import { KubernetesClient } from './client.ts';
import { Informer } from './informer.ts';
import type { ConfigMap } from './objects/cluster.ts';
import type { Change } from './store.ts';
import { FakeApiServer } from './testing/index.ts';

function configMap(name: string, value = ''): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'test' }, data: { value } };
}

function createWorld(options: { readonly idleTimeoutMs?: number; readonly pageSize?: number } = {}) {
  const time = new SimulatedTime();
  const server = new FakeApiServer({ kinds: [configMaps], clock: time });
  const logger = new RecordingLogger();
  const client = new KubernetesClient({ transport: server, fieldManager: 'test' });
  const informer = new Informer({
    client,
    kind: configMaps,
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    logger,
    indexes: { value: (object) => [object.data?.['value'] ?? ''] },
    ...options,
  });
  const told: string[] = [];
  informer.subscribe((change: Change<ConfigMap>) => told.push(`${change.kind} ${change.object.metadata.name}`));
  return { time, server, logger, informer, told };
}

const names = (informer: Informer<ConfigMap>) =>
  informer.store
    .list()
    .map((object) => object.metadata.name)
    .sort();

describe('Informer over a Reflector', () => {
  test('holds what was there, then what comes, changes and goes', async () => {
    const { time, server, informer, told } = createWorld();
    server.put(configMap('a'), configMap('b'));
    informer.start();
    await time.advanceAsync(1);
    expect(informer.hasSynced).toBe(true);
    expect(names(informer)).toEqual(['a', 'b']);

    server.put(configMap('c'), configMap('a', 'changed'));
    server.remove(configMaps, 'test/b');
    await time.advanceAsync(1);

    expect(names(informer)).toEqual(['a', 'c']);
    expect(told).toEqual(['added a', 'added b', 'added c', 'updated a', 'deleted b']);
  });

  test('finds objects by index, also after they moved to another value', async () => {
    const { time, server, informer } = createWorld();
    server.put(configMap('a', 'x'), configMap('b', 'x'));
    informer.start();
    await time.advanceAsync(1);
    server.put(configMap('b', 'y'));
    await time.advanceAsync(1);

    expect(informer.store.byIndex('value', 'x').map((object) => object.metadata.name)).toEqual(['a']);
    expect(informer.store.byIndex('value', 'y').map((object) => object.metadata.name)).toEqual(['b']);
    expect(() => informer.store.byIndex('colour', 'x')).toThrow('no index named colour');
  });

  test('reads a long list page by page and has synced only after the last', async () => {
    const { time, server, informer } = createWorld({ pageSize: 2 });
    server.put(...['a', 'b', 'c', 'd', 'e'].map((name) => configMap(name)));
    informer.start();
    await time.advanceAsync(1);

    expect(names(informer)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(server.requests.filter((request) => request.includes('limit=2'))).toHaveLength(3);
  });

  test('goes on from the last version wherever in an event the watch was cut', async () => {
    const { time, server, informer, told } = createWorld();
    informer.start();
    await time.advanceAsync(1);
    const event = JSON.stringify({ type: 'ADDED', object: configMap('half') });
    for (let cut = 0; cut <= event.length; cut += 1) {
      server.cutWatches(event.slice(0, cut));
      server.put(configMap(`during-${cut}`));
      await time.advanceAsync(1000);
    }

    expect(informer.store.size).toBe(event.length + 1);
    expect(told.filter((line) => line.includes('half'))).toEqual([]);
    expect(server.requests.filter((request) => !request.includes('watch=true'))).toHaveLength(1);
  });

  test('lists again when the version is gone, and tells of objects that vanished meanwhile', async () => {
    const { time, server, informer, told } = createWorld();
    server.put(configMap('stays'), configMap('goes'));
    informer.start();
    await time.advanceAsync(1);
    server.cutWatches();
    server.remove(configMaps, 'test/goes');
    server.put(configMap('comes'));
    server.compact();
    await time.advanceAsync(1000);

    expect(names(informer)).toEqual(['comes', 'stays']);
    expect(told.slice(2)).toEqual(['deleted goes', 'added comes']);
  });

  test('tells deletion and addition when another object took the name while nobody watched', async () => {
    const { time, server, informer, told } = createWorld();
    server.put(configMap('a'));
    informer.start();
    await time.advanceAsync(1);
    server.cutWatches();
    server.remove(configMaps, 'test/a');
    server.put(configMap('a'));
    server.compact();
    await time.advanceAsync(1000);

    expect(told).toEqual(['added a', 'deleted a', 'added a']);
  });

  test('takes a silent watch for dead and opens another', async () => {
    const { time, server, informer } = createWorld({ idleTimeoutMs: 60_000 });
    informer.start();
    await time.advanceAsync(1);
    server.silenceWatches();
    server.put(configMap('unheard'));
    await time.advanceAsync(59_000);
    expect(names(informer)).toEqual([]);

    await time.advanceAsync(3_000);
    expect(names(informer)).toEqual(['unheard']);
  });

  test('keeps a quiet watch open as long as bookmarks come', async () => {
    const { time, server, informer } = createWorld({ idleTimeoutMs: 60_000 });
    informer.start();
    await time.advanceAsync(1);
    for (let minute = 0; minute < 5; minute += 1) {
      await time.advanceAsync(50_000);
      server.bookmark();
    }

    expect(server.requests.filter((request) => request.includes('watch=true'))).toHaveLength(1);
  });

  test('never gives up: after many failures with growing pauses it follows again', async () => {
    const { time, server, informer, logger } = createWorld();
    server.fail(...Array.from({ length: 12 }, () => 'disconnect' as const));
    informer.start();
    await time.advanceAsync(1000);
    const early = server.requests.length;
    expect(early).toBeGreaterThan(2);
    expect(early).toBeLessThan(6);

    server.put(configMap('a'));
    await time.advanceAsync(10 * 60_000);
    expect(names(informer)).toEqual(['a']);
    expect(logger.events.filter(({ event }) => event === 'collection interrupted')).toHaveLength(12);
  });

  test('lists afresh when the server keeps refusing the version without saying that it is gone', async () => {
    const { time, server, informer } = createWorld();
    informer.start();
    await time.advanceAsync(1);
    server.cutWatches();
    server.put(configMap('a'));
    server.fail(...Array.from({ length: 4 }, () => ({ status: 504, reason: 'Timeout' })));
    await time.advanceAsync(10_000);

    expect(names(informer)).toEqual(['a']);
    expect(server.requests.filter((request) => !request.includes('watch=true')).length).toBeGreaterThan(1);
  });

  test('waits as long as the server asks', async () => {
    const { time, server, informer } = createWorld();
    server.fail({ status: 429, reason: 'TooManyRequests', retryAfterSeconds: 20 });
    informer.start();
    await time.advanceAsync(19_900);
    expect(server.requests).toHaveLength(1);
    await time.advanceAsync(1_000);
    expect(informer.hasSynced).toBe(true);
  });

  test('does not spin when the server ends each watch at once', async () => {
    const { time, server, informer } = createWorld();
    informer.start();
    await time.advanceAsync(1);
    const before = server.requests.length;
    for (let round = 0; round < 100; round += 1) {
      server.cutWatches();
      await time.advanceAsync(10);
    }
    expect(server.requests.length - before).toBeLessThan(10);
  });

  test('goes on when a listener throws', async () => {
    const { time, server, informer, logger, told } = createWorld();
    informer.subscribe(() => {
      throw new Error('a mistake');
    });
    server.put(configMap('a'));
    informer.start();
    await time.advanceAsync(1);
    server.put(configMap('b'));
    await time.advanceAsync(1);

    expect(told).toEqual(['added a', 'added b']);
    expect(logger.events.filter(({ event }) => event === 'change listener failed')).toHaveLength(2);
  });

  test('hears nothing once stopped, and leaves no timer behind', async () => {
    const { time, server, informer, told } = createWorld();
    informer.start();
    await time.advanceAsync(1);
    await informer.stop();
    server.put(configMap('late'));
    await time.advanceAsync(600_000);

    expect(told).toEqual([]);
    expect(server.watches).toBe(0);
    expect(time.pending).toBe(0);
  });
});
