/** `envoy.type.tracing.v3.CustomTag`: what else a span says. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readMetadataKey, type MetadataKey } from './metadata-key.ts';

export type CustomTag =
  | { readonly kind: 'literal'; readonly tag: string; readonly value: string }
  | { readonly kind: 'environment'; readonly tag: string; readonly name: string; readonly defaultValue: string }
  | { readonly kind: 'request_header'; readonly tag: string; readonly name: string; readonly defaultValue: string }
  | { readonly kind: 'metadata'; readonly tag: string; readonly of: TaggedMetadata; readonly key: MetadataKey; readonly defaultValue: string }
  /** A format string, filled in when the span ends. */
  | { readonly kind: 'value'; readonly tag: string; readonly format: string };

/** Whose metadata: of the stream itself (`request`), its route, or the cluster and host it went to. */
export type TaggedMetadata = (typeof metadataKinds)[number];

const metadataKinds = ['request', 'route', 'cluster', 'host'] as const;

export function readCustomTag(json: unknown, scope: Scope): CustomTag | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const tag = reader.requiredString('tag');
  const kind = reader.oneof(['literal', 'environment', 'request_header', 'metadata', 'value'], true);
  const read = kind && readKind(kind, tag, reader);
  reader.done();
  return read;
}

function readKind(kind: CustomTag['kind'], tag: string, reader: MessageReader): CustomTag | undefined {
  switch (kind) {
    case 'literal':
      return reader.read(kind, readLiteral(tag));
    case 'environment':
    case 'request_header':
      return reader.read(kind, readNamed(tag, kind));
    case 'metadata':
      return reader.read(kind, readMetadataTag(tag));
    case 'value':
      return { kind, tag, format: reader.string(kind, '') };
  }
}

function readLiteral(tag: string) {
  return (json: unknown, scope: Scope): CustomTag | undefined => {
    const reader = MessageReader.open(json, scope);
    const value = reader?.requiredString('value');
    reader?.done();
    return value === undefined ? undefined : { kind: 'literal', tag, value };
  };
}

function readNamed(tag: string, kind: 'environment' | 'request_header') {
  return (json: unknown, scope: Scope): CustomTag | undefined => {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const name = reader.requiredString('name');
    const defaultValue = reader.string('default_value', '');
    reader.done();
    return { kind, tag, name, defaultValue };
  };
}

function readMetadataTag(tag: string) {
  return (json: unknown, scope: Scope): CustomTag | undefined => {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const of = reader.required('kind', readMetadataKind);
    const key = reader.required('metadata_key', readMetadataKey);
    const defaultValue = reader.string('default_value', '');
    reader.done();
    return of && key && { kind: 'metadata', tag, of, key, defaultValue };
  };
}

function readMetadataKind(json: unknown, scope: Scope): TaggedMetadata | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(metadataKinds, true);
  if (kind) reader.read(kind, (inner, at) => MessageReader.open(inner, at)?.done());
  reader.done();
  return kind;
}
