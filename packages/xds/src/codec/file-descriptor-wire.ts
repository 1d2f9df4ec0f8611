/** `google.protobuf.FileDescriptorProto` as bytes, as far as proto3 without options needs it. */
import protobuf, { type Writer } from 'protobufjs/minimal.js';

import type { FieldJson } from './descriptor.ts';

export interface FileNode {
  readonly name: string;
  readonly packageName: string;
  readonly dependencies: Set<string>;
  readonly messages: MessageNode[];
  readonly enums: EnumNode[];
  readonly services: ServiceDescription[];
}

export interface MessageNode {
  readonly fullName: string;
  readonly name: string;
  fields: readonly FieldNode[];
  readonly messages: MessageNode[];
  readonly enums: EnumNode[];
}

export interface FieldNode extends FieldJson {
  readonly isEnum: boolean;
}

export interface EnumNode {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

export interface ServiceDescription {
  /** Full name. */
  readonly name: string;
  readonly methods: readonly MethodDescription[];
}

export interface MethodDescription {
  readonly name: string;
  /** Full names of messages. */
  readonly request: string;
  readonly response: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** `FieldDescriptorProto.Type`. */
const typeNumbers: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
const messageType = 11;
const enumType = 14;

/** name 1, package 2, dependency 3, message_type 4, enum_type 5, service 6, syntax 12. */
export function encodeFile({ name, packageName, dependencies, messages, enums, services }: FileNode): Uint8Array {
  const writer = protobuf.Writer.create();
  text(writer, 1, name);
  text(writer, 2, packageName);
  for (const dependency of dependencies) text(writer, 3, dependency);
  for (const message of messages) nested(writer, 4, () => writeMessage(writer, message));
  for (const declared of enums) nested(writer, 5, () => writeEnum(writer, declared));
  for (const service of services) nested(writer, 6, () => writeService(writer, service));
  text(writer, 12, 'proto3');
  return writer.finish();
}

/** name 1, field 2, nested_type 3, enum_type 4, options 7 { map_entry 7 }, oneof_decl 8 { name 1 }. */
function writeMessage(writer: Writer, { fullName, name, fields, messages, enums }: MessageNode): void {
  const oneofs = [...new Set(fields.flatMap(({ oneof }) => oneof ?? []))];
  // An optional scalar has a oneof of its own, and those come after all others.
  const optional = fields.filter((field) => field.optional === true).map((field) => `_${field.name}`);
  const all = [...oneofs, ...optional];
  text(writer, 1, name);
  for (const field of fields) {
    const oneof = field.oneof ?? (field.optional === true ? `_${field.name}` : undefined);
    nested(writer, 2, () => writeField(writer, field, fullName, oneof === undefined ? undefined : all.indexOf(oneof)));
  }
  for (const message of messages) nested(writer, 3, () => writeMessage(writer, message));
  for (const field of fields) if (field.mapKey !== undefined) nested(writer, 3, () => writeMapEntry(writer, field));
  for (const declared of enums) nested(writer, 4, () => writeEnum(writer, declared));
  for (const oneof of all) nested(writer, 8, () => text(writer, 1, oneof));
}

/** name 1, number 3, label 4, type 5, type_name 6, oneof_index 9, json_name 10, proto3_optional 17. */
function writeField(writer: Writer, field: FieldNode, parent: string, oneofIndex: number | undefined): void {
  const isMap = field.mapKey !== undefined;
  text(writer, 1, field.name);
  writer.uint32(3 << 3).int32(field.id);
  writer.uint32(4 << 3).int32(field.repeated === true || isMap ? 3 : 1);
  const scalar = isMap ? undefined : typeNumbers[field.type];
  writer.uint32(5 << 3).int32(scalar ?? (field.isEnum && !isMap ? enumType : messageType));
  if (scalar === undefined) text(writer, 6, isMap ? `.${parent}.${entryName(field.name)}` : `.${field.type}`);
  if (oneofIndex !== undefined) writer.uint32(9 << 3).int32(oneofIndex);
  text(writer, 10, field.name.replace(/_+([a-zA-Z0-9])/g, (_match, letter: string) => letter.toUpperCase()));
  if (field.optional === true) writer.uint32(17 << 3).bool(true);
}

function writeMapEntry(writer: Writer, field: FieldNode): void {
  const { mapKey = 'string', type, isEnum } = field;
  const entry = entryName(field.name);
  text(writer, 1, entry);
  nested(writer, 2, () => writeField(writer, { id: 1, name: 'key', type: mapKey, isEnum: false }, entry, undefined));
  nested(writer, 2, () => writeField(writer, { id: 2, name: 'value', type, isEnum }, entry, undefined));
  nested(writer, 7, () => writer.uint32(7 << 3).bool(true));
}

/** As protoc names it: `initial_resource_versions` has `InitialResourceVersionsEntry`. */
function entryName(fieldName: string): string {
  return `${fieldName.replace(/(?:^|_)([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())}Entry`;
}

/** name 1, value 2 { name 1, number 2 }, options 3 { allow_alias 2 }. */
function writeEnum(writer: Writer, { name, values }: EnumNode): void {
  text(writer, 1, name);
  // proto3 wants the value 0 first.
  const entries = Object.entries(values).sort(([, a], [, b]) => (a === 0 ? -1 : b === 0 ? 1 : 0));
  for (const [label, number] of entries) {
    nested(writer, 2, () => {
      text(writer, 1, label);
      writer.uint32(2 << 3).int32(number);
    });
  }
  if (new Set(Object.values(values)).size < entries.length) nested(writer, 3, () => writer.uint32(2 << 3).bool(true));
}

/** name 1, method 2 { name 1, input_type 2, output_type 3, client_streaming 5, server_streaming 6 }. */
function writeService(writer: Writer, { name, methods }: ServiceDescription): void {
  text(writer, 1, name.slice(name.lastIndexOf('.') + 1));
  for (const method of methods) nested(writer, 2, () => writeMethod(writer, method));
}

function writeMethod(writer: Writer, { name, request, response, requestStream, responseStream }: MethodDescription): void {
  text(writer, 1, name);
  text(writer, 2, `.${request}`);
  text(writer, 3, `.${response}`);
  if (requestStream) writer.uint32(5 << 3).bool(true);
  if (responseStream) writer.uint32(6 << 3).bool(true);
}

function text(writer: Writer, id: number, value: string): void {
  writer.uint32((id << 3) | 2).string(value);
}

function nested(writer: Writer, id: number, write: () => void): void {
  writer.uint32((id << 3) | 2).fork();
  write();
  writer.ldelim();
}
