/** `envoy.type.tracing.v3.CustomTag`: what else a span says. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export type CustomTag =
  | { readonly kind: 'literal'; readonly tag: string; readonly value: string }
  | { readonly kind: 'environment'; readonly tag: string; readonly name: string; readonly defaultValue: string }
  | { readonly kind: 'request_header'; readonly tag: string; readonly name: string; readonly defaultValue: string };

export function readCustomTag(json: unknown, scope: Scope): CustomTag | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const tag = reader.requiredString('tag');
  const kind = reader.oneof(['literal', 'environment', 'request_header', 'metadata', 'value'], true);
  reader.ignore(['metadata', 'value']);
  const read = kind === 'literal' ? reader.read(kind, readLiteral(tag)) : kind === 'environment' || kind === 'request_header' ? reader.read(kind, readNamed(tag, kind)) : undefined;
  reader.done();
  return read;
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
