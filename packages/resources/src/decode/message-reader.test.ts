import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageReader } from './message-reader.ts';
import { Scope, type DecodeOptions } from './scope.ts';

function open(json: unknown, options?: DecodeOptions) {
  const scope = Scope.open('', options);
  return { scope, reader: MessageReader.open(json, scope) as MessageReader };
}

const messages = (scope: Scope) => scope.problems.map(({ path, message }) => `${path}: ${message}`);

test('reads fields by their proto names and by their lowerCamel names', () => {
  const { reader, scope } = open({ connect_timeout: '1.5s', statPrefix: 'a' });
  expect(reader.durationMs('connect_timeout', 0)).toBe(1500);
  expect(reader.string('stat_prefix', '')).toBe('a');
  reader.done();
  expect(scope.problems).toEqual([]);
});

test('a field that is given under both names is a mistake', () => {
  const { reader, scope } = open({ stat_prefix: 'a', statPrefix: 'b' });
  reader.string('stat_prefix', '');
  expect(messages(scope)).toEqual(['statPrefix: is set, and so is stat_prefix: they are the same field']);
});

test('null is the same as leaving the field out', () => {
  const { reader, scope } = open({ name: null });
  expect(reader.string('name', 'default')).toBe('default');
  reader.done();
  expect(scope.problems).toEqual([]);
});

test('a key nobody asked for is reported with the nearest known name', () => {
  const { reader, scope } = open({ conect_timeout: '1s', colour: 'red' });
  reader.durationMs('connect_timeout', 0);
  reader.done();
  expect(messages(scope)).toEqual([
    'conect_timeout: is not a field here; did you mean connect_timeout?',
    'colour: is not a field here',
  ]);
});

test('unknown keys are warnings where the document comes from a server that may be newer', () => {
  const { reader, scope } = open({ new_field: 1 }, { unknownFields: 'warning' });
  reader.done();
  expect(scope.problems).toEqual([{ path: 'new_field', message: 'is not a field here', severity: 'warning' }]);
  expect(scope.hasErrors).toBe(false);
});

test('ignored fields are warnings, refused ones errors, unless they say nothing', () => {
  const { reader, scope } = open({ metadata: {}, tls: { sni: 'a' }, empty: [], off: false });
  reader.ignore(['metadata']);
  reader.refuse(['tls', 'empty', 'off']);
  reader.done();
  expect(scope.problems.map(({ path, severity }) => [path, severity])).toEqual([
    ['metadata', 'warning'],
    ['tls', 'error'],
  ]);
});

test.each([
  [['path', 'prefix'], 'has path and prefix, of which only one may be set'],
  [[], 'must have one of path, prefix, regex'],
])('a oneof with %j set', (set, message) => {
  const { reader, scope } = open(Object.fromEntries(set.map((name) => [name, '/'])));
  expect(reader.oneof(['path', 'prefix', 'regex'], true)).toBeUndefined();
  expect(messages(scope)).toEqual([`: ${message}`]);
});

test.each([
  ['0s', 0],
  ['1s', 1000],
  ['0.1s', 100],
  ['0.000000001s', 0.000001],
  ['3600.5s', 3_600_500],
])('the duration %s is %d ms', (text, ms) => {
  const { reader } = open({ timeout: text });
  expect(reader.durationMs('timeout')).toBe(ms);
});

test.each(['1', '1m', '-1s', '1e3s', 's', '1.s', 5, true, {}])('%j is no duration', (value) => {
  const { reader, scope } = open({ timeout: value });
  expect(reader.durationMs('timeout', 7)).toBe(7);
  expect(scope.problems).toHaveLength(1);
});

test('keys of maps with dots are told from chains of fields', () => {
  const { reader, scope } = open({ options: { 'a.b.C': 5 } });
  reader.map('options', (_json, at) => at.error('is bad'));
  expect(messages(scope)).toEqual(['options["a.b.C"]: is bad']);
});

test('strings that look like numbers must be in quotes', () => {
  const { reader, scope } = open({ value: 8080 });
  reader.string('value', '');
  expect(messages(scope)).toEqual(['value: is 8080, must be a string; put it in quotes']);
});

test('whatever the JSON, reading ends with values or problems and never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      const { reader, scope } = open({ field: json });
      const value = reader.list('field', (element, at) => MessageReader.open(element, at)?.uint32('n'));
      reader.done();
      return Array.isArray(value) && (Array.isArray(json) || json === null || scope.problems.length > 0);
    }),
  );
});
