/** Bytes to JSON, along the descriptor. What the descriptor does not know is skipped and counted. */
import protobuf, { type Reader } from 'protobufjs/minimal.js';

import { messageNameOf } from '../type-urls.ts';
import type { Descriptor, Field, Message } from './descriptor.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { opaqueBytesKey } from './json-to-wire.ts';
import { isDefault, readScalar, wireTypeOf } from './scalars.ts';
import { endOfNested, hasOwnJson, readWellKnown } from './well-known.ts';

/** Messages nested deeper than this are refused, as protobuf's own parsers do by default. */
const depthMax = 100;

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
    const values = new Map<string, JsonValue>();
    const oneofs = new Map<string, string>();
    while (reader.pos < end) {
      const tag = reader.uint32();
      const field = message.byId.get(tag >>> 3);
      if (field === undefined || !isFramedAs(field, tag & 7)) {
        this.unknownFields += 1;
        reader.skipType(tag & 7);
        continue;
      }
      if (field.oneof !== undefined) {
        // The last member of a oneof on the wire is the one that counts.
        const earlier = oneofs.get(field.oneof);
        if (earlier !== undefined && earlier !== field.name) values.delete(earlier);
        oneofs.set(field.oneof, field.name);
      }
      this.#readField(reader, field, tag & 7, end, values);
    }
    if (reader.pos !== end) throw new RangeError(`message ends at byte ${end}, its last field at ${reader.pos}`);
    return Object.fromEntries(values);
  }

  #readField(reader: Reader, field: Field, wireType: number, end: number, values: Map<string, JsonValue>): void {
    switch (field.cardinality) {
      case 'one': {
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
        return;
      }
      case 'map': {
        const [key, value] = this.#readEntry(reader, field, endOfNested(reader, end));
        const entries = Object.entries((values.get(field.name) ?? {}) as JsonObject).filter(([known]) => known !== key);
        values.set(field.name, Object.fromEntries([...entries, [key, value]]));
      }
    }
  }

  #readOne(reader: Reader, field: Field, end: number): JsonValue {
    if (field.value.kind === 'message') return this.#read(reader, field.value.name, endOfNested(reader, end));
    if (field.value.kind === 'scalar') return readScalar(reader, field.value.type);
    const number = reader.int32();
    if (field.value.values.name === 'google.protobuf.NullValue') return null;
    return field.value.values.byNumber.get(number) ?? number;
  }

  #readEntry(reader: Reader, field: Field, end: number): [string, JsonValue] {
    let key = '';
    let value: JsonValue | undefined;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) key = String(readScalar(reader, field.mapKey));
      else if (tag >>> 3 === 2) value = this.#readOne(reader, field, end);
      else reader.skipType(tag & 7);
    }
    return [key, value ?? this.#defaultOf(field)];
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
   * An `Any` of a known type is its fields beside `@type`. One of an unknown type keeps its bytes, in base64 under
   * a key no message can have, so that whoever reads it sees the type and can refuse it or pass it on.
   */
  #readAny(reader: Reader, end: number): JsonObject {
    let typeUrl = '';
    let bytes: Uint8Array = new Uint8Array(0);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) typeUrl = reader.string();
      else if (tag >>> 3 === 2) bytes = reader.bytes();
      else reader.skipType(tag & 7);
    }
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
