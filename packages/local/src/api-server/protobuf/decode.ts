/**
 * An object that came as Kubernetes protobuf, as JSON. The bytes are an envelope that names the kind, and
 * the kind's message within. What is not in the tables is refused, never dropped.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject, setKey } from '../json.ts';
import { MESSAGES } from './messages.ts';
import { readFields, type WireField } from './wire.ts';

/** `k8s` and a zero: every Kubernetes protobuf begins so. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/** @throws RangeError on damaged bytes, and on messages and fields outside the tables */
export function decodeKubernetesProtobuf(bytes: Uint8Array): JsonObject {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) throw new RangeError('the body does not begin as Kubernetes protobuf does');
  let type: JsonObject = {};
  let raw: Uint8Array = new Uint8Array();
  for (const field of readFields(bytes.subarray(MAGIC.length))) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) type = decodeType(field.value);
    if (field.number === 2) raw = field.value;
  }
  return { ...type, ...decodeMessage(String(type['kind'] ?? ''), raw) };
}

function decodeType(bytes: Uint8Array): JsonObject {
  const type: JsonObject = {};
  for (const field of readFields(bytes)) {
    if (field.kind === 'bytes') type[field.number === 1 ? 'apiVersion' : 'kind'] = textOf(field.value);
  }
  return type;
}

function decodeMessage(name: string, bytes: Uint8Array): JsonObject {
  const message = MESSAGES[name];
  if (!message) throw new RangeError(`${name === '' ? 'a body without a kind' : name} is not read in protobuf here, only in JSON and YAML`);
  const result: JsonObject = {};
  for (const field of readFields(bytes)) {
    const stated = message[field.number];
    if (stated === undefined) {
      if (isZero(field)) continue;
      throw new RangeError(`field ${field.number} of ${name} is not read in protobuf here, only in JSON and YAML`);
    }
    addField(result, stated, field);
  }
  return result;
}

function addField(into: JsonObject, stated: string, field: WireField): void {
  const [key = '', type = ''] = stated.split(':');
  if (type.endsWith('[]')) {
    const list = into[key];
    const value = decodeValue(type.slice(0, -2), field);
    if (Array.isArray(list)) list.push(value);
    else into[key] = [value];
  } else if (type.endsWith('{}')) {
    const map = isObject(into[key]) ? into[key] : {};
    into[key] = map;
    addMapEntry(map, type.slice(0, -2), field);
  } else if (type.endsWith('?')) into[key] = decodeValue(type.slice(0, -1), field);
  else if (!isZero(field)) into[key] = decodeValue(type, field);
}

/** A map is a list of messages with the key as field 1 and the value as field 2. */
function addMapEntry(map: JsonObject, type: string, field: WireField): void {
  let name = '';
  let value: Json = type === 'string' || type === 'bytes' ? '' : {};
  for (const part of field.kind === 'bytes' ? readFields(field.value) : []) {
    if (part.number === 1 && part.kind === 'bytes') name = textOf(part.value);
    if (part.number === 2) value = decodeValue(type, part);
  }
  setKey(map, name, value);
}

function decodeValue(type: string, field: WireField): Json {
  if (type === 'bool') return numberOf(field) !== 0;
  if (type === 'int') return numberOf(field);
  const bytes = field.kind === 'bytes' ? field.value : new Uint8Array();
  switch (type) {
    case 'string':
      return textOf(bytes);
    case 'bytes':
      return Buffer.from(bytes).toString('base64');
    case 'Time':
      return timeOf(bytes);
    case 'Quantity':
      return textOf(partOf(bytes, 1));
    case 'FieldsV1':
      return JSON.parse(textOf(partOf(bytes, 1)) || '{}') as Json;
    case 'IntOrString':
      return intOrString(bytes);
    default:
      return decodeMessage(type, bytes);
  }
}

/** Seconds since the epoch; no seconds at all is no time. */
function timeOf(bytes: Uint8Array): Json {
  const seconds = readFields(bytes).find((field) => field.number === 1);
  return seconds ? `${new Date(numberOf(seconds) * 1000).toISOString().slice(0, 19)}Z` : null;
}

function intOrString(bytes: Uint8Array): Json {
  const fields = readFields(bytes);
  const isText = fields.some((field) => field.number === 1 && numberOf(field) === 1);
  if (isText) return textOf(partOf(bytes, 3));
  const number = fields.find((field) => field.number === 2);
  return number ? numberOf(number) : 0;
}

function partOf(bytes: Uint8Array, number: number): Uint8Array {
  const found = readFields(bytes).find((field) => field.number === number);
  return found?.kind === 'bytes' ? found.value : new Uint8Array();
}

function numberOf(field: WireField): number {
  return field.kind === 'number' ? Number(field.value) : 0;
}

function isZero(field: WireField): boolean {
  return field.kind === 'number' ? field.value === 0n : field.value.length === 0;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
