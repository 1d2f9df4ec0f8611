/** Bytes to JSON, along the descriptor. What the descriptor does not know is skipped and counted. */
import protobuf, { type Reader } from 'protobufjs/minimal.js';

import { messageNameOf } from '../type-urls.ts';
import type { Descriptor, Field, Message, ScalarType } from './descriptor.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { checkEnd, depthMax, eachField, endOfNested, readBytes, readTag, readText, readVarint32, skipField, tagOf } from './framing.ts';
import { opaqueBytesKey } from './json-to-wire.ts';
import { isDefault, readScalar, wireTypeOf } from './scalars.ts';
import { hasOwnJson, readWellKnown } from './well-known.ts';

/** The fields of one message as far as they have been read. */
interface Reading {
  readonly values: Map<string, JsonValue>;
  /** By field name; they become objects at the end, since an object made anew for each entry costs the square of them. */
  maps?: Map<string, Map<string, JsonValue>>;
  /** Messages that may come again: proto3 takes all occurrences together as one. */
  occurrences?: Map<Field, Occurrence>;
}

interface Occurrence {
  /** Where the length of the first begins. */
  readonly start: number;
  /** How many unknown fields were counted in it. */
  readonly unknownFields: number;
  /** All of them; only when there are several. */
  parts?: Uint8Array[];
}

export class WireToJson {
  unknownFields = 0;
  #depth = 0;
  readonly #descriptor: Descriptor;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /** Reads a whole message. Throws a RangeError or an Error of protobufjs when the bytes are not one. */
  readAll(message: Message, bytes: Uint8Array): JsonObject {
    const reader = protobuf.Reader.create(bytes);
    return this.#readFields(reader, message, reader.len);
  }

  #read(reader: Reader, messageName: string, end: number): JsonValue {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new RangeError(`messages are nested more than ${depthMax} deep`);
    const value = this.#readNamed(reader, messageName, end);
    this.#depth -= 1;
    return value;
  }

  #readNamed(reader: Reader, messageName: string, end: number): JsonValue {
    if (messageName === 'google.protobuf.Any') return this.#readAny(reader, end);
    if (hasOwnJson(messageName)) return readWellKnown(reader, messageName, end);
    const message = this.#descriptor.message(messageName);
    if (message === undefined) throw new RangeError(`type ${messageName} is not known here`);
    return this.#readFields(reader, message, end);
  }

  #readFields(reader: Reader, message: Message, end: number): JsonObject {
    const reading: Reading = { values: new Map() };
    const oneofs = new Map<string, Field>();
    while (reader.pos < end) {
      const tag = readTag(reader);
      const field = message.byId.get(tag >>> 3);
      if (field === undefined || !isFramedAs(field, tag & 7)) {
        this.#skipUnknown(reader, tag);
        continue;
      }
      if (field.oneof !== undefined) {
        // The last member of a oneof on the wire is the one that counts.
        const earlier = oneofs.get(field.oneof);
        if (earlier !== undefined && earlier !== field) {
          reading.values.delete(earlier.name);
          reading.occurrences?.delete(earlier);
        }
        oneofs.set(field.oneof, field);
      }
      this.#readField(reader, field, tag & 7, end, reading);
    }
    checkEnd(reader, end);
    this.#mergeOccurrences(reading);
    for (const [name, entries] of reading.maps ?? []) reading.values.set(name, Object.fromEntries(entries));
    return Object.fromEntries(reading.values);
  }

  #skipUnknown(reader: Reader, tag: number): void {
    this.unknownFields += 1;
    skipField(reader, tag);
  }

  #readField(reader: Reader, field: Field, wireType: number, end: number, reading: Reading): void {
    const { values } = reading;
    switch (field.cardinality) {
      case 'one': {
        if (field.value.kind === 'message') {
          this.#readSingular(reader, field, end, reading);
          return;
        }
        const value = this.#readOne(reader, field, end);
        if (field.hasPresence || !isFieldDefault(field, value)) values.set(field.name, value);
        else values.delete(field.name);
        return;
      }
      case 'repeated': {
        const list = (values.get(field.name) ?? []) as JsonValue[];
        values.set(field.name, list);
        const isPacked = wireType === 2 && elementWireType(field) !== 2;
        if (!isPacked) {
          list.push(this.#readOne(reader, field, end));
          return;
        }
        const packedEnd = endOfNested(reader, end);
        while (reader.pos < packedEnd) list.push(this.#readOne(reader, field, packedEnd));
        checkEnd(reader, packedEnd);
        return;
      }
      case 'map': {
        const [key, value] = this.#readEntry(reader, field, endOfNested(reader, end));
        const maps = (reading.maps ??= new Map<string, Map<string, JsonValue>>());
        const entries = maps.get(field.name) ?? new Map<string, JsonValue>();
        // An entry that comes again stands where the last one does.
        entries.delete(key);
        maps.set(field.name, entries.set(key, value));
      }
    }
  }

  /** The first occurrence is read at once; when there are more, all are read as one at the end. */
  #readSingular(reader: Reader, field: Field, end: number, reading: Reading): void {
    const occurrences = (reading.occurrences ??= new Map<Field, Occurrence>());
    const known = occurrences.get(field);
    if (known !== undefined) {
      known.parts ??= [bytesAt(reader, known.start)];
      known.parts.push(readBytes(reader));
      return;
    }
    const { pos: start } = reader;
    const counted = this.unknownFields;
    reading.values.set(field.name, this.#readOne(reader, field, end));
    occurrences.set(field, { start, unknownFields: this.unknownFields - counted });
  }

  #mergeOccurrences({ values, occurrences }: Reading): void {
    for (const [field, { parts, unknownFields }] of occurrences ?? []) {
      if (parts === undefined || field.value.kind !== 'message') continue;
      this.unknownFields -= unknownFields;
      const bytes = Buffer.concat(parts);
      values.set(field.name, this.#read(protobuf.Reader.create(bytes), field.value.name, bytes.length));
    }
  }

  #readOne(reader: Reader, field: Field, end: number): JsonValue {
    if (field.value.kind === 'message') return this.#read(reader, field.value.name, endOfNested(reader, end));
    if (field.value.kind === 'scalar') return readScalar(reader, field.value.type);
    const number = readVarint32(reader) | 0;
    if (field.value.values.name === 'google.protobuf.NullValue') return null;
    return field.value.values.byNumber.get(number) ?? number;
  }

  #readEntry(reader: Reader, field: Field, end: number): [string, JsonValue] {
    const keyTag = tagOf(1, wireTypeOf(field.mapKey));
    const valueTag = tagOf(2, elementWireType(field));
    let key: string | undefined;
    let value: JsonValue | undefined;
    eachField(reader, end, (tag) => {
      if (tag === keyTag) key = String(readScalar(reader, field.mapKey));
      else if (tag === valueTag) value = this.#readOne(reader, field, end);
      else this.#skipUnknown(reader, tag);
      return true;
    });
    return [key ?? defaultKeys[field.mapKey] ?? '0', value ?? this.#defaultOf(field)];
  }

  /** What an entry without a value has. */
  #defaultOf(field: Field): JsonValue {
    const empty = protobuf.Reader.create(new Uint8Array(0));
    if (field.value.kind === 'message') return this.#readNamed(empty, field.value.name, 0);
    if (field.value.kind === 'enum') return field.value.values.byNumber.get(0) ?? 0;
    const { type } = field.value;
    return type === 'bool' ? false : type === 'string' || type === 'bytes' ? '' : 0;
  }

  /**
   * An `Any` of a known type is its fields beside `@type`, and one of none is empty. One of an unknown type keeps its bytes, in base64 under
   * a key no message can have, so that whoever reads it sees the type and can refuse it or pass it on.
   */
  #readAny(reader: Reader, end: number): JsonObject {
    let typeUrl = '';
    let bytes: Uint8Array = new Uint8Array(0);
    eachField(reader, end, (tag) => {
      if (tag === tagOf(1, 2)) typeUrl = readText(reader);
      else if (tag === tagOf(2, 2)) bytes = readBytes(reader);
      else this.#skipUnknown(reader, tag);
      return true;
    });
    if (typeUrl === '' && bytes.length === 0) return {};
    const messageName = messageNameOf(typeUrl);
    const inner = protobuf.Reader.create(bytes);
    if (messageName === 'google.protobuf.Any' || hasOwnJson(messageName)) {
      return { '@type': typeUrl, value: this.#read(inner, messageName, inner.len) };
    }
    if (this.#descriptor.message(messageName) === undefined) {
      return { '@type': typeUrl, [opaqueBytesKey]: Buffer.from(bytes).toString('base64') };
    }
    return { '@type': typeUrl, ...(this.#read(inner, messageName, inner.len) as JsonObject) };
  }
}

/** The key of an entry that has none; numbers have 0. */
const defaultKeys: Partial<Record<ScalarType, string>> = { string: '', bool: 'false' };

function bytesAt({ buf }: Reader, start: number): Uint8Array {
  const reader = protobuf.Reader.create(buf);
  reader.pos = start;
  return readBytes(reader);
}

function elementWireType(field: Field): number {
  if (field.value.kind === 'message') return 2;
  return field.value.kind === 'enum' ? 0 : wireTypeOf(field.value.type);
}

/** A field framed otherwise than its type says is not the field we know. */
function isFramedAs(field: Field, wireType: number): boolean {
  if (field.cardinality === 'map') return wireType === 2;
  return wireType === elementWireType(field) || (field.cardinality === 'repeated' && wireType === 2);
}

function isFieldDefault(field: Field, value: JsonValue): boolean {
  if (field.value.kind === 'scalar') return isDefault(field.value.type, value);
  return field.value.kind === 'enum' && (value === 0 || value === field.value.values.byNumber.get(0));
}
