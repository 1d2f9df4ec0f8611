import { describe, expect, it } from 'vitest';
import { isObject, listAt, objectAt, textAt, type JsonObject } from '../json.ts';
import { loadBuiltinSchemas } from '../schema/builtin-schemas.ts';
import { applyConfiguration, isSameApartFromTimes, trackUpdate, type Writer } from './managed-fields.ts';

const schema = loadBuiltinSchemas().of('apps', 'v1', 'Deployment');
const writer = (manager: string, timestamp = 't1', subresource = ''): Writer => ({ manager, apiVersion: 'apps/v1', subresource, timestamp });
const isWritable = (field: string): boolean => field !== 'status';
const web = (spec: JsonObject): JsonObject => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec });
const pod = (...containers: JsonObject[]): JsonObject => ({ template: { spec: { containers } } });

const apply = (live: JsonObject | undefined, applied: JsonObject, by: string, force = false): JsonObject =>
  applyConfiguration({ live, applied, schema, writer: writer(by), force, isWritable });
const fieldsOf = (object: JsonObject, manager: string): JsonObject | undefined => {
  const found = listAt(objectAt(object, 'metadata'), 'managedFields').find((one) => isObject(one) && one['manager'] === manager);
  return isObject(found) ? objectAt(found, 'fieldsV1') : undefined;
};
const containersOf = (object: JsonObject): unknown => objectAt(objectAt(objectAt(object, 'spec'), 'template'), 'spec')['containers'];

describe('an update', () => {
  it('takes what it changes, from whoever had it', () => {
    const first = web({ replicas: 1, paused: false });
    trackUpdate(undefined, first, schema, writer('one'));
    const second = web({ replicas: 2, paused: false });
    trackUpdate(first, second, schema, writer('two', 't2'));

    expect(fieldsOf(second, 'one')).toEqual({ 'f:spec': { 'f:paused': {} } });
    expect(fieldsOf(second, 'two')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('knows list items by their keys', () => {
    const object = web(pod({ name: 'c', image: 'x', ports: [{ containerPort: 80 }] }));
    trackUpdate(undefined, object, schema, writer('one'));
    expect(JSON.stringify(fieldsOf(object, 'one'))).toContain('"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}"');
  });

  it('keeps the time of those who changed nothing, and drops those who own nothing any more', () => {
    const first = web({ replicas: 1 });
    trackUpdate(undefined, first, schema, writer('one'));
    const same = web({ replicas: 1 });
    trackUpdate(first, same, schema, writer('one', 't2'));
    expect(isSameApartFromTimes(first, same)).toBe(true);
    expect(listAt(objectAt(same, 'metadata'), 'managedFields')).toMatchObject([{ time: 't1' }]);

    const taken = web({ replicas: 3 });
    trackUpdate(same, taken, schema, writer('two', 't3'));
    expect(fieldsOf(taken, 'one')).toBeUndefined();
  });

  it('says through which door it came', () => {
    const live = web({ replicas: 1 });
    trackUpdate(undefined, live, schema, writer('one'));
    const next: JsonObject = { ...web({ replicas: 1 }), status: { replicas: 1 } };
    trackUpdate(live, next, schema, writer('one', 't2', 'status'));
    expect(listAt(objectAt(next, 'metadata'), 'managedFields')).toMatchObject([
      { manager: 'one', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
      { manager: 'one', subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } },
    ]);
  });

  it('may bring its own account of who owns what, or clear it', () => {
    const live = web({ replicas: 1 });
    trackUpdate(undefined, live, schema, writer('one'));
    const cleared: JsonObject = { ...web({ replicas: 1 }), metadata: { name: 'web', managedFields: [] } };
    trackUpdate(live, cleared, schema, writer('two'));
    expect(objectAt(cleared, 'metadata')['managedFields']).toBeUndefined();
  });
});

describe('an apply', () => {
  it('claims what it says, its list items as such', () => {
    const object = apply(undefined, web(pod({ name: 'c', image: 'x' })), 'one');
    expect(fieldsOf(object, 'one')).toEqual({
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } } },
    });
  });

  it('is in conflict with whoever owns another value, and with nobody about the same value', () => {
    const live = apply(undefined, web({ replicas: 1 }), 'one');
    expect(() => apply(live, web({ replicas: 2 }), 'two')).toThrow('Apply failed with 1 conflict: conflict with "one": .spec.replicas');
    const shared = apply(live, web({ replicas: 1 }), 'two');
    expect([fieldsOf(shared, 'one'), fieldsOf(shared, 'two')]).toEqual([{ 'f:spec': { 'f:replicas': {} } }, { 'f:spec': { 'f:replicas': {} } }]);
  });

  it('names an owner that updated by its version and door', () => {
    const live = web({ replicas: 1 });
    trackUpdate(undefined, live, schema, writer('hpa', 't1', 'scale'));
    expect(() => apply(live, web({ replicas: 2 }), 'two')).toThrow('conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas');
  });

  it('takes over when forced', () => {
    const live = apply(undefined, web({ replicas: 1, paused: true }), 'one');
    const forced = apply(live, web({ replicas: 2 }), 'two', true);
    expect(objectAt(forced, 'spec')).toEqual({ replicas: 2, paused: true });
    expect(fieldsOf(forced, 'one')).toEqual({ 'f:spec': { 'f:paused': {} } });
  });

  it('removes what its manager no longer says, unless someone else owns it too', () => {
    const one = apply(undefined, web({ replicas: 1, paused: true }), 'one');
    const both = apply(one, web({ paused: true }), 'two');
    const given = apply(both, web({}), 'one');
    expect(objectAt(given, 'spec')).toEqual({ paused: true });
  });

  it('removes a list item whole, with what nobody said about it', () => {
    const live = apply(undefined, web(pod({ name: 'a', image: 'x' }, { name: 'b', image: 'y' })), 'one');
    const completed = web(pod({ name: 'a', image: 'x' }, { name: 'b', image: 'y', imagePullPolicy: 'Always' }));
    completed['metadata'] = objectAt(live, 'metadata');
    expect(containersOf(apply(completed, web(pod({ name: 'a', image: 'x' })), 'one'))).toEqual([{ name: 'a', image: 'x' }]);
  });

  it('keeps what others put into an item it shares', () => {
    const one = apply(undefined, web(pod({ name: 'a', image: 'x' })), 'one');
    const two = apply(one, web(pod({ name: 'a', workingDir: '/w' })), 'two');
    const again = apply(two, web(pod({ name: 'a', image: 'z' })), 'one');
    expect(containersOf(again)).toEqual([{ name: 'a', image: 'z', workingDir: '/w' }]);
  });

  it('orders items as it lists them, and leaves the others where they were', () => {
    const live = web(pod({ name: 'own' }, { name: 'a' }, { name: 'b' }));
    const merged = apply(live, web(pod({ name: 'b' }, { name: 'a' }, { name: 'c' })), 'one');
    expect((containersOf(merged) as JsonObject[]).map((one) => textAt(one, 'name'))).toEqual(['own', 'b', 'a', 'c']);
  });

  it('over an object nobody managed finds the one who was there before', () => {
    expect(() => apply(web({ replicas: 1 }), web({ replicas: 2 }), 'one')).toThrow('conflict with "before-first-apply" using apps/v1: .spec.replicas');
  });

  it('writes no status through the main door', () => {
    const object = apply(undefined, { ...web({ replicas: 1 }), status: { replicas: 9 } }, 'one');
    expect(object['status']).toBeUndefined();
  });
});

describe('an apply by the kubectl that had applied on its own side before', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const byClient = (replicas: number): JsonObject => {
    const object = web({ replicas, ...pod({ name: 'c', image: 'a:1' }) });
    object['metadata'] = { name: 'web', annotations: { [annotation]: JSON.stringify(web({ replicas, ...pod({ name: 'c', image: 'a:1' }) })) } };
    trackUpdate(undefined, object, schema, writer('kubectl-client-side-apply'));
    return object;
  };
  const next = web({ replicas: 3, ...pod({ name: 'c', image: 'a:2' }) });

  it('takes those fields over without a dispute, and keeps the annotation true', () => {
    const applied = apply(byClient(1), next, 'kubectl');
    expect(containersOf(applied)).toEqual([{ name: 'c', image: 'a:2' }]);
    const text = textAt(objectAt(objectAt(applied, 'metadata'), 'annotations'), annotation);
    expect(JSON.parse(text)).toEqual(next);
  });

  it('is still refused what somebody has changed since', () => {
    const changed = { ...byClient(1), spec: { replicas: 2, ...pod({ name: 'c', image: 'a:1' }) } };
    expect(() => apply(changed, next, 'kubectl')).toThrow('conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas');
  });

  it('is refused when it calls itself otherwise', () => {
    expect(() => apply(byClient(1), next, 'somebody')).toThrow('conflicts with "kubectl-client-side-apply"');
  });
});
