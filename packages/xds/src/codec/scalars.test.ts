import protobuf from 'protobufjs/minimal.js';
import { expect, test } from 'vitest';

import type { ScalarType } from './descriptor.ts';
import type { JsonValue } from './json.ts';
import { parseScalar, readScalar, writeScalar } from './scalars.ts';

function roundTrip(type: ScalarType, json: JsonValue): JsonValue {
  const parsed = parseScalar(type, json);
  if (!parsed.ok) throw new Error(parsed.message);
  const writer = protobuf.Writer.create();
  writeScalar(writer, type, parsed.value);
  return readScalar(protobuf.Reader.create(writer.finish()), type);
}

test.each<[ScalarType, JsonValue]>([
  ['float', 0.1],
  ['float', 16777217],
  ['double', 0.1],
  ['double', 'Infinity'],
  ['double', 'NaN'],
  ['int32', -2147483648],
  ['sint32', -1],
  ['fixed32', 4294967295],
  ['sfixed64', '-9223372036854775808'],
  ['sint64', -5],
  ['bool', true],
  ['string', 'ü'],
  ['bytes', ''],
])('%s %j comes back', (type, json) => {
  // A 32-bit float has no room for 16777217.
  expect(roundTrip(type, json)).toEqual(type === 'float' && json === 16777217 ? 16777216 : json);
});

test.each<[ScalarType, JsonValue]>([
  ['int32', 2147483648],
  ['int32', 1.5],
  ['uint32', '1e-3'],
  ['uint32', '0x1'],
  ['uint64', -1],
  ['float', 1e39],
  ['double', ''],
  ['double', 'nan'],
  ['bool', 'true'],
  ['bool', 1],
  ['string', 1],
  ['bytes', '*'],
])('%s does not take %j', (type, json) => {
  expect(parseScalar(type, json)).toMatchObject({ ok: false, message: expect.stringContaining(JSON.stringify(json)) });
});
