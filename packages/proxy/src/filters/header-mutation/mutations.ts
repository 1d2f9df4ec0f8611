/** `envoy.config.common.mutation_rules.v3.HeaderMutation`, decoded and compiled: rules in the order they are written. */
import { MessageReader, decodeNonEmptyString, readHeaderValueOption, readStringMatcher, type HeaderValueOption, type Scope, type StringMatcher } from '@sluice/resources';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileHeaderAddition, type HeaderRule } from '../../router/header-rules.ts';
import { compileStringMatcher } from '../../router/string-test.ts';

export type Mutation =
  | { readonly kind: 'append'; readonly option: HeaderValueOption }
  | { readonly kind: 'remove'; readonly name: string }
  /** Removes headers whose names match. */
  | { readonly kind: 'remove_on_match'; readonly matcher: StringMatcher };

export interface Mutations {
  readonly request: readonly Mutation[];
  readonly response: readonly Mutation[];
}

export interface CompiledMutations {
  readonly request: readonly HeaderRule[];
  readonly response: readonly HeaderRule[];
}

export function readMutations(json: unknown, scope: Scope): Mutations | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const mutations: Mutations = {
    request: reader.list('request_mutations', readMutation),
    response: reader.list('response_mutations', readMutation),
  };
  reader.refuse(['query_parameter_mutations', 'request_trailers_mutations', 'response_trailers_mutations']);
  reader.done();
  return mutations;
}

export function compileMutations({ request, response }: Mutations, patterns: PatternCompiler): CompiledMutations {
  return {
    request: request.flatMap((mutation, index) => compileMutation(mutation, `mutations.request_mutations[${index}]`, patterns)),
    response: response.flatMap((mutation, index) => compileMutation(mutation, `mutations.response_mutations[${index}]`, patterns)),
  };
}

function readMutation(json: unknown, scope: Scope): Mutation | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['append', 'remove', 'remove_on_match'], true);
  const mutation = kind && readKind(kind, reader);
  reader.done();
  return mutation;
}

function readKind(kind: Mutation['kind'], reader: MessageReader): Mutation | undefined {
  switch (kind) {
    case 'append': {
      const option = reader.read(kind, readHeaderValueOption);
      return option && { kind, option };
    }
    case 'remove': {
      const name = reader.read(kind, readRemovableName);
      return name === undefined ? undefined : { kind, name };
    }
    case 'remove_on_match': {
      const matcher = reader.read(kind, (json, scope) => {
        const match = MessageReader.open(json, scope);
        const key = match?.required('key_matcher', readStringMatcher);
        match?.done();
        return key;
      });
      return matcher && { kind, matcher };
    }
  }
}

function readRemovableName(json: unknown, scope: Scope): string | undefined {
  const name = decodeNonEmptyString(json, scope)?.toLowerCase();
  if (name === undefined || !isFixed(name)) return name;
  scope.error(`is ${name}, which no rule may take away`);
  return undefined;
}

/** Without them a head would be none. */
function isFixed(name: string): boolean {
  return name === 'host' || name.startsWith(':');
}

function compileMutation(mutation: Mutation, path: string, patterns: PatternCompiler): readonly HeaderRule[] {
  switch (mutation.kind) {
    case 'append':
      return compileHeaderAddition(mutation.option, `${path}.append`, patterns);
    case 'remove':
      return [(head) => head.remove(mutation.name)];
    case 'remove_on_match': {
      const matches = compileStringMatcher(mutation.matcher, `${path}.remove_on_match.key_matcher`, patterns);
      return [
        (head) => {
          const doomed: string[] = [];
          head.forEach((name) => {
            if (!isFixed(name) && matches(name)) doomed.push(name);
          });
          for (const name of doomed) head.remove(name);
        },
      ];
    }
  }
}
