import { describe, expect, it } from 'vitest';
import { createTestApiServer, type TestApiServer, type TestWatch } from '../../testing/test-api-server.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import { objectAt, textAt, type JsonObject } from '../json.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

const put = (api: TestApiServer, name: string, more: JsonObject = {}) => api.send('POST', MAPS, { metadata: { name, ...more } });
/** `ADDED a`. */
const summary = (watch: TestWatch): string[] =>
  watch.events.map((event) => `${textAt(event, 'type')} ${textAt(objectAt(objectAt(event, 'object'), 'metadata'), 'name')}`);

describe('a watch', () => {
  it('without a version begins with what exists and goes on with what happens', async () => {
    const api = createTestApiServer();
    await put(api, 'a');
    const watch = await api.watch(`${MAPS}?watch=true`);
    await put(api, 'b');
    await api.send('PATCH', `${MAPS}/a`, { data: { x: '1' } });
    await api.send('DELETE', `${MAPS}/b`);
    await api.time.advanceAsync(0);
    expect(summary(watch)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  it('from a version brings exactly what came after it, whenever it is opened', async () => {
    const api = createTestApiServer();
    await put(api, 'a');
    const from = textAt(objectAt((await put(api, 'b')).json, 'metadata'), 'resourceVersion');
    await put(api, 'c');
    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=${from}`);
    await put(api, 'd');
    await api.time.advanceAsync(0);
    expect(summary(watch)).toEqual(['ADDED c', 'ADDED d']);
  });

  it('sees objects enter and leave its selector; what left is shown as it was', async () => {
    const api = createTestApiServer();
    const watch = await api.watch(`${MAPS}?watch=true&labelSelector=on%3D1`);
    await put(api, 'a');
    await api.send('PATCH', `${MAPS}/a`, { metadata: { labels: { on: '1' } } });
    await api.send('PATCH', `${MAPS}/a`, { data: { x: '1' } });
    const left = await api.send('PATCH', `${MAPS}/a`, { metadata: { labels: { on: null } } });
    await api.send('DELETE', `${MAPS}/a`);
    await api.time.advanceAsync(0);

    expect(summary(watch)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    const last = objectAt(watch.events[2], 'object');
    expect(objectAt(last, 'metadata')).toMatchObject({ labels: { on: '1' }, resourceVersion: objectAt(left.json, 'metadata')['resourceVersion'] });
  });

  it('of a patient client hears what wakes a program, and what follows, when the lull is over; others hear it at once', async () => {
    const api = createTestApiServer({ isPatient: (userAgent) => userAgent === 'keeper' });
    const path = '/apis/apps/v1/namespaces/default/deployments';
    const spec = { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } };
    await api.send('POST', path, { metadata: { name: 'web' }, spec });
    const watches = await Promise.all(['keeper', 'other'].map((userAgent) => api.watch(`${path}?watch=true`, { 'user-agent': userAgent })));
    const heard = () => watches.map((watch) => summary(watch));
    await api.time.advanceAsync(0);
    const scale = (replicas: number) => api.send('PATCH', `${path}/web/scale`, { spec: { replicas } });
    await scale(1);
    await scale(2);
    await api.time.advanceAsync(399);
    expect(heard()).toEqual([['ADDED web'], ['ADDED web', 'MODIFIED web', 'MODIFIED web']]);
    await api.time.advanceAsync(1);
    expect(heard()[0]).toEqual(['ADDED web', 'MODIFIED web', 'MODIFIED web']);
    await scale(3);
    await api.time.advanceAsync(0);
    expect(heard()[0]).toHaveLength(4);
  });

  it('hears nothing of writes without effect', async () => {
    const api = createTestApiServer();
    await put(api, 'a');
    const watch = await api.watch(`${MAPS}?watch=true`);
    await api.send('PATCH', `${MAPS}/a`, { metadata: { labels: {} } });
    await api.time.advanceAsync(0);
    expect(summary(watch)).toEqual(['ADDED a']);
  });

  it('from a version that is too old gets one error and its end', async () => {
    const api = createTestApiServer();
    await put(api, 'a');
    await put(api, 'b');
    api.server.compactHistory();
    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=2`);
    await api.time.advanceAsync(0);
    expect(watch.events).toEqual([
      {
        type: 'ERROR',
        object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'too old resource version: 2 (5)', reason: 'Expired', code: 410 },
      },
    ]);
    expect(watch.isEnded).toBe(true);
  });

  it('from a version that is yet to come is told to list anew: the server has lost what the client saw', async () => {
    const api = createTestApiServer();
    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=999`);
    await api.time.advanceAsync(0);
    expect(watch.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });

  it('ends after timeoutSeconds, with a bookmark shortly before where they are allowed', async () => {
    const api = createTestApiServer();
    const plain = await api.watch(`${MAPS}?watch=true&timeoutSeconds=6&resourceVersion=3`);
    const marked = await api.watch(`${MAPS}?watch=true&timeoutSeconds=6&resourceVersion=3&allowWatchBookmarks=true`);
    await api.time.advanceAsync(3999);
    expect(marked.events).toEqual([]);
    await api.time.advanceAsync(1);
    expect(marked.events).toEqual([
      { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: '3', creationTimestamp: null } } },
    ]);
    expect(marked.isEnded).toBe(false);
    await api.time.advanceAsync(2000);
    expect([plain.isEnded, marked.isEnded, plain.events]).toEqual([true, true, []]);
  });

  it('gets bookmarks each minute', async () => {
    const api = createTestApiServer();
    const watch = await api.watch(`${MAPS}?watch=true&resourceVersion=3&allowWatchBookmarks=true`);
    await api.time.advanceAsync(120_000);
    expect(watch.events.map((event) => event['type'])).toEqual(['BOOKMARK', 'BOOKMARK']);
  });

  it('as tables says the columns once', async () => {
    const api = createTestApiServer();
    await put(api, 'a');
    const watch = await api.watch(`${MAPS}?watch=true`, TABLE);
    const second = await api.watch(`${MAPS}?watch=true`, TABLE);
    await put(api, 'b');
    await api.time.advanceAsync(0);
    const columns = (one: TestWatch): boolean[] => one.events.map((event) => objectAt(event, 'object')['columnDefinitions'] !== null);
    expect([columns(watch), columns(second)]).toEqual([[true, false], [true, false]]);
    expect(objectAt(watch.events[1], 'object')['rows']).toMatchObject([{ cells: ['b', 0, '0s'] }]);
  });

  it('of one name hears of no other', async () => {
    const api = createTestApiServer();
    await put(api, 'a');
    const watch = await api.watch(`${MAPS}?fieldSelector=metadata.name%3Da&resourceVersion=0&watch=true`);
    await put(api, 'b');
    await api.time.advanceAsync(0);
    expect(summary(watch)).toEqual(['ADDED a']);
  });

  it('of all namespaces, and by the old path', async () => {
    const api = createTestApiServer();
    const watch = await api.watch('/api/v1/watch/configmaps');
    await put(api, 'a');
    await api.time.advanceAsync(0);
    expect(summary(watch)).toEqual(['ADDED a']);
  });

  it('that is closed costs nothing any more', async () => {
    const api = createTestApiServer();
    const before = api.time.pending;
    const watch = await api.watch(`${MAPS}?watch=true&allowWatchBookmarks=true`);
    watch.close();
    await put(api, 'a');
    await api.time.advanceAsync(0);
    expect(watch.events).toEqual([]);
    expect(api.time.pending).toBe(before);
  });

  it('goes on after a restart from the last version, and lists anew from before', async () => {
    const storage = createMemoryStorage();
    const first = createTestApiServer({ storage });
    await put(first, 'a');
    const version = textAt(objectAt((await put(first, 'b')).json, 'metadata'), 'resourceVersion');
    first.server.stop();

    const second = createTestApiServer({ storage });
    const resumed = await second.watch(`${MAPS}?watch=true&resourceVersion=${version}`);
    const older = await second.watch(`${MAPS}?watch=true&resourceVersion=${Number(version) - 1}`);
    await put(second, 'c');
    await second.time.advanceAsync(0);
    expect(summary(resumed)).toEqual(['ADDED c']);
    expect(older.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });

  it('ends when the server stops', async () => {
    const api = createTestApiServer();
    const watch = await api.watch(`${MAPS}?watch=true`);
    api.server.stop();
    await api.time.advanceAsync(0);
    expect(watch.isEnded).toBe(true);
    expect((await api.send('GET', MAPS)).status).toBe(503);
  });
});

describe('a list at a version of the future', () => {
  it('waits for it', async () => {
    const api = createTestApiServer();
    const list = api.send('GET', `${MAPS}?resourceVersion=4`);
    await put(api, 'a');
    expect((await list).json['items']).toHaveLength(1);
  });

  it('… but not for ever', async () => {
    const api = createTestApiServer();
    const list = api.send('GET', `${MAPS}?resourceVersion=999`);
    await api.time.advanceAsync(3000);
    const answer = await list;
    expect(answer.status).toBe(504);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.json).toMatchObject({ reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } });
  });
});
