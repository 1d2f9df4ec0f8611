/** JSON is YAML: read without the library of YAML it says the same, and its problems have the same places. */
import { problem } from '@sluice/kernel';
import { array, assert, constantFrom, dictionary, jsonValue, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { offsetInJson, parseJson } from './json-source.ts';
import { parseSource } from './source-document.ts';

const same = (name: string) => [name];

test('any value comes back as it was written, however it is spaced', () => {
  assert(
    property(oneof(dictionary(string(), jsonValue()), array(jsonValue())), constantFrom(0, 1, 4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(parseJson(text)).toEqual({ value: JSON.parse(text) });
    }),
  );
});

test('every value of a document is found where it stands', () => {
  assert(
    property(oneof(dictionary(string(), jsonValue()), array(jsonValue())), constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const visit = (inner: unknown, path: readonly (string | number)[]): void => {
        const at = offsetInJson(text, path, same);
        const last = path.at(-1);
        if (typeof last === 'string') expect(text.startsWith(JSON.stringify(last), at)).toBe(true);
        else expect(text.slice(at).replaceAll(/\s/g, '')).toMatch(new RegExp(`^${JSON.stringify(inner).replaceAll(/\s/g, '').replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')}`));
        if (typeof inner !== 'object' || inner === null) return;
        const isList = Array.isArray(inner);
        for (const [key, child] of Object.entries(inner)) visit(child, [...path, isList ? Number(key) : key]);
      };
      visit(JSON.parse(text), []);
    }),
  );
});

test('what has a key twice, or is no JSON, is left to others', () => {
  expect(parseJson('{"a": 1, "a": 2}')).toBeUndefined();
  expect(parseJson('{"a:": 1, "b": {"a:": 2}}')).toEqual({ value: { 'a:': 1, b: { 'a:': 2 } } });
  expect(parseJson('{a: 1}')).toBeUndefined();
  expect(parseJson('a: 1')).toBeUndefined();
});

test('a problem of a JSON file is shown at its line and column, also by the name the file uses', async () => {
  const parsed = await parseSource('{\n  "node": {\n    "id": "x",\n    "userAgentName": [1, {"deep": 2}]\n  }\n}', 'a.json');
  if (!parsed.ok) throw new Error('not parsed');
  const placed = parsed.document.locate([problem('node.user_agent_name[1].deep', 'is wrong'), problem('node.id', 'is wrong'), problem('node.missing', 'is required')]);
  expect(placed.map(({ path, position }) => `${path} ${position?.line}:${position?.column}`)).toEqual(['node.missing 2:3', 'node.id 3:5', 'node.user_agent_name[1].deep 4:27']);
});

test('a key that stands twice in a JSON file is an error', async () => {
  const parsed = await parseSource('{"a": 1,\n "a": 2}', 'a.json');
  expect(parsed.ok ? [] : parsed.problems.map(({ message, position }) => `${position?.line}: ${message}`)).toEqual([expect.stringMatching(/^2: cannot be read as YAML: map keys must be unique/)]);
});
