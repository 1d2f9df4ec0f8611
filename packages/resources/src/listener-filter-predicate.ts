/** `envoy.config.listener.v3.ListenerFilterChainMatchPredicate`: the connections that a listener filter does not look at. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export type ListenerFilterPredicate =
  | { readonly kind: 'any' }
  /** Of those meant for a port from `start` to before `end`. */
  | { readonly kind: 'ports'; readonly start: number; readonly end: number }
  | { readonly kind: 'not'; readonly rule: ListenerFilterPredicate }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly ListenerFilterPredicate[] };

const kinds = ['or_match', 'and_match', 'not_match', 'any_match', 'destination_port_range'] as const;

export function readListenerFilterPredicate(json: unknown, scope: Scope): ListenerFilterPredicate | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(kinds, true);
  const predicate = kind && readKind(reader, kind);
  reader.done();
  return predicate;
}

function readKind(reader: MessageReader, kind: (typeof kinds)[number]): ListenerFilterPredicate | undefined {
  switch (kind) {
    case 'or_match':
    case 'and_match': {
      const rules = reader.read(kind, readRules);
      return rules && { kind: kind === 'or_match' ? 'or' : 'and', rules };
    }
    case 'not_match': {
      const rule = reader.read(kind, readListenerFilterPredicate);
      return rule && { kind: 'not', rule };
    }
    case 'any_match':
      reader.only(kind, true);
      return { kind: 'any' };
    case 'destination_port_range':
      return reader.read(kind, readPorts);
  }
}

function readRules(json: unknown, scope: Scope): readonly ListenerFilterPredicate[] | undefined {
  const reader = MessageReader.open(json, scope);
  const rules = reader?.list('rules', readListenerFilterPredicate);
  reader?.done();
  if (rules && rules.length < 2 && !scope.hasErrors) scope.at('rules').error(`has ${rules.length} entries, must have at least two`);
  return rules;
}

function readPorts(json: unknown, scope: Scope): ListenerFilterPredicate | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const ports = { kind: 'ports', start: reader.uint32('start', 0, { max: 65_535 }), end: reader.uint32('end', 0, { max: 65_536 }) } as const;
  reader.done();
  return ports;
}
