/** `google.protobuf.Struct`, `Value` and `ListValue`: JSON of any shape, on the wire. */
import type { Reader, Writer } from 'protobufjs/minimal.js';

import { depthMax, eachField, endOfNested, readBool, readText, readVarint32, tagOf } from './framing.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { readScalar } from './scalars.ts';

/** Of a Value: null 1, number 2, string 3, bool 4, struct 5, list 6. */
const valueTags = {
  null: tagOf(1, 0),
  number: tagOf(2, 1),
  string: tagOf(3, 2),
  bool: tagOf(4, 0),
  struct: tagOf(5, 2),
  list: tagOf(6, 2),
} as const;

/** The only field of a Struct and of a ListValue; the key of an entry. */
const first = tagOf(1, 2);
/** The value of an entry. */
const second = tagOf(2, 2);

const tooDeep = `is nested more than ${depthMax} deep`;

const halfText = 'has text with half a character in it';

/** Gives what is wrong, or undefined. */
export function writeStruct(writer: Writer, json: JsonObject, depth = 0): string | undefined {
  let failure: string | undefined;
  for (const key of Object.keys(json).sort()) {
    writer.uint32(first).fork();
    writer.uint32(first).string(key);
    writer.uint32(second).fork();
    const wrong = writeValue(writer, json[key] as JsonValue, depth + 1);
    failure ??= key.isWellFormed() ? wrong : halfText;
    writer.ldelim().ldelim();
  }
  return failure;
}

export function writeList(writer: Writer, values: readonly JsonValue[], depth = 0): string | undefined {
  let failure: string | undefined;
  for (const value of values) {
    writer.uint32(first).fork();
    const wrong = writeValue(writer, value, depth + 1);
    failure ??= wrong;
    writer.ldelim();
  }
  return failure;
}

export function writeValue(writer: Writer, json: JsonValue, depth = 0): string | undefined {
  if (depth > depthMax) return tooDeep;
  if (typeof json === 'string' && !json.isWellFormed()) return halfText;
  if (json === null) writer.uint32(valueTags.null).int32(0);
  else if (typeof json === 'number') writer.uint32(valueTags.number).double(json);
  else if (typeof json === 'string') writer.uint32(valueTags.string).string(json);
  else if (typeof json === 'boolean') writer.uint32(valueTags.bool).bool(json);
  else {
    const isObject = isJsonObject(json);
    writer.uint32(isObject ? valueTags.struct : valueTags.list).fork();
    const failure = isObject ? writeStruct(writer, json, depth) : writeList(writer, json, depth);
    writer.ldelim();
    return failure;
  }
  return undefined;
}

export function readStruct(reader: Reader, end: number, depth = 0): JsonObject {
  const entries: [string, JsonValue][] = [];
  eachField(reader, end, (tag) => {
    if (tag !== first) return false;
    entries.push(readEntry(reader, endOfNested(reader, end), depth));
    return true;
  });
  // fromEntries defines `__proto__` as a key like any other, where an assignment would not.
  return Object.fromEntries(entries);
}

function readEntry(reader: Reader, end: number, depth: number): [string, JsonValue] {
  let key = '';
  let value: JsonValue = null;
  eachField(reader, end, (tag) => {
    if (tag === first) key = readText(reader);
    else if (tag === second) value = readValue(reader, endOfNested(reader, end), depth + 1);
    else return false;
    return true;
  });
  return [key, value];
}

export function readList(reader: Reader, end: number, depth = 0): readonly JsonValue[] {
  const values: JsonValue[] = [];
  eachField(reader, end, (tag) => {
    if (tag !== first) return false;
    values.push(readValue(reader, endOfNested(reader, end), depth + 1));
    return true;
  });
  return values;
}

export function readValue(reader: Reader, end: number, depth = 0): JsonValue {
  if (depth > depthMax) throw new RangeError(`a value ${tooDeep}`);
  let value: JsonValue = null;
  eachField(reader, end, (tag) => {
    switch (tag) {
      case valueTags.null:
        readVarint32(reader);
        value = null;
        return true;
      case valueTags.number:
        value = readScalar(reader, 'double');
        return true;
      case valueTags.string:
        value = readText(reader);
        return true;
      case valueTags.bool:
        value = readBool(reader);
        return true;
      case valueTags.struct:
        value = readStruct(reader, endOfNested(reader, end), depth);
        return true;
      case valueTags.list:
        value = readList(reader, endOfNested(reader, end), depth);
        return true;
      default:
        return false;
    }
  });
  return value;
}
