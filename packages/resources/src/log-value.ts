/** `opentelemetry.proto.common.v1.AnyValue` in configuration: texts in it are format strings. */
import { isObject, MessageReader } from './decode/message-reader.ts';
import { decodeBoolean, decodeInteger, decodeNumber, decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export type LogValue =
  | { readonly kind: 'format'; readonly text: string }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'list'; readonly values: readonly LogValue[] }
  | { readonly kind: 'map'; readonly entries: readonly NamedLogValue[] };

export interface NamedLogValue {
  readonly key: string;
  readonly value: LogValue;
}

/** Values within values, beyond which a document is no configuration. Chosen: nobody nests logs so. */
const depthMax = 16;

const kinds = ['string_value', 'bool_value', 'int_value', 'double_value', 'array_value', 'kvlist_value', 'bytes_value'] as const;

export function readLogValue(json: unknown, scope: Scope): LogValue | undefined {
  return readNested(json, scope, 0);
}

/** `KeyValueList`. */
export function readLogValues(json: unknown, scope: Scope): readonly NamedLogValue[] | undefined {
  return readEntries(json, scope, 0);
}

function readNested(json: unknown, scope: Scope, depth: number): LogValue | undefined {
  if (depth > depthMax) {
    scope.error(`is nested deeper than ${depthMax} values`);
    return undefined;
  }
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(kinds, true);
  const value = kind && readKind(kind, reader, depth);
  reader.done();
  return value;
}

function readKind(kind: (typeof kinds)[number], reader: MessageReader, depth: number): LogValue | undefined {
  switch (kind) {
    case 'string_value':
      return { kind: 'format', text: reader.read(kind, decodeString) ?? '' };
    case 'bool_value':
      return { kind: 'bool', value: reader.read(kind, decodeBoolean) ?? false };
    case 'int_value':
      return { kind: 'int', value: reader.read(kind, (json, at) => decodeInteger(json, at, {})) ?? 0 };
    case 'double_value':
      return { kind: 'double', value: reader.read(kind, (json, at) => decodeNumber(json, at, {})) ?? 0 };
    case 'array_value':
      return { kind: 'list', values: reader.read(kind, (json, at) => readList(json, at, depth)) ?? [] };
    case 'kvlist_value':
      return { kind: 'map', entries: reader.read(kind, (json, at) => readEntries(json, at, depth)) ?? [] };
    case 'bytes_value':
      reader.refuse([kind], 'a log is text');
      return undefined;
  }
}

function readList(json: unknown, scope: Scope, depth: number): readonly LogValue[] {
  const reader = MessageReader.open(json, scope);
  const values = reader?.list('values', (inner, at) => readNested(inner, at, depth + 1)) ?? [];
  reader?.done();
  return values;
}

function readEntries(json: unknown, scope: Scope, depth: number): readonly NamedLogValue[] | undefined {
  if (!isObject(json)) {
    scope.error('must be an object');
    return undefined;
  }
  const reader = MessageReader.open(json, scope);
  const entries = reader?.list('values', (inner, at) => readEntry(inner, at, depth));
  reader?.done();
  return entries;
}

function readEntry(json: unknown, scope: Scope, depth: number): NamedLogValue | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('key');
  const value = reader.required('value', (inner, at) => readNested(inner, at, depth + 1));
  reader.done();
  return value && { key, value };
}
