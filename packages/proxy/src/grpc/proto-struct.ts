/** `google.protobuf.Struct` on the wire, and as JSON. */
import { Buffer } from 'node:buffer';
import type { Struct } from '@sluice/resources';
import { protoDepthMax, readEntry, readFields } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

const fields = { nullValue: 1, numberValue: 2, stringValue: 3, boolValue: 4, structValue: 5, listValue: 6 } as const;

/** Writes the fields of a Struct. */
export function writeStruct(writer: ProtoWriter, struct: Struct): void {
  for (const [key, value] of Object.entries(struct)) {
    if (value === undefined) continue;
    writer.message(1, (entry) => entry.string(1, key).message(2, (inner) => writeValue(inner, value)));
  }
}

function writeValue(writer: ProtoWriter, value: unknown): void {
  switch (typeof value) {
    case 'number':
      writer.double(fields.numberValue, value);
      return;
    case 'string':
      // In a oneof the empty string is a value like others.
      writer.bytes(fields.stringValue, Buffer.from(value, 'utf8'));
      return;
    case 'boolean':
      writer.bool(fields.boolValue, value);
      return;
    default:
      break;
  }
  if (Array.isArray(value)) writer.message(fields.listValue, (list) => value.forEach((member) => list.message(1, (inner) => writeValue(inner, member))));
  else if (typeof value === 'object' && value !== null) writer.message(fields.structValue, (inner) => writeStruct(inner, value as Struct));
  else writer.bool(fields.nullValue, false);
}

/** @throws RangeError for bytes that are none */
export function readStruct(bytes: Buffer, depth = 0): Record<string, unknown> {
  const struct: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { field, bytes: content } of readFields(bytes)) {
    if (field !== 1) continue;
    const { key, value } = readEntry(content);
    struct[key] = readValue(value, depth + 1);
  }
  return struct;
}

function readValue(bytes: Buffer, depth: number): unknown {
  if (depth > protoDepthMax) throw new RangeError(`not a protobuf Struct: deeper than ${protoDepthMax}`);
  let value: unknown = null;
  for (const { field, number, bytes: content } of readFields(bytes)) {
    switch (field) {
      case fields.numberValue:
        value = number;
        break;
      case fields.stringValue:
        value = content.toString('utf8');
        break;
      case fields.boolValue:
        value = number !== 0;
        break;
      case fields.structValue:
        value = readStruct(content, depth + 1);
        break;
      case fields.listValue:
        value = [...readFields(content)].filter((member) => member.field === 1).map((member) => readValue(member.bytes, depth + 1));
        break;
      default:
        value = null;
    }
  }
  return value;
}
