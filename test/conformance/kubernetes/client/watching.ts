/** Caches that must miss nothing and invent nothing, whatever happens on the way. */
import { configMaps, isGone, type ApiRequest, type Transport } from '@sluice/kubernetes';
import { holds, same } from './expect.ts';
import { cacheOf, clientOver, cutAfter, isWatch, map, silentAfter, spoiled, until, type Case, type World } from './world.ts';

const labelled = (world: World, name: string, value: string) => map(world, name, { data: { value }, metadata: { labels: { case: 'watched' } } });

export const watching: readonly Case[] = [
  {
    name: 'a cache holds what was there, then what comes, changes, leaves its selector and goes',
    async run(world) {
      const resource = world.client.resource(configMaps);
      await resource.create(labelled(world, 'a', '1'));
      const cache = cacheOf(world, world.client, { label: 'watched' });
      await cache.informer.whenSynced();
      await resource.create(labelled(world, 'b', '1'));
      await resource.patch({ namespace: world.namespace, name: 'a' }, { type: 'merge', body: { data: { value: '2' } } });
      await resource.create(labelled(world, 'c', '1'));
      await resource.patch({ namespace: world.namespace, name: 'c' }, { type: 'merge', body: { metadata: { labels: null } } });
      await resource.delete({ namespace: world.namespace, name: 'b' });
      await until('all has been told', () => cache.told.length === 6);
      await cache.stop();
      same(cache.told, ['added a', 'added b', 'updated a', 'added c', 'deleted c', 'deleted b']);
    },
  },
  {
    name: 'a watch goes on from a version, without loss and without repetition',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const versions: string[] = [];
      for (const name of ['a', 'b', 'c', 'd']) versions.push((await resource.create(labelled(world, name, '1'))).metadata.resourceVersion ?? '');
      const stop = new AbortController();
      const names: string[] = [];
      const ended = resource
        .watch({
          namespace: world.namespace,
          labelSelector: 'case=watched',
          resourceVersion: versions[1] ?? '',
          signal: stop.signal,
          onEvent: ({ type, object }) => names.push(type === 'BOOKMARK' ? type : `${type} ${object.metadata.name}`),
        })
        .catch(() => undefined);
      await until('both have come', () => names.length === 2);
      stop.abort();
      await ended;
      same(names, ['ADDED c', 'ADDED d']);
    },
  },
  {
    name: 'a watch ends in order at its time',
    async run(world) {
      const begun = performance.now();
      await world.client.resource(configMaps).watch({ namespace: world.namespace, timeoutSeconds: 1, onEvent: () => {} });
      holds(performance.now() - begun > 900, 'not before its time');
    },
  },
  {
    name: 'a watch from a version that is no longer kept is told so',
    async run(world) {
      const watch = world.client.resource(configMaps).watch({ namespace: world.namespace, resourceVersion: '1', onEvent: () => {} });
      const reason: unknown = await watch.catch((error: unknown) => error);
      holds(isGone(reason), `410, found ${String(reason)}`);
    },
  },
  {
    name: 'a cache lists anew when its version has expired, and tells only the difference',
    async run(world) {
      const resource = world.client.resource(configMaps);
      await resource.create(labelled(world, 'stays', '1'));
      await resource.create(labelled(world, 'goes', '1'));
      let expired = 0;
      // The way to the server asks for a version from before the beginning, once; while it is being told, the world goes on.
      const transport: Transport = {
        async send(request) {
          if (!isWatch(request) || expired > 0) return world.transport.send(request);
          expired += 1;
          await resource.delete({ namespace: world.namespace, name: 'goes' });
          await resource.create(labelled(world, 'comes', '1'));
          return world.transport.send({ ...request, path: request.path.replace(/resourceVersion=\d+/, 'resourceVersion=1') });
        },
      };
      const cache = cacheOf(world, clientOver(transport), { label: 'watched' });
      await until('the difference has been told', () => cache.told.length === 4);
      await cache.stop();
      same(cache.told, ['added goes', 'added stays', 'deleted goes', 'added comes']);
    },
  },
  {
    name: 'a watch that is cut at any byte loses nothing and repeats nothing',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const { metadata } = await resource.list({ namespace: world.namespace });
      await resource.create(labelled(world, 'a', 'ä€😀'));
      await resource.create(labelled(world, 'b', '1'));
      const from = metadata.resourceVersion ?? '0';
      const bytes = await streamFrom(world, from);
      /** What comes after a version, asked once for each version at which a cut can leave us. */
      const rest = new Map<string, readonly string[]>();
      for (let cut = 0; cut <= bytes.length; cut++) {
        const { names, version } = await readUntilCut(bytes, cut, from);
        const later = rest.get(version) ?? (await namesAfter(world, version, 2 - names.length));
        rest.set(version, later);
        same([...names, ...later], ['a', 'b'], `events when cut after ${cut} bytes`);
      }
      same(rest.size, 3, 'places at which a cut can leave us');
    },
  },
  {
    name: 'a cache outlives watches that are cut again and again',
    async run(world) {
      const resource = world.client.resource(configMaps);
      let cuts = 0;
      const transport = spoiled(world.transport, (request, response) => {
        if (!isWatch(request) || cuts >= 4) return undefined;
        cuts += 1;
        return { ...response, body: cutAfter(response.body, cuts * 150) };
      });
      const cache = cacheOf(world, clientOver(transport), { label: 'watched' });
      await cache.informer.whenSynced();
      const names = Array.from({ length: 12 }, (_, index) => `m-${String(index).padStart(2, '0')}`);
      for (const name of names) await resource.create(labelled(world, name, 'x'.repeat(40)));
      await until('all have been told', () => cache.told.length >= names.length);
      await cache.stop();
      same(cache.told, names.map((name) => `added ${name}`));
      holds(cuts > 1, 'watches were cut');
    },
  },
  {
    name: 'a watch that has gone silent is opened anew',
    async run(world) {
      const resource = world.client.resource(configMaps);
      let silenced = 0;
      const transport = spoiled(world.transport, (request, response) => {
        if (!isWatch(request) || silenced > 0) return undefined;
        silenced += 1;
        return { ...response, body: silentAfter(response.body, 10) };
      });
      const cache = cacheOf(world, clientOver(transport), { label: 'watched', idleTimeoutMs: 300 });
      await cache.informer.whenSynced();
      await until('the watch that will be silent is open', () => silenced === 1);
      await resource.create(labelled(world, 'late', '1'));
      await until('it was told by the next watch', () => cache.told.length === 1);
      await cache.stop();
      same(cache.told, ['added late']);
    },
  },
];

/** The two events as they come over the wire. */
async function streamFrom(world: World, version: string): Promise<Uint8Array> {
  const stop = new AbortController();
  const response = await world.transport.send({ ...watchRequest(world, version), signal: stop.signal });
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of response.body) {
    text += decoder.decode(piece, { stream: true });
    if (text.split('\n').length > 2) break;
  }
  stop.abort();
  return Buffer.from(text);
}

/** What our client tells of a stream that is cut, and the version it would go on from. */
async function readUntilCut(bytes: Uint8Array, cut: number, from: string): Promise<{ names: string[]; version: string }> {
  const names: string[] = [];
  let version = from;
  const cutting = clientOver({ send: async () => ({ status: 200, headers: {}, body: cutAfter([bytes], cut) }) });
  const watch = cutting.resource(configMaps).watch({
    onEvent: ({ object }) => {
      names.push(object.metadata.name);
      version = object.metadata.resourceVersion ?? version;
    },
  });
  await watch.catch(() => undefined);
  return { names, version };
}

/** @param count how many are to come */
async function namesAfter(world: World, version: string, count: number): Promise<string[]> {
  const stop = new AbortController();
  const names: string[] = [];
  const watch = world.client.resource(configMaps).watch({
    namespace: world.namespace,
    labelSelector: 'case=watched',
    resourceVersion: version,
    bookmarks: false,
    // Nothing more may come where nothing is missing.
    ...(count === 0 ? { timeoutSeconds: 1 } : {}),
    signal: stop.signal,
    onEvent: ({ object }) => {
      names.push(object.metadata.name);
      if (names.length === count) stop.abort();
    },
  });
  await watch.catch(() => undefined);
  return names;
}

function watchRequest(world: World, version: string): ApiRequest {
  const query = new URLSearchParams({ watch: 'true', labelSelector: 'case=watched', resourceVersion: version });
  return { method: 'GET', path: `/api/v1/namespaces/${world.namespace}/configmaps?${query}`, headers: { accept: 'application/json' }, streaming: true };
}
