/** `envoy.config.cluster.v3.Cluster.CommonLbConfig`: what holds for every load-balancing policy of a cluster. */
import { healthStatuses, type HealthStatus } from './cluster-load-assignment.ts';
import { MessageReader } from './decode/message-reader.ts';
import { decodeEnum } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import type { ConsistentHashing } from './load-balancing.ts';
import { readConsistentHashing } from './load-balancing-settings.ts';
import { readPercent } from './percent.ts';
import { defaultZoneAware, readZoneAwareConfig, type ZoneAware } from './zone-aware.ts';

export interface CommonLbConfig {
  /** Below this share of healthy hosts all hosts take part; 0 never. Default 0.5, as Envoy. */
  readonly panicThresholdRatio: number;
  /** In panic requests fail instead. */
  readonly failTrafficOnPanic: boolean;
  /** Absent: zones do not count. */
  readonly zones?: ZoneAware | undefined;
  /** A locality is chosen by its weight before a host is. */
  readonly weightsLocalities: boolean;
  /** Hosts that no active check has reached yet count neither for nor against their cluster. */
  readonly ignoresNewHostsUntilFirstCheck: boolean;
  /** Of hosts that a session may stay with, by what their source says. Absent: HEALTHY, UNKNOWN, DEGRADED, as Envoy. */
  readonly overrideStatuses?: readonly HealthStatus[] | undefined;
  /** For policies that place requests by hash. */
  readonly hashing: ConsistentHashing;
}

export const defaultCommonLbConfig: CommonLbConfig = {
  panicThresholdRatio: 0.5,
  failTrafficOnPanic: false,
  zones: defaultZoneAware,
  weightsLocalities: false,
  ignoresNewHostsUntilFirstCheck: false,
  hashing: { useHostnameForHashing: false, hashBalanceFactor: 0 },
};

export function readCommonLbConfig(json: unknown, scope: Scope): CommonLbConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const defaults = defaultCommonLbConfig;
  const locality = reader.oneof(['zone_aware_lb_config', 'locality_weighted_lb_config'], false);
  const config: CommonLbConfig = {
    panicThresholdRatio: reader.read('healthy_panic_threshold', readPercent) ?? defaults.panicThresholdRatio,
    ...(reader.read('zone_aware_lb_config', readZoneAwareConfig) ?? { failTrafficOnPanic: false, zones: defaultZoneAware }),
    weightsLocalities: locality === 'locality_weighted_lb_config',
    ignoresNewHostsUntilFirstCheck: reader.boolean('ignore_new_hosts_until_first_hc', false),
    overrideStatuses: reader.read('override_host_status', readStatuses),
    hashing: reader.read('consistent_hashing_lb_config', readConsistentHashing) ?? defaults.hashing,
  };
  reader.read('locality_weighted_lb_config', readNothing);
  reader.ignore(['update_merge_window', 'close_connections_on_host_set_change']);
  reader.done();
  return config;
}

/** `HealthStatusSet` */
function readStatuses(json: unknown, scope: Scope): readonly HealthStatus[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const statuses = reader.list('statuses', (status, at) => decodeEnum(status, at, healthStatuses));
  reader.done();
  return statuses;
}

function readNothing(json: unknown, scope: Scope): true {
  MessageReader.open(json, scope)?.done();
  return true;
}
