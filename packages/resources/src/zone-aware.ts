/** `ZoneAwareLbConfig`: requests stay in the zone of the proxy, where the bootstrap says which that is. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readPercent } from './percent.ts';

export interface ZoneAware {
  /** With fewer healthy hosts zones do not count. Default 6, as Envoy. */
  readonly minClusterSize: number;
  /** How many requests go by zone. Default 1. */
  readonly routingRatio: number;
}

/** What the message says: of zones, and (since it stands there) whether requests fail in panic. */
export interface ZoneAwareConfig {
  readonly zones: ZoneAware;
  readonly failTrafficOnPanic: boolean;
}

export const defaultZoneAware: ZoneAware = { minClusterSize: 6, routingRatio: 1 };

export function readZoneAwareConfig(json: unknown, scope: Scope): ZoneAwareConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: ZoneAwareConfig = {
    failTrafficOnPanic: reader.boolean('fail_traffic_on_panic', false),
    zones: {
      minClusterSize: reader.integer('min_cluster_size', { min: 0 }) ?? defaultZoneAware.minClusterSize,
      routingRatio: reader.read('routing_enabled', readPercent) ?? defaultZoneAware.routingRatio,
    },
  };
  reader.refuse(['force_local_zone', 'force_locality_direct_routing']);
  reader.ignore(['locality_basis']);
  reader.done();
  return config;
}
