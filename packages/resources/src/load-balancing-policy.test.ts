import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { staticClusterJson, typed } from './testing/sample-resources.ts';

const policyOf = (fields: Readonly<Record<string, unknown>>) => {
  const decoded = decodeCluster(staticClusterJson('a', [], fields));
  if (decoded.ok) return [decoded.value.loadBalancing, decoded.value.commonLb.weightsLocalities];
  return decoded.problems.map(({ path, message }) => `${path}: ${message}`);
};

test.each([
  [{ lb_policy: 'RING_HASH' }, { kind: 'RING_HASH', minimumRingSize: 1024, maximumRingSize: 8_388_608 }],
  [
    { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '64', maximum_ring_size: 128 } },
    { kind: 'RING_HASH', minimumRingSize: 64, maximumRingSize: 128 },
  ],
  [{ lb_policy: 'MAGLEV' }, { kind: 'MAGLEV', tableSize: 65_537 }],
  [{ lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 7 } }, { kind: 'MAGLEV', tableSize: 7 }],
  [
    { lb_policy: 'ROUND_ROBIN', round_robin_lb_config: { slow_start_config: { slow_start_window: '30s', aggression: { default_value: 2 } } } },
    { kind: 'ROUND_ROBIN', slowStart: { windowMs: 30_000, aggression: 2, minWeightRatio: 0.1 } },
  ],
])('%j is %j', (fields, policy) => {
  expect(policyOf(fields)[0]).toMatchObject(policy);
});

test.each([
  [{ lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 8 } }, 'maglev_lb_config.table_size: is 8, must be a prime'],
  [
    { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 9, maximum_ring_size: 8 } },
    'ring_hash_lb_config.minimum_ring_size: is 9, must not be more than maximum_ring_size, which is 8',
  ],
  [
    { lb_policy: 'RING_HASH', ring_hash_lb_config: { hash_function: 'CRC32' } },
    'ring_hash_lb_config.hash_function: is "CRC32", must be one of XX_HASH, MURMUR_HASH_2, DEFAULT_HASH',
  ],
  [
    { common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 50 } } },
    'common_lb_config.consistent_hashing_lb_config.hash_balance_factor: is 50, must be a number from 100 to 4294967295',
  ],
  [{ lb_policy: 'LOAD_BALANCING_POLICY_CONFIG' }, 'load_balancing_policy: is required: lb_policy is LOAD_BALANCING_POLICY_CONFIG'],
])('%j is refused', (fields, problem) => {
  expect(policyOf(fields)).toEqual([problem]);
});

test('of the typed policies the first that is known counts, with its settings for localities', () => {
  const entry = (name: string, fields: Readonly<Record<string, unknown>> = {}) => ({
    typed_extension_config: { name, typed_config: typed(`envoy.extensions.load_balancing_policies.${name}`, fields) },
  });
  const policies = [
    entry('override_host.v3.OverrideHost'),
    entry('least_request.v3.LeastRequest', { choice_count: 3, locality_lb_config: { locality_weighted_lb_config: {} } }),
    entry('random.v3.Random'),
  ];
  const [policy, weightsLocalities] = policyOf({ lb_policy: 'ROUND_ROBIN', load_balancing_policy: { policies } });
  expect(policy).toMatchObject({ kind: 'LEAST_REQUEST', choiceCount: 3 });
  expect(weightsLocalities).toBe(true);
  expect(policyOf({ load_balancing_policy: { policies: policies.slice(0, 1) } })[0]).toContain('load_balancing_policy.policies: has none that is known');
});

test('by what hosts report of their load', () => {
  const typeName = 'envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin';
  const fields = { blackout_period: '5s', weight_update_period: '0.01s', error_utilization_penalty: 0.5, metric_names_for_computing_utilization: ['named_metrics.q'] };
  const policies = [{ typed_extension_config: { name: 'x', typed_config: typed(typeName, fields) } }];
  expect(policyOf({ load_balancing_policy: { policies } })[0]).toMatchObject({
    kind: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
    blackoutMs: 5000,
    expirationMs: 180_000,
    updatePeriodMs: 100,
    errorUtilizationPenalty: 0.5,
    metricNames: ['named_metrics.q'],
    reportPeriodMs: undefined,
  });
  const apart = [{ typed_extension_config: { name: 'x', typed_config: typed(typeName, { enable_oob_load_report: true, oob_reporting_period: '2s' }) } }];
  expect(policyOf({ load_balancing_policy: { policies: apart } })[0]).toMatchObject({ reportPeriodMs: 2_000 });
});

test('what holds for every policy', () => {
  const common = {
    healthy_panic_threshold: { value: 30 },
    zone_aware_lb_config: { fail_traffic_on_panic: true, min_cluster_size: '3', routing_enabled: { value: 50 } },
    ignore_new_hosts_until_first_hc: true,
    override_host_status: { statuses: ['HEALTHY', 'DRAINING'] },
    consistent_hashing_lb_config: { use_hostname_for_hashing: true, hash_balance_factor: 125 },
  };
  expect(decodeCluster(staticClusterJson('a', [], { common_lb_config: common }))).toMatchObject({
    ok: true,
    value: {
      commonLb: {
        panicThresholdRatio: 0.3,
        failTrafficOnPanic: true,
        zones: { minClusterSize: 3, routingRatio: 0.5 },
        weightsLocalities: false,
        ignoresNewHostsUntilFirstCheck: true,
        overrideStatuses: ['HEALTHY', 'DRAINING'],
        hashing: { useHostnameForHashing: true, hashBalanceFactor: 125 },
      },
    },
  });
});

test('a retry budget stands beside the fixed limit', () => {
  const thresholds = [{ retry_budget: { budget_percent: { value: 25 } } }];
  expect(decodeCluster(staticClusterJson('a', [], { circuit_breakers: { thresholds } }))).toMatchObject({
    ok: true,
    value: { circuitBreakers: { default: { retryBudget: { ratio: 0.25, minRetryConcurrency: 3 } }, high: { retryBudget: undefined } } },
  });
});

test('typed policies speak of zones themselves', () => {
  const zonesOf = (locality_lb_config: Readonly<Record<string, unknown>>) => {
    const typed_config = typed('envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin', { locality_lb_config });
    const decoded = decodeCluster(staticClusterJson('a', [], { load_balancing_policy: { policies: [{ typed_extension_config: { name: 'x', typed_config } }] } }));
    return decoded.ok ? decoded.value.commonLb.zones : decoded.problems;
  };
  expect(zonesOf({})).toBeUndefined();
  expect(zonesOf({ zone_aware_lb_config: {} })).toEqual({ minClusterSize: 6, routingRatio: 1 });
});
