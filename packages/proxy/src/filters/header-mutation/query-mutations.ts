/** `envoy.config.core.v3.KeyValueMutation`: changes of query parameters. */
import { Buffer } from 'node:buffer';
import type { RequestHead } from '@sluice/http';
import { MessageReader, type AppendAction, type Scope } from '@sluice/resources';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileFormat, type TextFormat } from '../../substitution/compile-format.ts';
import type { FormatSource } from '../../substitution/format-source.ts';

export type QueryMutation =
  | { readonly kind: 'append'; readonly key: string; readonly value: string; readonly action: AppendAction }
  | { readonly kind: 'remove'; readonly key: string };

/** Changes the query of a request; `source` is what operators read. */
export type QueryRule = (parameters: URLSearchParams, source: FormatSource) => void;

const actions: readonly AppendAction[] = ['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'];

export function readQueryMutation(json: unknown, scope: Scope): QueryMutation | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['append', 'remove'], true);
  const mutation = kind === 'append' ? reader.read(kind, readAppend) : kind && { kind, key: reader.requiredString(kind) };
  reader.done();
  return mutation;
}

function readAppend(json: unknown, scope: Scope): QueryMutation | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['record', 'entry'], true);
  const pair = kind && reader.read(kind, (inner, at) => readPair(inner, at, kind === 'entry'));
  const action = reader.enum('action', actions, 'APPEND_IF_EXISTS_OR_ADD');
  reader.done();
  return pair && { kind: 'append', action, ...pair };
}

/** The older form has its value as bytes, which JSON writes in base64. */
function readPair(json: unknown, scope: Scope, isBytes: boolean): { readonly key: string; readonly value: string } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('key');
  const text = reader.string('value', '');
  reader.done();
  return { key, value: isBytes ? Buffer.from(text, 'base64').toString('utf8') : text };
}

export function compileQueryMutation(mutation: QueryMutation, path: string, patterns: PatternCompiler): readonly QueryRule[] {
  const { key } = mutation;
  if (mutation.kind === 'remove') return [(parameters) => parameters.delete(key)];
  const compiled = compileFormat(mutation.value, '');
  if (!compiled.ok) {
    patterns.error(`${path}.append`, compiled.message);
    return [];
  }
  const format: TextFormat = compiled.format;
  const { action } = mutation;
  return [
    (parameters, source) => {
      const value = format(source);
      if (action === 'APPEND_IF_EXISTS_OR_ADD') parameters.append(key, value);
      else if (action === 'OVERWRITE_IF_EXISTS_OR_ADD' || parameters.has(key) === (action === 'OVERWRITE_IF_EXISTS')) parameters.set(key, value);
    },
  ];
}

/** The query is written anew: what was encoded in another way comes out as form encoding has it. */
export function changeQuery(request: RequestHead, rules: readonly QueryRule[], source: FormatSource): void {
  if (rules.length === 0) return;
  const at = request.path.indexOf('?');
  const parameters = new URLSearchParams(at === -1 ? '' : request.path.slice(at + 1));
  for (const rule of rules) rule(parameters, source);
  const query = parameters.toString();
  const path = at === -1 ? request.path : request.path.slice(0, at);
  request.path = query === '' ? path : `${path}?${query}`;
}
