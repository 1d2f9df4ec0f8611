/**
 * `xds.type.matcher.v3.Matcher`: a tree of conditions that leads to actions.
 * https://www.envoyproxy.io/docs/envoy/latest/xds/type/matcher/v3/matcher.proto
 */
import { MessageReader, readStringMatcher, type Scope, type StringMatcher } from '@sluice/resources';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileStringMatcher } from '../../router/string-test.ts';
import type { Stream } from '../../stream.ts';
import { readMatcherInput, type MatcherInput } from './matcher-input.ts';

export interface MatcherTree<Action> {
  readonly choice:
    | { readonly kind: 'list'; readonly entries: readonly { readonly predicate: Predicate; readonly onMatch: OnMatch<Action> }[] }
    /** `prefix`: the longest that fits. */
    | { readonly kind: 'exact' | 'prefix'; readonly input: MatcherInput; readonly byValue: ReadonlyMap<string, OnMatch<Action>> }
    | undefined;
  readonly onNoMatch: OnMatch<Action> | undefined;
}

type OnMatch<Action> = { readonly kind: 'action'; readonly action: Action } | { readonly kind: 'tree'; readonly tree: MatcherTree<Action> };

type Predicate =
  | { readonly kind: 'value'; readonly input: MatcherInput; readonly matcher: StringMatcher }
  | { readonly kind: 'and' | 'or'; readonly predicates: readonly Predicate[] }
  | { readonly kind: 'not'; readonly predicate: Predicate };

/** The action for a stream; undefined when nothing matches. */
export type Choose<Action> = (stream: Stream) => Action | undefined;

/** Reads the `typed_config` of an action. */
export type ReadAction<Action> = (json: unknown, scope: Scope) => Action | undefined;

/** Protobuf's own limit for messages within messages. */
const depthMax = 100;

export function readMatcherTree<Action>(json: unknown, scope: Scope, readAction: ReadAction<Action>, depth = 0): MatcherTree<Action> | undefined {
  if (isTooDeep(depth, scope)) return undefined;
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const onMatch = (inner: unknown, at: Scope): OnMatch<Action> | undefined => readOnMatch(inner, at, readAction, depth + 1);
  const kind = reader.oneof(['matcher_list', 'matcher_tree'], false);
  const choice = kind && reader.read(kind, (inner, at) => (kind === 'matcher_list' ? readList(inner, at, onMatch, depth) : readMap(inner, at, onMatch)));
  const onNoMatch = reader.read('on_no_match', onMatch);
  reader.done();
  return { choice, onNoMatch };
}

function readOnMatch<Action>(json: unknown, scope: Scope, readAction: ReadAction<Action>, depth: number): OnMatch<Action> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['matcher', 'action'], true);
  let found: OnMatch<Action> | undefined;
  if (kind === 'matcher') {
    const tree = reader.read(kind, (inner, at) => readMatcherTree(inner, at, readAction, depth));
    found = tree && { kind: 'tree', tree };
  } else if (kind === 'action') {
    const action = reader.read(kind, (inner, at) => {
      const extension = MessageReader.open(inner, at);
      extension?.requiredString('name');
      const read = extension?.required('typed_config', readAction);
      extension?.done();
      return read;
    });
    found = action === undefined ? undefined : { kind: 'action', action };
  }
  reader.refuse(['keep_matching']);
  reader.done();
  return found;
}

type Choice<Action> = NonNullable<MatcherTree<Action>['choice']>;
type ReadOnMatch<Action> = (json: unknown, scope: Scope) => OnMatch<Action> | undefined;

function readList<Action>(json: unknown, scope: Scope, readMatch: ReadOnMatch<Action>, depth: number): Choice<Action> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const entries = reader.list('matchers', (inner, at) => {
    const entry = MessageReader.open(inner, at);
    const predicate = entry?.required('predicate', (condition, where) => readPredicate(condition, where, depth + 1));
    const onMatch = entry?.required('on_match', readMatch);
    entry?.done();
    return predicate && onMatch && { predicate, onMatch };
  });
  reader.done();
  return { kind: 'list', entries };
}

function readMap<Action>(json: unknown, scope: Scope, readMatch: ReadOnMatch<Action>): Choice<Action> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const input = reader.required('input', readMatcherInput);
  const kind = reader.oneof(['exact_match_map', 'prefix_match_map', 'custom_match'], true);
  reader.refuse(['custom_match']);
  const byValue =
    kind &&
    reader.read(kind, (inner, at) => {
      const map = MessageReader.open(inner, at);
      const found = map?.map('map', readMatch);
      map?.done();
      return found;
    });
  reader.done();
  return input && byValue && { kind: kind === 'exact_match_map' ? 'exact' : 'prefix', input, byValue };
}

function readPredicate(json: unknown, scope: Scope, depth: number): Predicate | undefined {
  if (isTooDeep(depth, scope)) return undefined;
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['single_predicate', 'or_matcher', 'and_matcher', 'not_matcher'], true);
  let predicate: Predicate | undefined;
  if (kind === 'single_predicate') predicate = reader.read(kind, readSingle);
  if (kind === 'not_matcher') {
    const inner = reader.read(kind, (json_, at) => readPredicate(json_, at, depth + 1));
    predicate = inner && { kind: 'not', predicate: inner };
  }
  if (kind === 'or_matcher' || kind === 'and_matcher') {
    const predicates = reader.read(kind, (inner, at) => {
      const list = MessageReader.open(inner, at);
      const found = list?.list('predicate', (member, where) => readPredicate(member, where, depth + 1));
      if (found && found.length < 2 && !at.hasErrors) at.at('predicate').error(`has ${found.length} entries, must have at least 2`);
      list?.done();
      return found;
    });
    predicate = predicates && { kind: kind === 'or_matcher' ? 'or' : 'and', predicates };
  }
  reader.done();
  return predicate;
}

function readSingle(json: unknown, scope: Scope): Predicate | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const input = reader.required('input', readMatcherInput);
  const kind = reader.oneof(['value_match', 'custom_match'], true);
  reader.refuse(['custom_match']);
  const matcher = kind === 'value_match' ? reader.read(kind, readStringMatcher) : undefined;
  reader.done();
  return input && matcher && { kind: 'value', input, matcher };
}

function isTooDeep(depth: number, scope: Scope): boolean {
  if (depth > depthMax) scope.error(`stands in ${depth} others, must stand in at most ${depthMax}`);
  return depth > depthMax;
}

/** `path` is that of the tree. */
export function compileMatcherTree<Action>({ choice, onNoMatch }: MatcherTree<Action>, path: string, patterns: PatternCompiler): Choose<Action> {
  const otherwise: Choose<Action> = onNoMatch ? compileOnMatch(onNoMatch, `${path}.on_no_match`, patterns) : () => undefined;
  if (!choice) return otherwise;
  if (choice.kind === 'list') {
    const entries = choice.entries.map(({ predicate, onMatch }, index) => ({
      matches: compilePredicate(predicate, `${path}.matcher_list.matchers[${index}].predicate`, patterns),
      choose: compileOnMatch(onMatch, `${path}.matcher_list.matchers[${index}].on_match`, patterns),
    }));
    // Where a tree inside an entry finds nothing, the entries behind it are looked at.
    return (stream) => {
      for (const { matches, choose } of entries) {
        const action = matches(stream) ? choose(stream) : undefined;
        if (action !== undefined) return action;
      }
      return otherwise(stream);
    };
  }
  const { input, kind } = choice;
  const byValue = new Map([...choice.byValue].map(([value, onMatch]) => [value, compileOnMatch(onMatch, `${path}.matcher_tree`, patterns)]));
  const longestFirst = [...byValue].sort(([a], [b]) => b.length - a.length);
  return (stream) => {
    const value = input(stream);
    const found = value === undefined ? undefined : kind === 'exact' ? byValue.get(value) : longestFirst.find(([prefix]) => value.startsWith(prefix))?.[1];
    return found?.(stream) ?? otherwise(stream);
  };
}

function compileOnMatch<Action>(onMatch: OnMatch<Action>, path: string, patterns: PatternCompiler): Choose<Action> {
  if (onMatch.kind === 'tree') return compileMatcherTree(onMatch.tree, `${path}.matcher`, patterns);
  const { action } = onMatch;
  return () => action;
}

function compilePredicate(predicate: Predicate, path: string, patterns: PatternCompiler): (stream: Stream) => boolean {
  switch (predicate.kind) {
    case 'value': {
      const test = compileStringMatcher(predicate.matcher, `${path}.single_predicate.value_match`, patterns);
      return (stream) => {
        const value = predicate.input(stream);
        return value !== undefined && test(value);
      };
    }
    case 'not': {
      const test = compilePredicate(predicate.predicate, `${path}.not_matcher`, patterns);
      return (stream) => !test(stream);
    }
    case 'and':
    case 'or': {
      const tests = predicate.predicates.map((inner, index) => compilePredicate(inner, `${path}.${predicate.kind}_matcher.predicate[${index}]`, patterns));
      return predicate.kind === 'and' ? (stream) => tests.every((test) => test(stream)) : (stream) => tests.some((test) => test(stream));
    }
  }
}
