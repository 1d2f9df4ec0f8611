import { describe, expect, it } from 'vitest';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import { ObjectStore, type Change } from './object-store.ts';

const create = (historyEventsMax = 100, storage = createMemoryStorage()) => new ObjectStore({ storage, historyEventsMax });
const body = (name: string) => ({ kind: 'ConfigMap', metadata: { name } });

describe('the object store', () => {
  it('gives every change a version of its own, higher than all before, written into the object', () => {
    const store = create();
    const a = store.put('/configmaps', 'default', 'a', body('a'));
    const b = store.put('/pods', 'default', 'b', body('b'));
    const gone = store.remove(a);

    expect([a.resourceVersion, b.resourceVersion, gone.resourceVersion]).toEqual([2, 3, 4]);
    expect(a.text).toBe('{"kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"2"}}');
    expect(gone.text).toBe('{"kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"4"}}');
    expect(store.resourceVersion).toBe(4);
  });

  it('goes on with higher versions on the same storage', () => {
    const storage = createMemoryStorage();
    const first = create(100, storage);
    first.put('/configmaps', 'default', 'a', body('a'));
    first.remove(first.put('/configmaps', 'default', 'b', body('b')));

    const second = create(100, storage);
    expect(second.list('/configmaps').map(({ name }) => name)).toEqual(['a']);
    expect(second.put('/configmaps', 'default', 'c', body('c')).resourceVersion).toBe(5);
    expect(second.changesSince('/configmaps', 3)).toBeUndefined();
    expect(second.changesSince('/configmaps', 4)).toHaveLength(1);
  });

  it('lists by namespace, then name', () => {
    const store = create();
    for (const [namespace, name] of [['b', 'a'], ['a', 'b'], ['a', 'a']] as const) store.put('/configmaps', namespace, name, body(name));
    expect(store.list('/configmaps').map((one) => `${one.namespace}/${one.name}`)).toEqual(['a/a', 'a/b', 'b/a']);
    expect(store.list('/configmaps', 'a').map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('shows the past as it was', () => {
    const store = create();
    const a = store.put('/configmaps', 'default', 'a', body('a'));
    const b = store.put('/configmaps', 'default', 'b', body('b'));
    store.remove(a);
    store.put('/configmaps', 'default', 'b', body('b'));
    store.put('/configmaps', 'default', 'c', body('c'));

    expect(store.listAt('/configmaps', undefined, b.resourceVersion)).toEqual([a, b]);
    expect(store.listAt('/configmaps', undefined, 0)).toBeUndefined();
  });

  it('remembers a deleted object as it is told, and the past as it was', () => {
    const store = create();
    const a = store.put('/pods', 'default', 'a', body('a'));
    const gone = store.remove({ ...a, object: { ...a.object, marked: true } });
    expect(gone.object).toMatchObject({ marked: true, metadata: { resourceVersion: '3' } });
    expect(store.listAt('/pods', undefined, 2)).toEqual([a]);
  });

  it('forgets the oldest changes and knows from when on it is complete', () => {
    const store = create(10);
    for (let index = 0; index < 16; index++) store.put('/configmaps', 'default', `n${index}`, body('n'));
    expect(store.oldestResourceVersion).toBe(7);
    expect(store.changesSince('/configmaps', 6)).toBeUndefined();
    expect(store.changesSince('/configmaps', 7)).toHaveLength(10);
  });

  it('tells subscribers of a resource, in order, with what was before', () => {
    const store = create();
    const seen: Change[] = [];
    const unsubscribe = store.subscribe('/configmaps', (change) => seen.push(change));
    const first = store.put('/configmaps', 'default', 'a', body('a'));
    store.put('/pods', 'default', 'p', body('p'));
    const second = store.put('/configmaps', 'default', 'a', body('a'));
    store.remove(second);
    unsubscribe();
    store.put('/configmaps', 'default', 'z', body('z'));

    expect(seen.map(({ kind, previous }) => [kind, previous])).toEqual([['added', undefined], ['modified', first], ['deleted', second]]);
  });

  it('shows nothing that could not be kept', () => {
    const store = create(100, {
      ...createMemoryStorage(),
      put() {
        throw new Error('disk full');
      },
    });
    expect(() => store.put('/configmaps', 'default', 'a', body('a'))).toThrow('disk full');
    expect(store.list('/configmaps')).toEqual([]);
    expect(store.resourceVersion).toBe(1);
  });
});
