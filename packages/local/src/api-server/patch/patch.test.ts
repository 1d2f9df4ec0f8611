import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { loadBuiltinSchemas } from '../schema/builtin-schemas.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMerge } from './strategic-merge.ts';

describe('a JSON patch (examples of RFC 6902, appendix A)', () => {
  it.each([
    ['adds to an object', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    ['adds into a list', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    ['adds to the end of a list', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    ['removes a list item', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    ['moves', { foo: { bar: 'baz', waldo: 'fred' }, qux: { a: 1 } }, [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }], { foo: { bar: 'baz' }, qux: { a: 1, thud: 'fred' } }],
    ['copies', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    ['tests deeply', { a: { b: [1, null] } }, [{ op: 'test', path: '/a', value: { b: [1, null] } }], { a: { b: [1, null] } }],
    ['unescapes ~1 and ~0', { 'a/b': 1, 'm~n': 2 }, [{ op: 'replace', path: '/a~1b', value: 3 }, { op: 'remove', path: '/m~0n' }], { 'a/b': 3 }],
    ['adds a key that JavaScript treats specially', {}, [{ op: 'add', path: '/__proto__', value: { x: 1 } }], JSON.parse('{"__proto__":{"x":1}}')],
  ])('%s', (_title, document, patch, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document as JsonObject, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it.each([
    ['a test that fails', [{ op: 'test', path: '/a', value: 2 }], 422],
    ['a place that is not there', [{ op: 'replace', path: '/b', value: 2 }], 422],
    ['an index outside the list', [{ op: 'add', path: '/l/5', value: 2 }], 422],
    ['an index that is no number', [{ op: 'remove', path: '/l/01' }], 422],
    ['a whole document that is no object', [{ op: 'replace', path: '', value: 1 }], 422],
    ['an operation nobody knows', [{ op: 'spin', path: '/a' }], 400],
    ['no value', [{ op: 'add', path: '/x' }], 400],
    ['no list', { op: 'add' }, 400],
  ])('refuses %s', (_title, patch, code) => {
    expect(() => applyJsonPatch({ a: 1, l: [1] }, patch)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a merge patch (RFC 7386, appendix A)', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 'foo' }, { a: { b: 1 } }, { a: { b: 1 } }],
  ])('%j with %j is %j', (document, patch, expected) => {
    expect(applyMergePatch(document as JsonObject, patch as JsonObject)).toEqual(expected);
  });
});

describe('a strategic merge patch', () => {
  const deployment = loadBuiltinSchemas().of('apps', 'v1', 'Deployment');
  const podSpec = deployment.child('spec')?.child('template')?.child('spec');
  const patch = (document: JsonObject, change: JsonObject): JsonObject => {
    if (!podSpec) throw new Error('the schema of a pod has gone');
    return applyStrategicMerge(document, change, podSpec);
  };

  it('merges items by their key and keeps the others', () => {
    expect(
      patch({ containers: [{ name: 'a', image: '1', env: [{ name: 'X', value: '1' }] }, { name: 'b' }] }, { containers: [{ name: 'a', image: '2', env: [{ name: 'Y', value: '2' }] }] }),
    ).toEqual({ containers: [{ name: 'a', image: '2', env: [{ name: 'X', value: '1' }, { name: 'Y', value: '2' }] }, { name: 'b' }] });
  });

  it('replaces lists without a key', () => {
    expect(patch({ containers: [{ name: 'a', command: ['x', 'y'] }] }, { containers: [{ name: 'a', command: ['z'] }] })).toEqual({
      containers: [{ name: 'a', command: ['z'] }],
    });
  });

  it('deletes an item, replaces a list, and puts items in order, when told', () => {
    const document = { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    expect(patch(document, { containers: [{ name: 'b', $patch: 'delete' }] })).toEqual({ containers: [{ name: 'a' }, { name: 'c' }] });
    expect(patch(document, { containers: [{ name: 'z' }, { $patch: 'replace' }] })).toEqual({ containers: [{ name: 'z' }] });
    expect(patch(document, { '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] })).toEqual({
      containers: [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
    });
  });

  it('empties and keeps keys as told', () => {
    expect(patch({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }, { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/y' } }] })).toEqual({
      volumes: [{ name: 'v', hostPath: { path: '/y' } }],
    });
    expect(patch({ nodeSelector: { a: '1' } }, { nodeSelector: { $patch: 'replace', b: '2' } })).toEqual({ nodeSelector: { b: '2' } });
  });

  it('takes values out of a list of primitives', () => {
    const metadata = loadBuiltinSchemas().objectMeta;
    expect(applyStrategicMerge({ finalizers: ['a', 'b'] }, { '$deleteFromPrimitiveList/finalizers': ['a'] }, metadata)).toEqual({ finalizers: ['b'] });
    expect(applyStrategicMerge({ finalizers: ['a'] }, { finalizers: ['a', 'c'] }, metadata)).toEqual({ finalizers: ['a', 'c'] });
  });

  it('needs the key of every item', () => {
    expect(() => patch({ containers: [{ name: 'a' }] }, { containers: [{ image: 'x' }] })).toThrow('map: does not contain declared merge key: name');
  });
});
