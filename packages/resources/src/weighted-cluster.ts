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
}

export interface ClusterWeight {
  readonly name: string;
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
  reader.refuse(['header_name', 'use_hash_policy']);
  reader.done();
  return { clusters, totalWeight };
}

function readClusterWeight(json: unknown, scope: Scope): ClusterWeight | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const entry: ClusterWeight = {
    name: reader.requiredString('name'),
    weight: reader.uint32('weight', 0),
    hostRewriteLiteral: reader.string('host_rewrite_literal'),
    headers: readHeaderMutations(reader),
    perFilterConfigs: readPerFilterConfigs(reader),
    metadataMatch: readMetadataMatch(reader),
  };
  reader.refuse(['cluster_header']);
  reader.done();
  return entry;
}
