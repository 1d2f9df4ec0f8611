/**
 * Whether a known field is framed otherwise than its type says. The protobuf specification has it skipped as an unknown one, and
 * so do we; Buf's implementation reads on in the wrong place, and has no opinion worth hearing.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

export function isFramedOddly(message: DescMessage, bytes: Uint8Array, resolve: (name: string) => DescMessage | undefined): boolean {
  try {
    return visit(message, bytes, resolve);
  } catch {
    // What cannot be cut into fields is for both to judge.
    return false;
  }
}

function visit(message: DescMessage, bytes: Uint8Array, resolve: (name: string) => DescMessage | undefined): boolean {
  const reader = new BinaryReader(bytes);
  let typeUrl = '';
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = message.fields.find((one) => one.number === number);
    if (field && !framings(field).includes(wireType)) return true;
    if (!field || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      continue;
    }
    const content = reader.bytes();
    if (message.typeName === 'google.protobuf.Any') {
      if (number === 1) typeUrl = Buffer.from(content).toString();
      const inner = number === 2 ? resolve(typeUrl.slice(typeUrl.lastIndexOf('/') + 1)) : undefined;
      if (inner && isFramedOddly(inner, content, resolve)) return true;
    }
    if (field.fieldKind === 'map' ? isEntryFramedOddly(field, content, resolve) : field.message && isFramedOddly(field.message, content, resolve)) return true;
  }
  return false;
}

function framings(field: DescField): readonly WireType[] {
  if (field.fieldKind === 'map' || field.message) return [WireType.LengthDelimited];
  const own = field.enum ? WireType.Varint : framingOf(field.scalar as ScalarType);
  return field.fieldKind === 'list' ? [own, WireType.LengthDelimited] : [own];
}

function framingOf(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    default:
      return WireType.Varint;
  }
}

function isEntryFramedOddly(field: DescField & { readonly fieldKind: 'map' }, bytes: Uint8Array, resolve: (name: string) => DescMessage | undefined): boolean {
  const reader = new BinaryReader(bytes);
  const value = field.mapKind === 'message' ? WireType.LengthDelimited : field.mapKind === 'enum' ? WireType.Varint : framingOf(field.scalar);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if ((number === 1 && wireType !== framingOf(field.mapKey)) || (number === 2 && wireType !== value)) return true;
    if (number === 2 && field.mapKind === 'message') {
      if (isFramedOddly(field.message, reader.bytes(), resolve)) return true;
    } else reader.skip(wireType, number);
  }
  return false;
}
