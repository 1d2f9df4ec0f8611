/**
 * Every message of the descriptor, with random content, against protobufjs' own reflection on the same protos: another
 * reading of them than ours, and another codec.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createSeededRandom, type Random } from '@sluice/kernel';
import protobuf from 'protobufjs';
import { beforeAll, expect, test } from 'vitest';

import { descriptorSets } from '../../scripts/descriptor-roots.ts';
import { ownNames } from '../../scripts/root-file.ts';
import type { Codec } from './codec.ts';
import type { DescriptorJson, FieldJson } from './descriptor.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { loadCodec } from './load-codec.ts';

const seed = 20_260_131;
/** Messages tried of each kind. */
const rounds = 4;

let codec: Codec;
let descriptor: DescriptorJson;
let root: protobuf.Root;
beforeAll(async () => {
  codec = await loadCodec('core');
  const texts = await Promise.all([import('../gen/load.js'), import('../gen/core.js')]);
  const sources = texts.map(({ descriptorText }) => JSON.parse(descriptorText) as DescriptorJson);
  descriptor = {
    messages: Object.assign({}, ...sources.map(({ messages }) => messages)) as DescriptorJson['messages'],
    enums: Object.assign({}, ...sources.map(({ enums }) => enums)) as DescriptorJson['enums'],
  };
  root = parsePublishedProtos();
});

test('what we write, protobufjs reads, and what it writes of that is the same to us', () => {
  const random = createSeededRandom(seed);
  let compared = 0;
  for (const messageName of Object.keys(descriptor.messages)) {
    const type = root.lookupType(messageName);
    for (let round = 0; round < rounds; round += 1) {
      const value = randomMessage(messageName, random, 3);
      const encoded = codec.encode(messageName, value);
      if (!encoded.ok) throw new Error(`${messageName} ${JSON.stringify(value)}: ${JSON.stringify(encoded.problems)}`);
      const ours = decode(messageName, encoded.value);
      const theirs = decode(messageName, type.encode(type.decode(encoded.value)).finish());
      expect(theirs, `${messageName} ${JSON.stringify(value)}`).toEqual(ours);
      expect(ours.unknownFields, messageName).toBe(0);
      const again = codec.encode(messageName, ours.value);
      expect(again.ok && Buffer.compare(again.value, encoded.value), `${messageName} ${JSON.stringify(value)}`).toBe(0);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(1_500);
});

function decode(messageName: string, bytes: Uint8Array) {
  const decoded = codec.decode(messageName, bytes);
  if (!decoded.ok) throw new Error(`${messageName}: ${JSON.stringify(decoded.problems)}`);
  return decoded.value;
}

function randomMessage(messageName: string, random: Random, depth: number): JsonObject {
  const fields = descriptor.messages[messageName] ?? [];
  const oneofs = new Set<string>();
  const values: Record<string, JsonValue> = {};
  for (const field of fields) {
    if (random.next() < 0.5 || (field.oneof !== undefined && oneofs.has(field.oneof))) continue;
    if (depth === 0 && isNested(field)) continue;
    // protobufjs hashes such keys and, where they come as numbers, takes them all for one.
    if (field.mapKey?.endsWith('64') === true) continue;
    if (field.oneof !== undefined) oneofs.add(field.oneof);
    values[random.next() < 0.5 ? field.name : lowerCamel(field.name)] = randomField(field, random, depth);
  }
  return values;
}

/** Messages inside of messages, but for those that are written as one value. */
function isNested({ type }: FieldJson): boolean {
  return Object.hasOwn(descriptor.messages, type) || type === 'google.protobuf.Any';
}

function randomField(field: FieldJson, random: Random, depth: number): JsonValue {
  const one = () => randomValue(field.type, random, depth - 1);
  const count = Math.floor(random.next() * 3);
  if (field.mapKey !== undefined) {
    const key = (index: number) => (field.mapKey === 'bool' ? String(index === 0) : field.mapKey === 'string' ? `key ${index}` : String(index));
    return Object.fromEntries(Array.from({ length: Math.min(count, 2) }, (_unused, index) => [key(index), one()]));
  }
  return field.repeated === true ? Array.from({ length: count }, one) : one();
}

function randomValue(type: string, random: Random, depth: number): JsonValue {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
  const make = scalars[type];
  if (make) return pick(make);
  if (Object.hasOwn(descriptor.enums, type)) return pick(Object.keys(descriptor.enums[type] as object));
  if (type === 'google.protobuf.Any') return pick(anys);
  return randomMessage(type, random, Math.max(depth, 0));
}

const integers32: readonly JsonValue[] = [0, 1, 2_147_483_647, '7'];
const signed32: readonly JsonValue[] = [...integers32, -1, -2_147_483_648];
const integers64: readonly JsonValue[] = [0, 1, 9_007_199_254_740_991, '9223372036854775807'];
const doubles: readonly JsonValue[] = [0, -0, 0.1, -1.5, 1e300, 5e-324, 'NaN', 'Infinity', '-Infinity', '2.5e-3'];
const floats: readonly JsonValue[] = [0, 0.1, -1.5, 1e30, 'NaN', 'Infinity'];
const texts: readonly JsonValue[] = ['', 'text', 'ünï ☃ 𝄞', '"\\\u0000'];
const bytes: readonly JsonValue[] = ['', 'AA==', '/+8='];
const structs: readonly JsonValue[] = [{}, { a: null, b: [1, 'x', [], { c: true }], '': -1.5 }];

/** Values of each scalar, and of each message that is written as one value. */
const scalars: Readonly<Record<string, readonly JsonValue[]>> = {
  double: doubles,
  float: floats,
  int32: signed32,
  sint32: signed32,
  sfixed32: signed32,
  uint32: [...integers32, 4_294_967_295],
  fixed32: [...integers32, 4_294_967_295],
  int64: [...integers64, -1, '-9223372036854775808'],
  sint64: [...integers64, -1],
  sfixed64: [...integers64, -1],
  uint64: [...integers64, '18446744073709551615'],
  fixed64: [...integers64, '18446744073709551615'],
  bool: [true, false],
  string: texts,
  bytes,
  'google.protobuf.DoubleValue': doubles,
  'google.protobuf.FloatValue': floats,
  'google.protobuf.Int32Value': signed32,
  'google.protobuf.UInt32Value': integers32,
  'google.protobuf.Int64Value': integers64,
  'google.protobuf.UInt64Value': integers64,
  'google.protobuf.BoolValue': [true, false],
  'google.protobuf.StringValue': texts,
  'google.protobuf.BytesValue': bytes,
  'google.protobuf.Duration': ['0s', '1.5s', '-0.000000001s', '315576000000s'],
  'google.protobuf.Timestamp': ['1970-01-01T00:00:00Z', '2026-01-31T12:00:00.000000001Z', '0001-01-01T00:00:00Z'],
  'google.protobuf.Struct': structs,
  'google.protobuf.NullValue': [null, 'NULL_VALUE'],
  'google.protobuf.Value': [null, 1.5, 'x', false, {}, [[]]],
  'google.protobuf.ListValue': [[], [null, { a: 1 }]],
  'google.protobuf.Empty': [{}],
  'google.protobuf.FieldMask': ['', 'a,bC.dE'],
};

const url = (name: string) => `type.googleapis.com/${name}`;
const anys: readonly JsonValue[] = [
  { '@type': url('google.protobuf.Duration'), value: '1.5s' },
  { '@type': url('google.protobuf.Struct'), value: { a: [1] } },
  { '@type': url('envoy.extensions.filters.http.router.v3.Router'), suppress_envoy_headers: true },
  { '@type': url('xds.type.v3.TypedStruct'), type_url: 'x/y', value: { deep: { deeper: [null] } } },
  { '@type': url('udpa.type.v1.TypedStruct'), type_url: 'x/y', value: {} },
  { '@type': url('some.Unknown'), '@bytes': 'CAE=' },
];

function lowerCamel(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

function parsePublishedProtos(): protobuf.Root {
  const require = createRequire(import.meta.url);
  const deps = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const folders = ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((folder) => join(deps, folder));
  folders.push(dirname(require.resolve('protobufjs/package.json')), fileURLToPath(new URL('../../proto', import.meta.url)));
  const parsed = new protobuf.Root();
  parsed.resolvePath = (_origin, target) => folders.map((folder) => join(folder, ownNames[target] ?? target)).find(existsSync) ?? target;
  const files = descriptorSets.filter(({ name }) => name !== 'admin').flatMap(({ roots }) => roots.map(({ file }) => file));
  parsed.loadSync(files, { keepCase: true });
  return parsed;
}
