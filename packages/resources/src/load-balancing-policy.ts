/** How a cluster chooses among its hosts: `lb_policy` or `load_balancing_policy`, each with its settings. */
import { MessageReader } from './decode/message-reader.ts';
import { listNames } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig, type TypedConfig } from './decode/typed-config.ts';
import type { LoadBalancing, LoadBalancingPolicy } from './load-balancing.ts';
import { readLbSubsetConfig, readSubsetFields } from './lb-subset-config.ts';
import { readZoneAwareConfig } from './zone-aware.ts';
import { readSettings, settingsOf, type PolicyKind } from './load-balancing-settings.ts';

const policyNames = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RING_HASH', 'RANDOM', 'MAGLEV', 'CLUSTER_PROVIDED', 'LOAD_BALANCING_POLICY_CONFIG'] as const;

const settingsFields: Readonly<Record<string, PolicyKind>> = {
  round_robin_lb_config: 'ROUND_ROBIN',
  least_request_lb_config: 'LEAST_REQUEST',
  ring_hash_lb_config: 'RING_HASH',
  maglev_lb_config: 'MAGLEV',
};

const extensionPrefix = 'envoy.extensions.load_balancing_policies.';

const extensions: Readonly<Record<string, PolicyKind>> = {
  [`${extensionPrefix}round_robin.v3.RoundRobin`]: 'ROUND_ROBIN',
  [`${extensionPrefix}least_request.v3.LeastRequest`]: 'LEAST_REQUEST',
  [`${extensionPrefix}random.v3.Random`]: 'RANDOM',
  [`${extensionPrefix}ring_hash.v3.RingHash`]: 'RING_HASH',
  [`${extensionPrefix}maglev.v3.Maglev`]: 'MAGLEV',
  [`${extensionPrefix}client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin`]: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
  [`${extensionPrefix}cluster_provided.v3.ClusterProvided`]: 'CLUSTER_PROVIDED',
};

/** Those that hold others. */
const wrrLocalityTypeName = `${extensionPrefix}wrr_locality.v3.WrrLocality`;
const subsetTypeName = `${extensionPrefix}subset.v3.Subset`;

/** The policy of a cluster. `load_balancing_policy` stands in place of everything else, as in Envoy. */
export function readLoadBalancing(reader: MessageReader): LoadBalancing {
  const kind = reader.enum('lb_policy', policyNames, 'ROUND_ROBIN');
  const legacy = readLegacySettings(reader, kind);
  const subsets = reader.read('lb_subset_config', readLbSubsetConfig);
  const typed = reader.read('load_balancing_policy', readTypedPolicies);
  if (typed) return typed;
  if (kind === 'LOAD_BALANCING_POLICY_CONFIG') {
    if (!reader.has('load_balancing_policy')) reader.scope.at('load_balancing_policy').error(`is required: lb_policy is ${kind}`);
    return { policy: settingsOf('ROUND_ROBIN'), weightsLocalities: false, subsets };
  }
  return { policy: legacy ?? settingsOf(kind), weightsLocalities: false, subsets };
}

/** The settings that stand beside `lb_policy`; they must be those of the policy that it names. */
function readLegacySettings(reader: MessageReader, kind: (typeof policyNames)[number]): LoadBalancingPolicy | undefined {
  let found: LoadBalancingPolicy | undefined;
  for (const [field, belongsTo] of Object.entries(settingsFields)) {
    const settings = reader.read(field, (json, scope) => readLegacy(belongsTo, json, scope));
    if (!settings) continue;
    if (kind === belongsTo) found = settings;
    else reader.scope.at(field).error(`is set, but lb_policy is ${kind}`);
  }
  return found;
}

function readLegacy(kind: PolicyKind, json: unknown, scope: Scope): LoadBalancingPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const policy = readSettings(kind, reader);
  reader.done();
  return policy;
}

/** `LoadBalancingPolicy`: a list by preference, of which the first that is known counts. */
function readTypedPolicies(json: unknown, scope: Scope): LoadBalancing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  let found: LoadBalancing | undefined;
  let entries = 0;
  reader.list('policies', (entry, at) => {
    entries += 1;
    found ??= readTypedPolicy(entry, at);
    return true;
  });
  reader.done();
  if (found === undefined && !scope.hasErrors) {
    scope.at('policies').error(
      entries === 0 ? 'is required' : `has none that is known, must have one of ${listNames([...Object.keys(extensions), wrrLocalityTypeName, subsetTypeName])}`,
    );
  }
  return found;
}

/** Undefined without a problem: not known here, so the next of the list is asked. */
function readTypedPolicy(json: unknown, scope: Scope): LoadBalancing | undefined {
  const reader = MessageReader.open(json, scope);
  const extension = reader?.read('typed_extension_config', (entry, at) => {
    const inner = MessageReader.open(entry, at);
    if (!inner) return undefined;
    inner.string('name', '');
    const typed = inner.required('typed_config', openTypedConfig);
    inner.done();
    return typed;
  });
  if (!reader || !extension) return undefined;
  const read = readerOf(extension);
  if (!read) return undefined;
  reader.done();
  return read(extension.json, extension.scope);
}

function readerOf({ typeName }: TypedConfig): ((json: unknown, scope: Scope) => LoadBalancing | undefined) | undefined {
  if (typeName === wrrLocalityTypeName) return readWrrLocality;
  if (typeName === subsetTypeName) return readSubset;
  const kind = extensions[typeName];
  return kind && ((json, scope) => readTypedSettings(kind, json, scope));
}

/** Localities by their weights, and within each the policy that it holds. */
function readWrrLocality(json: unknown, scope: Scope): LoadBalancing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const child = reader.required('endpoint_picking_policy', readTypedPolicies);
  reader.done();
  return child && { ...child, weightsLocalities: true };
}

/** Subsets, and within each the policy that it holds. */
function readSubset(json: unknown, scope: Scope): LoadBalancing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const subsets = readSubsetFields(reader);
  const child = reader.required('subset_lb_policy', readTypedPolicies);
  reader.done();
  if (child?.subsets) scope.at('subset_lb_policy').error('holds subsets again');
  return child && { ...child, subsets };
}

/** The messages of the extensions are those of `lb_config`, with the settings for localities inside. */
function readTypedSettings(kind: PolicyKind, json: unknown, scope: Scope): LoadBalancing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const isHash = kind === 'RING_HASH' || kind === 'MAGLEV';
  const locality: LocalityConfig = isHash
    ? { weightsLocalities: reader.read('locality_weighted_lb_config', readNothing) ?? false, zones: 'none' }
    : (reader.read('locality_lb_config', readLocalityConfig) ?? { weightsLocalities: false, zones: 'none' });
  const policy = readSettings(kind, reader);
  reader.done();
  return { policy, ...locality, subsets: undefined };
}

type LocalityConfig = Pick<LoadBalancing, 'weightsLocalities' | 'zones'>;

/** `LocalityLbConfig`: localities by weight, or routing by zone. */
function readLocalityConfig(json: unknown, scope: Scope): LocalityConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.oneof(['zone_aware_lb_config', 'locality_weighted_lb_config'], false);
  const weightsLocalities = reader.read('locality_weighted_lb_config', readNothing) ?? false;
  const zones = reader.read('zone_aware_lb_config', readZoneAwareConfig) ?? 'none';
  reader.done();
  return { weightsLocalities, zones };
}

/** A message that says all it says by being there. */
function readNothing(json: unknown, scope: Scope): true {
  MessageReader.open(json, scope)?.done();
  return true;
}
