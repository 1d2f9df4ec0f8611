/** Values that fit a message, out of chance: a few fields each, often at the edges of what their types hold. */
import { ScalarType, type DescField, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { randomInt, type Random } from '@sluice/kernel';

const depthMax = 5;
const fieldsMax = 5;

const texts = ['', 'a', 'default/hello', 'é', '\u{1f600}', '\u0000', '__proto__', 'x'.repeat(200), '"', '*', '/'];
const integers = [0, 1, -1, 5, 127, 128, 300, 65535, 2 ** 31 - 1, -(2 ** 31)];
const naturals = [0, 1, 5, 127, 128, 300, 65535, 2 ** 32 - 1];
const long = ['0', '1', '-1', '9007199254740991', '9007199254740993', '9223372036854775807', '-9223372036854775808'];
const longNaturals = ['0', '1', '9007199254740993', '18446744073709551615'];
const floats: readonly JsonValue[] = [0, 1, -1, 0.5, 0.1, 1.5e10, -2.5, 100, 'NaN', 'Infinity', '-Infinity'];
const bytes = ['', 'AA==', 'AP8=', Buffer.from('x'.repeat(50)).toString('base64')];
const anyTypes = ['envoy.config.core.v3.Address', 'google.protobuf.Duration', 'google.protobuf.StringValue', 'google.protobuf.Struct', 'envoy.config.cluster.v3.Cluster'];

export function randomMessage(message: DescMessage, random: Random, resolve: (name: string) => DescMessage, depth = 0): JsonValue {
  const wellKnown = wellKnownJson(message.typeName, random, resolve, depth);
  if (wellKnown !== undefined) return wellKnown;
  const value: Record<string, JsonValue> = {};
  const oneofs = new Set<string>();
  const count = message.fields.length === 0 ? 0 : depth >= depthMax ? randomInt(random, 2) : 1 + randomInt(random, fieldsMax);
  for (let drawn = 0; drawn < count; drawn += 1) {
    const field = message.fields[randomInt(random, message.fields.length)] as DescField;
    if (depth >= depthMax && needsMessage(field)) continue;
    if (field.oneof) {
      if (oneofs.has(field.oneof.name)) continue;
      oneofs.add(field.oneof.name);
    }
    delete value[field.name];
    delete value[field.jsonName];
    value[randomInt(random, 4) === 0 ? field.jsonName : field.name] = randomField(field, random, resolve, depth);
  }
  return value;
}

function needsMessage({ message }: DescField): boolean {
  return message !== undefined && !message.typeName.startsWith('google.protobuf.');
}

function randomField(field: DescField, random: Random, resolve: (name: string) => DescMessage, depth: number): JsonValue {
  const one = (): JsonValue => {
    if (field.message) return randomMessage(field.message, random, resolve, depth + 1);
    if (field.enum) return randomEnum(field.enum.values, random);
    return randomScalar(field.scalar as ScalarType, random);
  };
  switch (field.fieldKind) {
    case 'list':
      return Array.from({ length: randomInt(random, 4) }, one);
    case 'map':
      return Object.fromEntries(Array.from({ length: randomInt(random, 3) }, () => [mapKey(field.mapKey, random), one()]));
    default:
      return one();
  }
}

function mapKey(type: ScalarType, random: Random): string {
  return type === ScalarType.BOOL ? pick(['true', 'false'], random) : String(randomScalar(type, random));
}

function randomEnum(values: readonly { readonly name: string; readonly number: number }[], random: Random): JsonValue {
  const draw = randomInt(random, 8);
  if (draw === 0) return 7777;
  const { name, number } = pick(values, random);
  return draw === 1 ? number : name;
}

export function randomScalar(type: ScalarType, random: Random): JsonValue {
  switch (type) {
    case ScalarType.BOOL:
      return randomInt(random, 2) === 0;
    case ScalarType.STRING:
      return pick(texts, random);
    case ScalarType.BYTES:
      return pick(bytes, random);
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return pick(floats, random);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return pick(long, random);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return pick(longNaturals, random);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return pick(naturals, random);
    default:
      return pick(integers, random);
  }
}

const scalarOf: Readonly<Record<string, ScalarType>> = {
  DoubleValue: ScalarType.DOUBLE,
  FloatValue: ScalarType.FLOAT,
  Int64Value: ScalarType.INT64,
  UInt64Value: ScalarType.UINT64,
  Int32Value: ScalarType.INT32,
  UInt32Value: ScalarType.UINT32,
  BoolValue: ScalarType.BOOL,
  StringValue: ScalarType.STRING,
  BytesValue: ScalarType.BYTES,
};

/** Of the messages whose JSON is not an object of their fields; undefined for all others. */
function wellKnownJson(typeName: string, random: Random, resolve: (name: string) => DescMessage, depth: number): JsonValue | undefined {
  if (!typeName.startsWith('google.protobuf.')) return undefined;
  const name = typeName.slice('google.protobuf.'.length);
  const wrapped = scalarOf[name];
  if (wrapped !== undefined) return randomScalar(wrapped, random);
  switch (name) {
    case 'Duration':
      return pick(['0s', '1s', '0.25s', '-1.5s', '0.000000001s', '-0.5s', '315576000000s', '15.100s'], random);
    case 'Timestamp':
      return pick(['1970-01-01T00:00:00Z', '2026-01-31T12:00:00.12Z', '1969-12-31T23:59:59.5Z', '9999-12-31T23:59:59.999999999Z', '2026-01-31T12:00:00+01:00'], random);
    case 'FieldMask':
      return pick(['', 'a', 'fooBar,baz', 'a.bC'], random);
    case 'Empty':
      return {};
    case 'Struct':
      return randomStruct(random, depth);
    case 'ListValue':
      return Array.from({ length: randomInt(random, 3) }, () => randomValue(random, depth + 1));
    case 'Value':
      return randomValue(random, depth + 1);
    case 'Any': {
      if (depth >= depthMax) return {};
      const inner = pick(anyTypes, random);
      const json = randomMessage(resolve(inner), random, resolve, depth + 2);
      const type = { '@type': `type.googleapis.com/${inner}` };
      return inner.startsWith('google.protobuf.') ? { ...type, value: json } : { ...type, ...(json as Record<string, JsonValue>) };
    }
    default:
      return undefined;
  }
}

function randomStruct(random: Random, depth: number): JsonValue {
  return Object.fromEntries(Array.from({ length: randomInt(random, 3) }, () => [pick(texts, random), randomValue(random, depth + 1)]));
}

function randomValue(random: Random, depth: number): JsonValue {
  switch (randomInt(random, depth >= depthMax ? 4 : 6)) {
    case 0:
      return null;
    case 1:
      return pick([0, 1, -1, 0.1, 1e300], random);
    case 2:
      return pick(texts, random);
    case 3:
      return randomInt(random, 2) === 0;
    case 4:
      return randomStruct(random, depth);
    default:
      return Array.from({ length: randomInt(random, 3) }, () => randomValue(random, depth + 1));
  }
}

export function pick<T>(list: readonly T[], random: Random): T {
  return list[randomInt(random, list.length)] as T;
}
