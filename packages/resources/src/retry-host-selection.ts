/** `retry_host_predicate` and `retry_priority` of a retry policy: where a further try should not go. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { noMetadata, readMetadata, type Metadata } from './metadata.ts';

export type RetryHostPredicate =
  /** Hosts that were tried before. */
  | { readonly kind: 'previous_hosts' }
  /** Hosts whose metadata `envoy.lb` says `canary: true`. */
  | { readonly kind: 'omit_canary_hosts' }
  /** Hosts whose metadata holds all of this, under `envoy.lb`. */
  | { readonly kind: 'omit_host_metadata'; readonly metadata: Metadata };

const predicateTypes = {
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': 'previous_hosts',
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate': 'omit_canary_hosts',
  'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig': 'omit_host_metadata',
} as const;

/** By the type of its config; by its name where there is none, as older servers send it. */
export function readHostPredicate(json: unknown, scope: Scope): RetryHostPredicate | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const typed = reader.read('typed_config', openTypedConfig);
  reader.done();
  const byName = name.replace('envoy.retry_host_predicates.', '');
  const kind = typed ? predicateTypes[typed.typeName as keyof typeof predicateTypes] : Object.values(predicateTypes).find((known) => known === byName);
  if (kind === undefined) {
    const what = typed ? typed.typeName : JSON.stringify(name);
    scope.at(typed ? 'typed_config' : 'name').error(`is ${what}, must be out of previous_hosts, omit_canary_hosts, omit_host_metadata`);
    return undefined;
  }
  if (kind !== 'omit_host_metadata') return { kind };
  const metadata = typed && readOmittedMetadata(typed.json, typed.scope);
  if (!metadata) scope.at('typed_config').error('must have metadata_match');
  return metadata && { kind, metadata };
}

function readOmittedMetadata(json: unknown, scope: Scope): Metadata | undefined {
  const reader = MessageReader.open(json, scope);
  const metadata = reader?.read('metadata_match', readMetadata) ?? noMetadata;
  reader?.done();
  return metadata;
}

const previousPriorities = 'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig';

/** `previous_priorities`: its update frequency. */
export function readRetryPriority(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const typed = reader.required('typed_config', openTypedConfig);
  reader.done();
  if (!typed) return undefined;
  if (typed.typeName !== previousPriorities) {
    scope.at('typed_config').at('@type').error(`is ${typed.typeName}, must be ${previousPriorities}`);
    return undefined;
  }
  const config = MessageReader.open(typed.json, typed.scope);
  const frequency = config?.uint32('update_frequency', undefined, { min: 1 });
  if (frequency === undefined) typed.scope.at('update_frequency').error('is required');
  config?.done();
  return frequency;
}
