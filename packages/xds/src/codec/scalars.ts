/** The scalar types of proto3: checking JSON values, writing and reading them. */
import type { Reader, Writer } from 'protobufjs/minimal.js';

import type { ScalarType } from './descriptor.ts';
import { readBool, readBytes, readText, readVarint32 } from './framing.ts';
import type { JsonValue } from './json.ts';

type Scalar = boolean | number | string | Uint8Array;

/** A value that fits the type, or what is wrong with it. */
type ParsedScalar = { readonly ok: true; readonly value: Scalar } | { readonly ok: false; readonly message: string };

const integerRanges: Partial<Record<ScalarType, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

const wireTypes: Readonly<Record<ScalarType, number>> = {
  double: 1,
  float: 5,
  int32: 0,
  uint32: 0,
  sint32: 0,
  fixed32: 5,
  sfixed32: 5,
  int64: 0,
  uint64: 0,
  sint64: 0,
  fixed64: 1,
  sfixed64: 1,
  bool: 0,
  string: 2,
  bytes: 2,
};

/** How a value of the type is framed: 0 varint, 1 eight bytes, 2 length first, 5 four bytes. */
export function wireTypeOf(type: ScalarType): number {
  return wireTypes[type];
}

/** What a field of the type has when it is not set. */
export function isDefault(type: ScalarType, value: Scalar | JsonValue): boolean {
  if (type === 'bool') return value === false;
  if (type === 'string') return value === '';
  if (type === 'bytes') return value instanceof Uint8Array ? value.length === 0 : value === '';
  // -0 is not the default: it has bytes of its own.
  return Object.is(value, 0) || value === '0';
}

/** Checks a JSON value. Numbers may also be written as strings, as proto3 JSON allows. */
export function parseScalar(type: ScalarType, json: JsonValue): ParsedScalar {
  if (type === 'bool') return typeof json === 'boolean' ? accept(json) : refuse(json, 'true or false');
  if (type === 'string') return typeof json === 'string' && json.isWellFormed() ? accept(json) : refuse(json, typeof json === 'string' ? 'text without halves of characters' : 'a string');
  if (type === 'bytes') return parseBytes(json);
  const range = integerRanges[type];
  return range === undefined ? parseFloating(type, json) : parseInteger(json, range);
}

function parseInteger(json: JsonValue, [least, most]: readonly [bigint, bigint]): ParsedScalar {
  const value = wholeNumber(json);
  if (value === undefined) return refuse(json, 'a whole number');
  if (value < least || value > most) return refuse(json, `a whole number from ${least} to ${most}`);
  // protobufjs takes 64 bits as text where a number would lose digits.
  const asNumber = Number(value);
  return accept(Number.isSafeInteger(asNumber) ? asNumber : value.toString());
}

/** As text as well, there too in any way that JSON writes numbers: `1e3`, `1.0`. */
function wholeNumber(json: JsonValue): bigint | undefined {
  if (typeof json === 'string' && /^-?\d+$/.test(json)) return BigInt(json);
  const number = typeof json === 'string' && floatingText.test(json) ? Number(json) : json;
  return typeof number === 'number' && Number.isInteger(number) ? BigInt(number) : undefined;
}

/** As JSON writes numbers, and the three that it has no way to write. */
const floatingText = /^(?:-?(?:\d+(?:\.\d+)?)(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/;

function parseFloating(type: ScalarType, json: JsonValue): ParsedScalar {
  const value = typeof json === 'string' && floatingText.test(json) ? Number(json) : json;
  if (typeof value !== 'number') return refuse(json, 'a number');
  if (type === 'float' && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    return refuse(json, 'a number that fits 32 bits');
  }
  return accept(value);
}

function parseBytes(json: JsonValue): ParsedScalar {
  // Four characters are three bytes; one left over is none.
  if (typeof json !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json) || json.replace(/=+$/, '').length % 4 === 1) return refuse(json, 'bytes in base64');
  return accept(Buffer.from(json, 'base64'));
}

function accept(value: Scalar): ParsedScalar {
  return { ok: true, value };
}

function refuse(found: JsonValue, wanted: string): ParsedScalar {
  return { ok: false, message: `is ${JSON.stringify(found)}, must be ${wanted}` };
}

/** Writes what `parseScalar` gave, without a tag. */
export function writeScalar(writer: Writer, type: ScalarType, value: Scalar): void {
  switch (type) {
    case 'bool':
      writer.bool(value as boolean);
      return;
    case 'string':
      writer.string(value as string);
      return;
    case 'bytes':
      writer.bytes(value as Uint8Array);
      return;
    default:
      writer[type](value as number);
  }
}

/** Reads one value without its tag, as JSON: 64 bits are numbers where safe and text otherwise, bytes are base64. */
export function readScalar(reader: Reader, type: ScalarType): JsonValue {
  switch (type) {
    case 'bytes':
      return Buffer.from(readBytes(reader)).toString('base64');
    case 'string':
      return readText(reader);
    case 'float':
      return floatingJson(shortestFloat(reader.float()));
    case 'double':
      return floatingJson(reader.double());
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64': {
      const text = String(reader[type]());
      const number = Number(text);
      return Number.isSafeInteger(number) ? number : text;
    }
    case 'bool':
      return readBool(reader);
    case 'int32':
      return readVarint32(reader) | 0;
    case 'uint32':
      return readVarint32(reader);
    case 'sint32': {
      const zigzag = readVarint32(reader);
      return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    default:
      return reader[type]();
  }
}

function floatingJson(value: number): JsonValue {
  return Number.isFinite(value) ? value : String(value);
}

/** The shortest decimal that is the same 32-bit float, so that 0.1 comes back as 0.1. */
function shortestFloat(value: number): number {
  if (!Number.isFinite(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}
