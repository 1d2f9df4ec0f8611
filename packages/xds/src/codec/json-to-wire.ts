/** JSON to bytes, along the descriptor, collecting every problem instead of stopping at the first. */
import { problem, type Problem } from '@sluice/kernel';
import protobuf, { type Writer } from 'protobufjs/minimal.js';

import { messageNameOf } from '../type-urls.ts';
import type { Descriptor, EnumValues, Field, Message } from './descriptor.ts';
import { depthMax } from './framing.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { isDefault, parseScalar, wireTypeOf, writeScalar } from './scalars.ts';
import { hasOwnJson, writeWellKnown } from './well-known.ts';

/** Marks bytes of a message inside an `Any` that the descriptor does not know; see `wire-to-json.ts`. */
export const opaqueBytesKey = '@bytes';

/** Characters of the path of what is nested too deep. Chosen: enough to find where it begins. */
const pathShownMax = 120;

export class JsonToWire {
  readonly problems: Problem[] = [];
  #depth = 0;
  readonly #descriptor: Descriptor;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /** Writes the fields of `json`, without tag or length. */
  write(writer: Writer, messageName: string, json: JsonValue, path: string): void {
    if (this.#depth > depthMax) {
      // No reader would take it either. The path is as long as it is deep, so only its beginning is told.
      this.#report(path.slice(0, pathShownMax), `… is nested more than ${depthMax} deep`);
      return;
    }
    this.#depth += 1;
    this.#writeNamed(writer, messageName, json, path);
    this.#depth -= 1;
  }

  #writeNamed(writer: Writer, messageName: string, json: JsonValue, path: string): void {
    if (messageName === 'google.protobuf.Any') {
      this.#writeAny(writer, json, path);
      return;
    }
    if (hasOwnJson(messageName)) {
      const failure = writeWellKnown(writer, messageName, json);
      if (failure !== undefined) this.#report(path, failure);
      return;
    }
    const message = this.#descriptor.message(messageName);
    if (message === undefined) this.#report(path, `is of type ${messageName}, which is not known here`);
    else if (isJsonObject(json)) this.#writeFields(writer, message, json, path);
    else this.#report(path, `is ${JSON.stringify(json)}, must be an object (${messageName})`);
  }

  #writeFields(writer: Writer, message: Message, json: JsonObject, path: string): void {
    const values = this.#fieldsOf(message, json, path);
    // In the order of the descriptor, so that the order of keys in the JSON does not show in the bytes.
    for (const field of message.fields) {
      const value = values.get(field);
      if (value !== undefined) this.#writeField(writer, field, value, joinPath(path, field.name));
    }
  }

  #fieldsOf(message: Message, json: JsonObject, path: string): Map<Field, JsonValue> {
    const values = new Map<Field, JsonValue>();
    const oneofs = new Map<string, string>();
    for (const [key, value] of Object.entries(json)) {
      const field = message.byName.get(key);
      if (field === undefined) {
        this.#report(joinPath(path, key), `is not a field of ${message.name}`);
        continue;
      }
      if (value === null && !acceptsNull(field)) continue;
      if (values.has(field)) this.#report(joinPath(path, key), 'is given twice, under both of its names');
      if (field.oneof !== undefined) {
        const other = oneofs.get(field.oneof);
        if (other !== undefined) this.#report(joinPath(path, key), `excludes ${other}: only one ${field.oneof} may be set`);
        oneofs.set(field.oneof, key);
      }
      values.set(field, value);
    }
    return values;
  }

  #writeField(writer: Writer, field: Field, value: JsonValue, path: string): void {
    switch (field.cardinality) {
      case 'one':
        this.#writeOne(writer, field, value, path, !field.hasPresence);
        return;
      case 'repeated':
        if (Array.isArray(value)) this.#writeRepeated(writer, field, value as readonly JsonValue[], path);
        else this.#report(path, `is ${JSON.stringify(value)}, must be a list`);
        return;
      case 'map':
        if (isJsonObject(value)) this.#writeMap(writer, field, value, path);
        else this.#report(path, `is ${JSON.stringify(value)}, must be an object`);
    }
  }

  /** @param skipDefault leave the field out when the value is the type's default */
  #writeOne(writer: Writer, field: Field, value: JsonValue, path: string, skipDefault: boolean): void {
    if (field.value.kind === 'message') {
      writer.uint32((field.id << 3) | 2).fork();
      this.write(writer, field.value.name, value, path);
      writer.ldelim();
    } else if (field.value.kind === 'enum') {
      const number = this.#enumNumber(field.value.values, value, path);
      if (number !== undefined && !(skipDefault && number === 0)) writer.uint32(field.id << 3).int32(number);
    } else {
      const { type } = field.value;
      const parsed = parseScalar(type, value);
      if (!parsed.ok) this.#report(path, parsed.message);
      else if (!(skipDefault && isDefault(type, parsed.value))) {
        writer.uint32((field.id << 3) | wireTypeOf(type));
        writeScalar(writer, type, parsed.value);
      }
    }
  }

  #writeRepeated(writer: Writer, field: Field, values: readonly JsonValue[], path: string): void {
    const isPacked =
      field.value.kind === 'enum' || (field.value.kind === 'scalar' && wireTypeOf(field.value.type) !== 2);
    if (!isPacked) {
      values.forEach((value, index) => this.#writeOne(writer, field, value, `${path}[${index}]`, false));
      return;
    }
    if (values.length === 0) return;
    writer.uint32((field.id << 3) | 2).fork();
    values.forEach((value, index) => this.#writePacked(writer, field, value, `${path}[${index}]`));
    writer.ldelim();
  }

  #writePacked(writer: Writer, field: Field, value: JsonValue, path: string): void {
    if (field.value.kind === 'enum') {
      const number = this.#enumNumber(field.value.values, value, path);
      if (number !== undefined) writer.int32(number);
    } else if (field.value.kind === 'scalar') {
      const parsed = parseScalar(field.value.type, value);
      if (parsed.ok) writeScalar(writer, field.value.type, parsed.value);
      else this.#report(path, parsed.message);
    }
  }

  #writeMap(writer: Writer, field: Field, values: JsonObject, path: string): void {
    const entry = { ...field, id: 2, cardinality: 'one' as const, hasPresence: true };
    for (const key of Object.keys(values).sort()) {
      const entryPath = `${path}[${JSON.stringify(key)}]`;
      const parsedKey = parseScalar(field.mapKey, field.mapKey === 'bool' ? key === 'true' : key);
      if (!parsedKey.ok) {
        this.#report(entryPath, `has a key that ${parsedKey.message}`);
        continue;
      }
      writer.uint32((field.id << 3) | 2).fork();
      writer.uint32((1 << 3) | wireTypeOf(field.mapKey));
      writeScalar(writer, field.mapKey, parsedKey.value);
      this.#writeOne(writer, entry, values[key] as JsonValue, entryPath, false);
      writer.ldelim();
    }
  }

  #enumNumber(values: EnumValues, value: JsonValue, path: string): number | undefined {
    if (typeof value === 'number' && (value | 0) === value) return value;
    if (values.name === 'google.protobuf.NullValue' && value === null) return 0;
    const number = typeof value === 'string' ? values.byName.get(value) : undefined;
    if (number === undefined) {
      this.#report(path, `is ${JSON.stringify(value)}, must be one of ${[...values.byName.keys()].join(', ')}`);
    }
    return number;
  }

  #writeAny(writer: Writer, json: JsonValue, path: string): void {
    if (isJsonObject(json) && Object.keys(json).length === 0) return;
    const typeUrl = isJsonObject(json) ? json['@type'] : undefined;
    if (!isJsonObject(json) || typeof typeUrl !== 'string' || !typeUrl.includes('/')) {
      this.#report(joinPath(path, '@type'), 'is missing: the value of an Any names its type, as type.googleapis.com/<message>');
      return;
    }
    writer.uint32((1 << 3) | 2).string(typeUrl);
    const bytes = this.#anyBytes(messageNameOf(typeUrl), json, path);
    if (bytes.length > 0) writer.uint32((2 << 3) | 2).bytes(bytes);
  }

  #anyBytes(messageName: string, json: JsonObject, path: string): Uint8Array {
    const { '@type': _type, ...fields } = json;
    const opaque = fields[opaqueBytesKey];
    if (typeof opaque === 'string') return Buffer.from(opaque, 'base64');
    const inner = protobuf.Writer.create();
    // A message whose JSON is not an object of its fields stands under `value`, by the rules of proto3 JSON.
    const isWrapped = messageName === 'google.protobuf.Any' || hasOwnJson(messageName);
    if (isWrapped) this.#writeWrapped(inner, messageName, fields, path);
    else this.write(inner, messageName, fields, path);
    return inner.finish();
  }

  /** Nothing at all stands for what the message has when nothing is set. */
  #writeWrapped(writer: Writer, messageName: string, { value, ...others }: JsonObject, path: string): void {
    for (const key of Object.keys(others)) this.#report(joinPath(path, key), `is not a field of ${messageName} in an Any: its JSON stands under value`);
    if (value !== undefined) this.write(writer, messageName, value, joinPath(path, 'value'));
  }

  #report(path: string, message: string): void {
    this.problems.push(problem(path, message));
  }
}

function acceptsNull(field: Field): boolean {
  if (field.cardinality !== 'one') return false;
  if (field.value.kind === 'message') return field.value.name === 'google.protobuf.Value';
  return field.value.kind === 'enum' && field.value.values.name === 'google.protobuf.NullValue';
}

function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
