/** `envoy.config.metrics.v3.StatsConfig`: which statistics there are, and the buckets of histograms. */
import { decodeNumber } from './decode/scalars.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';

export interface StatsConfig {
  readonly matcher: StatsMatcher;
  /** The first that matches a name counts. */
  readonly histogramBuckets: readonly HistogramBuckets[];
}

/** Which dotted names are shown. */
export type StatsMatcher =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'only' | 'all-but'; readonly patterns: readonly StringMatcher[] };

export interface HistogramBuckets {
  readonly match: StringMatcher;
  /** Upper bounds, ascending, above 0. */
  readonly bounds: readonly number[];
}

export const defaultStatsConfig: StatsConfig = { matcher: { kind: 'all' }, histogramBuckets: [] };

export function readStatsConfig(json: unknown, scope: Scope): StatsConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const matcher = reader.read('stats_matcher', readStatsMatcher) ?? defaultStatsConfig.matcher;
  const histogramBuckets = reader.list('histogram_bucket_settings', readHistogramBuckets);
  // What Envoy takes out of names by its default rules are labels here from the start.
  reader.ignore(['stats_tags', 'use_all_default_tags']);
  reader.done();
  return { matcher, histogramBuckets };
}

function readStatsMatcher(json: unknown, scope: Scope): StatsMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['reject_all', 'exclusion_list', 'inclusion_list'], true);
  const matcher = readKind(kind, reader);
  reader.done();
  return matcher;
}

function readKind(kind: 'reject_all' | 'exclusion_list' | 'inclusion_list' | undefined, reader: MessageReader): StatsMatcher | undefined {
  if (kind === undefined) return undefined;
  if (kind === 'reject_all') return { kind: reader.boolean(kind, false) ? 'none' : 'all' };
  const patterns = reader.read(kind, readPatterns);
  return patterns && { kind: kind === 'inclusion_list' ? 'only' : 'all-but', patterns };
}

function readPatterns(json: unknown, scope: Scope): readonly StringMatcher[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const patterns = reader.list('patterns', readOperatorMatcher);
  reader.done();
  if (patterns.length === 0) scope.at('patterns').error('must have at least one');
  return patterns;
}

function readHistogramBuckets(json: unknown, scope: Scope): HistogramBuckets | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const match = reader.required('match', readOperatorMatcher);
  const bounds = reader.list('buckets', (value, at) => decodeNumber(value, at, {}));
  reader.ignore(['bins']);
  reader.done();
  if (bounds.length === 0) scope.at('buckets').error('must have at least one');
  bounds.forEach((bound, index) => {
    if (!(bound > (index === 0 ? 0 : (bounds[index - 1] as number)))) scope.at('buckets').at(index).error(`is ${bound}, must be above ${index === 0 ? 'zero' : 'the one before it'}`);
  });
  return match && { match, bounds };
}

/** Names of statistics are the operator's to choose: the engine's own expressions serve, where it knows them. */
function readOperatorMatcher(json: unknown, scope: Scope): StringMatcher | undefined {
  const matcher = readStringMatcher(json, scope);
  if (matcher?.kind !== 'safe_regex') return matcher;
  if (isExpression(matcher.value)) return matcher;
  scope.at('safe_regex').at('regex').error(`is ${JSON.stringify(matcher.value)}, which is no regular expression`);
  return undefined;
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(`^(?:${text})$`) instanceof RegExp;
  } catch {
    return false;
  }
}
