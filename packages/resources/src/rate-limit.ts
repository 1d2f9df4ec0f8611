/** `envoy.config.route.v3.RateLimit`: what a request is counted by. Each one that applies makes a descriptor, a list of entries. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';
import { readMetadataKey, type MetadataKey } from './metadata-key.ts';
import { readQueryParameterMatcher, type QueryParameterMatcher } from './query-parameter-matcher.ts';

export interface RateLimit {
  /** Which filter it is for: that with the same stage. Default 0. */
  readonly stage: number;
  readonly actions: readonly RateLimitAction[];
  /** Where dynamic metadata may hold another limit, for services. */
  readonly limitOverride: MetadataKey | undefined;
  /** How much a request counts. Undefined: one, as the filter says. */
  readonly hitsAddend: number | undefined;
}

/** Makes one entry. One that has no value for a request takes the whole descriptor away, unless it may be skipped. */
export type RateLimitAction =
  | { readonly kind: 'source_cluster' | 'destination_cluster' | 'remote_address' }
  | { readonly kind: 'masked_remote_address'; readonly v4PrefixBits: number; readonly v6PrefixBits: number }
  | { readonly kind: 'request_headers' | 'query_parameters'; readonly name: string; readonly key: string; readonly skipIfAbsent: boolean }
  | { readonly kind: 'generic_key'; readonly key: string; readonly value: string }
  | { readonly kind: 'header_value_match'; readonly key: string; readonly value: string; readonly expectMatch: boolean; readonly headers: readonly HeaderMatcher[] }
  | {
      readonly kind: 'query_parameter_value_match';
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly parameters: readonly QueryParameterMatcher[];
    }
  | {
      readonly kind: 'metadata';
      readonly source: 'dynamic' | 'route';
      readonly key: string;
      readonly metadataKey: MetadataKey;
      readonly defaultValue: string;
      readonly skipIfAbsent: boolean;
    };

/** As Envoy. */
const stageMax = 10;

export function readRateLimit(json: unknown, scope: Scope): RateLimit | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const stage = reader.uint32('stage', 0, { max: stageMax });
  const actions = reader.list('actions', readAction);
  if (actions.length === 0 && !scope.hasErrors) scope.at('actions').error('must name at least one action');
  const limitOverride = reader.read('limit', readOverride);
  const hitsAddend = reader.read('hits_addend', readHits);
  reader.refuse(['apply_on_stream_done']);
  reader.ignore(['disable_key']);
  reader.done();
  return { stage, actions, limitOverride, hitsAddend };
}

const kinds = [
  'source_cluster', 'destination_cluster', 'request_headers', 'query_parameters', 'remote_address', 'masked_remote_address', 'generic_key',
  'header_value_match', 'query_parameter_value_match', 'metadata', 'dynamic_metadata', 'extension',
] as const;

function readAction(json: unknown, scope: Scope): RateLimitAction | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(kinds, true);
  if (kind === 'extension') reader.refuse([kind]);
  const action =
    kind === undefined || kind === 'extension'
      ? undefined
      : reader.read(kind, (inner, at) => {
          const fields = MessageReader.open(inner, at);
          const read = fields && readKind(kind, fields);
          fields?.done();
          return read;
        });
  reader.done();
  return action;
}

function readKind(kind: Exclude<(typeof kinds)[number], 'extension'>, reader: MessageReader): RateLimitAction | undefined {
  switch (kind) {
    case 'source_cluster':
    case 'destination_cluster':
    case 'remote_address':
      return { kind };
    case 'masked_remote_address':
      return { kind, v4PrefixBits: reader.uint32('v4_prefix_mask_len', 32, { max: 32 }), v6PrefixBits: reader.uint32('v6_prefix_mask_len', 128, { max: 128 }) };
    case 'request_headers':
      return { kind, name: reader.requiredString('header_name').toLowerCase(), key: reader.requiredString('descriptor_key'), skipIfAbsent: reader.boolean('skip_if_absent', false) };
    case 'query_parameters':
      return { kind, name: reader.requiredString('query_parameter_name'), key: reader.requiredString('descriptor_key'), skipIfAbsent: reader.boolean('skip_if_absent', false) };
    case 'generic_key':
      return { kind, key: reader.string('descriptor_key', '') || kind, value: reader.requiredString('descriptor_value') };
    case 'header_value_match':
      return { kind, ...readMatch(reader, 'header_match'), headers: atLeastOne(reader, 'headers', reader.list('headers', readHeaderMatcher)) };
    case 'query_parameter_value_match':
      return { kind, ...readMatch(reader, 'query_match'), parameters: atLeastOne(reader, 'query_parameters', reader.list('query_parameters', readQueryParameterMatcher)) };
    case 'metadata':
    case 'dynamic_metadata':
      return readMetadataAction(kind, reader);
  }
}

function readMatch(reader: MessageReader, defaultKey: string): { readonly key: string; readonly value: string; readonly expectMatch: boolean } {
  return {
    key: reader.string('descriptor_key', '') || defaultKey,
    value: reader.requiredString('descriptor_value'),
    expectMatch: reader.boolean('expect_match', true),
  };
}

function atLeastOne<T>(reader: MessageReader, name: string, list: readonly T[]): readonly T[] {
  if (!reader.has(name)) reader.scope.at(name).error('is required');
  return list;
}

/** `dynamic_metadata` is how it was said before there was a choice of sources. */
function readMetadataAction(kind: 'metadata' | 'dynamic_metadata', reader: MessageReader): RateLimitAction | undefined {
  const key = reader.requiredString('descriptor_key');
  const metadataKey = reader.required('metadata_key', readMetadataKey);
  const defaultValue = reader.string('default_value', '');
  const source = kind === 'metadata' ? reader.enum('source', ['DYNAMIC', 'ROUTE_ENTRY'], 'DYNAMIC') : 'DYNAMIC';
  const skipIfAbsent = kind === 'metadata' && reader.boolean('skip_if_absent', false);
  return metadataKey && { kind: 'metadata', source: source === 'DYNAMIC' ? 'dynamic' : 'route', key, metadataKey, defaultValue, skipIfAbsent };
}

function readOverride(json: unknown, scope: Scope): MetadataKey | undefined {
  const reader = MessageReader.open(json, scope);
  const key = reader?.required('dynamic_metadata', (inner, at) => {
    const metadata = MessageReader.open(inner, at);
    const found = metadata?.required('metadata_key', readMetadataKey);
    metadata?.done();
    return found;
  });
  reader?.done();
  return key;
}

function readHits(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const number = reader.uint32('number', undefined, { max: 1_000_000_000 });
  reader.refuse(['format']);
  reader.done();
  return number;
}
