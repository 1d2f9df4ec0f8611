/** Retry, hedge and mirror policies: what they may say, and how what is wrong is told. */
import { describe, expect, test } from 'vitest';
import { decodeRouteConfiguration } from './route-configuration.ts';
import { routesJson, routeTo, typed, type Json } from './testing/index.ts';

function decode(fields: Json) {
  const decoded = decodeRouteConfiguration(routesJson('r', [routeTo('app', fields)]));
  const action = decoded.ok ? decoded.value.virtualHosts[0]?.routes[0]?.action : undefined;
  const at = 'virtual_hosts[0].routes[0].route.';
  return { action: action?.kind === 'route' ? action : undefined, problems: decoded.problems.map(({ path, message }) => `${path.replace(at, '')}: ${message}`) };
}

describe('a retry policy', () => {
  test('that says nothing has Envoy\'s defaults', () => {
    expect(decode({ retry_policy: {} }).action?.retryPolicy).toEqual({
      retryOn: [],
      retriesMax: 1,
      perTryTimeoutMs: 0,
      perTryIdleTimeoutMs: 0,
      retriableStatusCodes: [],
      retriableHeaders: [],
      retriableRequestHeaders: [],
      hostPredicates: [],
      priorityUpdateFrequency: undefined,
      hostSelectionTriesMax: 1,
      backOff: { baseIntervalMs: 25, maxIntervalMs: 250 },
      rateLimitedBackOff: undefined,
    });
  });

  test('may say all that Envoy\'s may', () => {
    const policy = {
      retry_on: 'connect-failure, refused-stream,retriable-headers,http3-post-connect-failure',
      per_try_idle_timeout: '2s',
      retriable_headers: [{ name: 'X-Again', present_match: true }],
      retriable_request_headers: [{ name: ':method', string_match: { exact: 'GET' } }],
      retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }, { name: 'c', typed_config: typed('envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate') }],
      retry_priority: { name: 'p', typed_config: typed('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', { update_frequency: 2 }) },
      retry_back_off: { base_interval: '0.1s' },
      rate_limited_retry_back_off: { reset_headers: [{ name: 'Retry-After' }, { name: 'x-reset', format: 'UNIX_TIMESTAMP' }] },
    };
    const { action, problems } = decode({ retry_policy: policy });
    expect(problems).toEqual([]);
    expect(action?.retryPolicy).toMatchObject({
      perTryIdleTimeoutMs: 2000,
      retriableHeaders: [{ name: 'x-again' }],
      hostPredicates: [{ kind: 'previous_hosts' }, { kind: 'omit_canary_hosts' }],
      priorityUpdateFrequency: 2,
      backOff: { baseIntervalMs: 100, maxIntervalMs: 1000 },
      rateLimitedBackOff: { resetHeaders: [{ name: 'retry-after', format: 'SECONDS' }, { name: 'x-reset', format: 'UNIX_TIMESTAMP' }], maxIntervalMs: 300_000 },
    });
  });

  test.each<[Json, string]>([
    [{ retry_back_off: { base_interval: '0s' } }, 'retry_policy.retry_back_off.base_interval: must be more than 0'],
    [{ retry_back_off: { base_interval: '1s', max_interval: '0.5s' } }, 'retry_policy.retry_back_off.max_interval: must not be less than base_interval'],
    [{ rate_limited_retry_back_off: {} }, 'retry_policy.rate_limited_retry_back_off.reset_headers: must name at least one header'],
    [{ retry_host_predicate: [{ name: 'mine' }] }, 'retry_policy.retry_host_predicate[0].name: is "mine", must be out of previous_hosts, omit_canary_hosts, omit_host_metadata'],
    [{ retry_priority: { name: 'p' } }, 'retry_policy.retry_priority.typed_config: is required'],
    [{ retry_options_predicates: [{ name: 'x' }] }, 'retry_policy.retry_options_predicates: is not supported: outside our subset, and it would change what happens to traffic'],
  ])('that is wrong says where: %j', (policy, problem) => {
    expect(decode({ retry_policy: policy }).problems).toContain(problem);
  });
});

test('a mirror needs a cluster, or a header that names one', () => {
  expect(decode({ request_mirror_policies: [{}] }).problems[0]).toMatch(/^request_mirror_policies\[0\]: must have cluster or cluster_header|^request_mirror_policies\[0\]: must have/);
  expect(decode({ request_mirror_policies: [{ cluster: 'a' }] }).action?.mirrorPolicies).toEqual([
    { target: { kind: 'cluster', name: 'a' }, fraction: undefined, appendsShadow: true, hostRewriteLiteral: undefined },
  ]);
});

test('what hedges at the per-try timeout, and how long gRPC clients may ask for', () => {
  const { action } = decode({ hedge_policy: { hedge_on_per_try_timeout: true }, max_grpc_timeout: '5s', grpc_timeout_offset: '0.1s' });
  expect(action).toMatchObject({ hedgePolicy: { onPerTryTimeout: true }, maxStreamDuration: { grpcTimeoutMaxMs: 5000, grpcTimeoutOffsetMs: 100 } });
});

test('redirects are not followed, and whoever wants that hears of it', () => {
  expect(decode({ internal_redirect_policy: {} }).problems).toEqual([
    'internal_redirect_policy: is not supported: a redirect that is followed here would not pass the filters of its new route, and it would change what happens to traffic',
  ]);
});
