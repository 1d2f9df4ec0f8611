/** `envoy.config.common.mutation_rules.v3.HeaderMutation`, decoded and compiled: rules in the order they are written. */
import { MessageReader, decodeNonEmptyString, readHeaderValueOption, readStringMatcher, type HeaderValueOption, type Scope, type StringMatcher } from '@sluice/resources';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileHeaderAddition, type HeaderRule } from '../../router/header-rules.ts';
import { compileStringMatcher } from '../../router/string-test.ts';
import { compileQueryMutation, readQueryMutation, type QueryMutation, type QueryRule } from './query-mutations.ts';

export type Mutation =
  | { readonly kind: 'append'; readonly option: HeaderValueOption }
  | { readonly kind: 'remove'; readonly name: string }
  /** Removes headers whose names match. */
  | { readonly kind: 'remove_on_match'; readonly matcher: StringMatcher };

export interface Mutations {
  readonly request: readonly Mutation[];
  readonly response: readonly Mutation[];
  /** Of trailers that are there; none are made. */
  readonly requestTrailers: readonly Mutation[];
  readonly responseTrailers: readonly Mutation[];
  readonly query: readonly QueryMutation[];
}

export interface CompiledMutations {
  readonly request: readonly HeaderRule[];
  readonly response: readonly HeaderRule[];
  readonly requestTrailers: readonly HeaderRule[];
  readonly responseTrailers: readonly HeaderRule[];
  readonly query: readonly QueryRule[];
}

export function readMutations(json: unknown, scope: Scope): Mutations | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const mutations: Mutations = {
    request: reader.list('request_mutations', readMutation),
    response: reader.list('response_mutations', readMutation),
    requestTrailers: reader.list('request_trailers_mutations', readMutation),
    responseTrailers: reader.list('response_trailers_mutations', readMutation),
    query: reader.list('query_parameter_mutations', readQueryMutation),
  };
  reader.done();
  return mutations;
}

export function compileMutations(mutations: Mutations, patterns: PatternCompiler): CompiledMutations {
  const compile = (list: readonly Mutation[], name: string): readonly HeaderRule[] =>
    list.flatMap((mutation, index) => compileMutation(mutation, `mutations.${name}[${index}]`, patterns));
  return {
    request: compile(mutations.request, 'request_mutations'),
    response: compile(mutations.response, 'response_mutations'),
    requestTrailers: compile(mutations.requestTrailers, 'request_trailers_mutations'),
    responseTrailers: compile(mutations.responseTrailers, 'response_trailers_mutations'),
    query: mutations.query.flatMap((mutation, index) => compileQueryMutation(mutation, `mutations.query_parameter_mutations[${index}]`, patterns)),
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
