/** `envoy.config.route.v3.WeightedCluster`: one route, several clusters, by weight. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMutations, type HeaderMutations } from './header-value-option.ts';
import type { Struct } from './metadata.ts';
import { readMetadataMatch } from './metadata-match.ts';
import { readPerFilterConfigs, type PerFilterConfigs } from './per-filter-config.ts';

export interface WeightedCluster {
  readonly clusters: readonly ClusterWeight[];
  /** The sum of the weights; at least 1. */
  readonly totalWeight: number;
  /** Where the number comes from that decides. */
  readonly random: RandomValue;
}

export type RandomValue =
  /** Drawn for each request. */
  | { readonly kind: 'drawn' }
  /** A whole number in this request header (lower case); drawn when there is none. */
  | { readonly kind: 'header'; readonly header: string }
  /** The route's hash policies; drawn when they find nothing. */
  | { readonly kind: 'hash-policy' };

export interface ClusterWeight {
  /** Empty where `clusterHeader` says which. */
  readonly name: string;
  /** The value of this request header (lower case) names the cluster. */
  readonly clusterHeader: string | undefined;
  /** 0 is legal and takes nothing. */
  readonly weight: number;
  readonly hostRewriteLiteral: string | undefined;
  readonly headers: HeaderMutations;
  readonly perFilterConfigs: PerFilterConfigs;
  /** Beside what the route wants of endpoints, and before it where both say something. */
  readonly metadataMatch: Struct | undefined;
}

/** The largest sum that Envoy allows. */
const totalWeightMax = 4_294_967_295;

export function readWeightedCluster(json: unknown, scope: Scope): WeightedCluster | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const clusters = reader.list('clusters', readClusterWeight);
  const totalWeight = clusters.reduce((sum, entry) => sum + entry.weight, 0);
  if (totalWeight < 1 || totalWeight > totalWeightMax) {
    scope.at('clusters').error(`has weights that add up to ${totalWeight}, must be from 1 to ${totalWeightMax}`);
  }
  const stated = reader.uint32('total_weight'); // older servers still send it, and mean it as a check
  if (stated !== undefined && stated !== totalWeight) {
    scope.at('total_weight').error(`is ${stated}, but the weights add up to ${totalWeight}`);
  }
  reader.ignore(['runtime_key_prefix']);
  const random = readRandomValue(reader);
  reader.done();
  return { clusters, totalWeight, random };
}

function readRandomValue(reader: MessageReader): RandomValue {
  switch (reader.oneof(['header_name', 'use_hash_policy'], false)) {
    case 'header_name':
      return { kind: 'header', header: reader.requiredString('header_name').toLowerCase() };
    case 'use_hash_policy':
      return reader.boolean('use_hash_policy', false) ? { kind: 'hash-policy' } : { kind: 'drawn' };
    default:
      return { kind: 'drawn' };
  }
}

function readClusterWeight(json: unknown, scope: Scope): ClusterWeight | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const entry: ClusterWeight = {
    ...readTarget(reader),
    weight: reader.uint32('weight', 0),
    hostRewriteLiteral: reader.string('host_rewrite_literal'),
    headers: readHeaderMutations(reader),
    perFilterConfigs: readPerFilterConfigs(reader),
    metadataMatch: readMetadataMatch(reader),
  };
  reader.done();
  return entry;
}

function readTarget(reader: MessageReader): Pick<ClusterWeight, 'name' | 'clusterHeader'> {
  const clusterHeader = reader.string('cluster_header')?.toLowerCase();
  if (!clusterHeader) return { name: reader.requiredString('name'), clusterHeader: undefined };
  const name = reader.string('name', '');
  if (name !== '') reader.scope.at('cluster_header').error('is set, and so is name: only one may be');
  return { name: '', clusterHeader };
}
