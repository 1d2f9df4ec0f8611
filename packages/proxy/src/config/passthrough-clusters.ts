/** Clusters that stand for hosts outside the mesh: nobody has configured them, routes have asked for them. */
import type { Address } from '@sluice/kernel';
import { decodeCluster, typeUrls, versionOf, type Cluster } from '@sluice/resources';
import type { ClusterConfig } from '../proxy-config.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import { compileCluster } from './compile-cluster.ts';
import type { ConfigResource } from './config-resource.ts';

/** What is on its way out at once; beyond, requests are refused as of any cluster. Chosen: a laptop's, not a mesh's. */
const limits = { max_connections: 4096, max_pending_requests: 4096, max_requests: 4096, max_retries: 3 };

export class PassthroughClusters {
  readonly #made = new Map<string, ClusterConfig>();

  /** `configured` with those of `addresses`; itself where there are none. */
  join(configured: ReadonlyMap<string, ClusterConfig>, addresses: ReadonlyMap<string, Address>): ReadonlyMap<string, ClusterConfig> {
    if (addresses.size === 0) return configured;
    const joined = new Map(configured);
    for (const [name, { path = '' }] of addresses) joined.set(name, this.#clusterOf(name, path));
    return joined;
  }

  #clusterOf(name: string, path: string): ClusterConfig {
    let cluster = this.#made.get(name);
    if (!cluster) this.#made.set(name, (cluster = compileCluster(resourceOf(name, path), undefined, createPatternCompiler(noRegexEngine, '', []))));
    return cluster;
  }
}

function resourceOf(name: string, path: string): ConfigResource<Cluster> {
  const json = {
    name,
    type: 'STATIC',
    circuit_breakers: { thresholds: [limits, { ...limits, priority: 'HIGH' }] },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }] },
  };
  const decoded = decodeCluster(json);
  if (!decoded.ok) throw new TypeError(`the cluster of a passthrough route is wrong: ${JSON.stringify(decoded.problems)}`);
  return { typeUrl: typeUrls.cluster, name, version: versionOf(json), versionInfo: '', json, value: decoded.value, isStatic: true, path: '', updatedWallTime: 0 };
}
