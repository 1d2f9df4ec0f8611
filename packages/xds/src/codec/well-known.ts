/**
 * The google.protobuf messages whose JSON is not an object of their fields: durations, time stamps,
 * structs, wrappers. `Any` is not here, since it needs the descriptor.
 */
import type { Reader, Writer } from 'protobufjs/minimal.js';

import type { ScalarType } from './descriptor.ts';
import { eachField, readText, readVarint32, tagOf } from './framing.ts';
import { isJsonObject, type JsonValue } from './json.ts';
import { isDefault, parseScalar, readScalar, wireTypeOf, writeScalar } from './scalars.ts';
import { readList, readStruct, readValue, writeList, writeStruct, writeValue } from './struct-wire.ts';

const wrappers: Readonly<Record<string, ScalarType>> = {
  'google.protobuf.DoubleValue': 'double',
  'google.protobuf.FloatValue': 'float',
  'google.protobuf.Int64Value': 'int64',
  'google.protobuf.UInt64Value': 'uint64',
  'google.protobuf.Int32Value': 'int32',
  'google.protobuf.UInt32Value': 'uint32',
  'google.protobuf.BoolValue': 'bool',
  'google.protobuf.StringValue': 'string',
  'google.protobuf.BytesValue': 'bytes',
};

interface WellKnown {
  /** Writes, or says what is wrong. */
  write(writer: Writer, json: JsonValue): string | undefined;
  read(reader: Reader, end: number): JsonValue;
}

const wellKnown: Readonly<Record<string, WellKnown>> = {
  'google.protobuf.Duration': { write: writeDuration, read: readDuration },
  'google.protobuf.Timestamp': { write: writeTimestamp, read: readTimestamp },
  'google.protobuf.Struct': {
    write: (writer, json) => (isJsonObject(json) ? writeStruct(writer, json) : refuse(json, 'an object')),
    read: (reader, end) => readStruct(reader, end),
  },
  'google.protobuf.Value': { write: (writer, json) => writeValue(writer, json), read: (reader, end) => readValue(reader, end) },
  'google.protobuf.ListValue': {
    write: (writer, json) =>
      Array.isArray(json) ? writeList(writer, json as readonly JsonValue[]) : refuse(json, 'a list'),
    read: (reader, end) => readList(reader, end),
  },
  'google.protobuf.FieldMask': { write: writeFieldMask, read: readFieldMask },
  'google.protobuf.Empty': {
    write: (_writer, json) => (isJsonObject(json) && Object.keys(json).length === 0 ? undefined : refuse(json, '{}')),
    read: (reader, end) => {
      eachField(reader, end, () => false);
      return {};
    },
  },
  ...Object.fromEntries(Object.entries(wrappers).map(([name, type]) => [name, wrapper(type)])),
};

/** Whether the message is one of those here. */
export function hasOwnJson(messageName: string): boolean {
  return Object.hasOwn(wellKnown, messageName);
}

/** Writes the message's fields; gives what is wrong, or undefined. */
export function writeWellKnown(writer: Writer, messageName: string, json: JsonValue): string | undefined {
  return (wellKnown[messageName] as WellKnown).write(writer, json);
}

/** Reads the message that ends at `end`. */
export function readWellKnown(reader: Reader, messageName: string, end: number): JsonValue {
  return (wellKnown[messageName] as WellKnown).read(reader, end);
}

function refuse(found: JsonValue, wanted: string): string {
  return `is ${JSON.stringify(found)}, must be ${wanted}`;
}

function wrapper(type: ScalarType): WellKnown {
  const tagOfValue = tagOf(1, wireTypeOf(type));
  return {
    write(writer, json) {
      const parsed = parseScalar(type, json);
      if (!parsed.ok) return parsed.message;
      if (!isDefault(type, parsed.value)) {
        writer.uint32(tagOfValue);
        writeScalar(writer, type, parsed.value);
      }
      return undefined;
    },
    read(reader, end) {
      let value: JsonValue = type === 'bool' ? false : type === 'string' || type === 'bytes' ? '' : 0;
      eachField(reader, end, (tag) => {
        if (tag !== tagOfValue) return false;
        value = readScalar(reader, type);
        return true;
      });
      return value;
    },
  };
}

function writeSecondsAndNanos(writer: Writer, seconds: number, nanos: number): void {
  if (seconds !== 0) writer.uint32(1 << 3).int64(seconds);
  if (nanos !== 0) writer.uint32(2 << 3).int32(nanos);
}

function readSecondsAndNanos(reader: Reader, end: number): { seconds: number; nanos: number } {
  let seconds = 0;
  let nanos = 0;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, 0)) seconds = Number(reader.int64());
    else if (tag === tagOf(2, 0)) nanos = readVarint32(reader) | 0;
    else return false;
    return true;
  });
  return { seconds, nanos };
}

/** `1.5s`, up to nine decimals, up to 10,000 years either way. */
function writeDuration(writer: Writer, json: JsonValue): string | undefined {
  const match = typeof json === 'string' ? /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(json) : null;
  if (match === null || Number(match[2]) > 315_576_000_000) return refuse(json, 'a duration like "1.5s"');
  const sign = match[1] === '-' ? -1 : 1;
  writeSecondsAndNanos(writer, sign * Number(match[2]), sign * Number((match[3] ?? '').padEnd(9, '0')));
  return undefined;
}

function readDuration(reader: Reader, end: number): JsonValue {
  const { seconds, nanos } = readSecondsAndNanos(reader, end);
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** With three, six or nine digits, as proto3's JSON is written. */
function fraction(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/(?:000){1,2}$/, '')}`;
}

/** In ms since the epoch; before it there are no time stamps. */
const yearOne = Date.parse('0001-01-01T00:00:00Z');

/** RFC 3339. */
function writeTimestamp(writer: Writer, json: JsonValue): string | undefined {
  const match =
    typeof json === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(json) : null;
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (match === null || Number.isNaN(ms) || ms < yearOne) return refuse(json, 'a time like "2026-01-31T12:00:00Z"');
  writeSecondsAndNanos(writer, ms / 1000, Number((match[2] ?? '').padEnd(9, '0')));
  return undefined;
}

function readTimestamp(reader: Reader, end: number): JsonValue {
  const { seconds, nanos } = readSecondsAndNanos(reader, end);
  const date = new Date(seconds * 1000);
  // A peer can send a time that no calendar has; it must not end the stream.
  if (Number.isNaN(date.getTime())) return `${seconds}${fraction(nanos)}`;
  return date.toISOString().replace('.000Z', `${fraction(nanos)}Z`);
}

/** Paths in lowerCamelCase, with commas between. */
function writeFieldMask(writer: Writer, json: JsonValue): string | undefined {
  if (typeof json !== 'string') return refuse(json, 'field paths with commas between');
  for (const path of json.split(',').filter((part) => part !== '')) {
    writer.uint32((1 << 3) | 2).string(path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  }
  return undefined;
}

function readFieldMask(reader: Reader, end: number): JsonValue {
  const paths: string[] = [];
  eachField(reader, end, (tag) => {
    if (tag !== tagOf(1, 2)) return false;
    paths.push(readText(reader).replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase()));
    return true;
  });
  return paths.join(',');
}
