import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { FieldSet } from './field-set.ts';

const step = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1');
const json: fc.Arbitrary<JsonObject> = fc.letrec<{ node: JsonObject }>((tie) => ({
  node: fc.dictionary(fc.oneof(step, fc.constant('.')), fc.oneof({ depthSize: 'small' }, fc.constant({}), tie('node')), { maxKeys: 3 }),
})).node;
const set = json.map((value) => FieldSet.fromJson(value));

describe('a set of fields', () => {
  it('is written as managedFields are', () => {
    const text: JsonObject = { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } }, 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {} } } } };
    const read = FieldSet.fromJson(text);
    expect(read.toJson()).toEqual(text);
    expect(read.paths()).toEqual(['.metadata.labels', '.metadata.labels.app', '.spec.containers[name="c"]', '.spec.containers[name="c"].image']);
  });

  it('survives being written and read', () => {
    fc.assert(fc.property(set, (one) => FieldSet.fromJson(one.toJson()).equals(one)));
  });

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(a.difference(b).union(a.intersection(b)).equals(a)).toBe(true);
        expect(a.union(b).difference(b).intersection(b).isEmpty).toBe(true);
        expect(a.union(b).equals(b.union(a))).toBe(true);
        expect(a.difference(a).isEmpty).toBe(true);
      }),
    );
  });
});
