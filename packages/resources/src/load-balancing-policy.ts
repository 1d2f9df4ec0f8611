/** How a cluster chooses among its hosts: `lb_policy` and its settings. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readPercent } from './percent.ts';

export type LoadBalancingPolicy =
  | { readonly kind: 'ROUND_ROBIN' }
  | {
      readonly kind: 'LEAST_REQUEST';
      /** How many hosts are drawn before the least busy of them is taken. Default 2, as Envoy. */
      readonly choiceCount: number;
      /** How strongly requests under way count against a host's weight, when weights differ. Default 1. */
      readonly activeRequestBias: number;
    }
  | { readonly kind: 'RANDOM' };

const policies = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'] as const;

/** Envoy's default for `choice_count`. */
const defaultChoiceCount = 2;

/** Envoy's default for `healthy_panic_threshold`: below half of its hosts healthy, all take part. */
export const defaultPanicThresholdRatio = 0.5;

export function readLoadBalancingPolicy(reader: MessageReader): LoadBalancingPolicy {
  const kind = reader.enum('lb_policy', policies, 'ROUND_ROBIN');
  const least = reader.read('least_request_lb_config', readLeastRequest);
  const round = reader.read('round_robin_lb_config', readRoundRobin);
  if (least && kind !== 'LEAST_REQUEST') {
    reader.scope.at('least_request_lb_config').error(`is set, but lb_policy is ${kind}`);
  }
  if (round && kind !== 'ROUND_ROBIN') {
    reader.scope.at('round_robin_lb_config').error(`is set, but lb_policy is ${kind}`);
  }
  if (kind !== 'LEAST_REQUEST') return { kind };
  return least ?? { kind, choiceCount: defaultChoiceCount, activeRequestBias: 1 };
}

/** `CommonLbConfig`, of which the panic threshold counts: a ratio, 0 turns panic off. */
export function readPanicThreshold(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const threshold = reader.read('healthy_panic_threshold', readPercent);
  reader.ignore(['update_merge_window', 'close_connections_on_host_set_change', 'zone_aware_lb_config']);
  reader.refuse([
    'locality_weighted_lb_config',
    'ignore_new_hosts_until_first_hc',
    'consistent_hashing_lb_config',
    'override_host_status',
  ]);
  reader.done();
  return threshold;
}

function readLeastRequest(json: unknown, scope: Scope): LoadBalancingPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const choiceCount = reader.uint32('choice_count', defaultChoiceCount, { min: 2 });
  const activeRequestBias = reader.read('active_request_bias', readRuntimeDouble) ?? 1;
  if (activeRequestBias < 0) scope.at('active_request_bias').error(`is ${activeRequestBias}, must be at least 0`);
  reader.refuse(['slow_start_config', 'locality_lb_config', 'selection_method']);
  reader.done();
  return { kind: 'LEAST_REQUEST', choiceCount, activeRequestBias };
}

function readRoundRobin(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.refuse(['slow_start_config', 'locality_lb_config']);
  reader.done();
  return true;
}

/** `RuntimeDouble`: its default value. */
function readRuntimeDouble(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const value = reader.number('default_value', 0);
  reader.ignore(['runtime_key']);
  reader.done();
  return value;
}
