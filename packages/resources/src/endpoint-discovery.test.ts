import { expect, test } from 'vitest';
import { decodeBootstrap } from './bootstrap.ts';
import { decodeCluster } from './cluster.ts';
import { assignmentJson, socketAddress, typed, type Json } from './testing/sample-resources.ts';

const decode = (fields: Json, endpoints: readonly string[] = ['app.test:80']) =>
  decodeCluster({ name: 'a', load_assignment: assignmentJson('a', endpoints), ...fields });
const problemsOf = (fields: Json, endpoints?: readonly string[]) =>
  decode(fields, endpoints).problems.map(({ path, message }) => `${path}: ${message}`);

const caresTypeName = 'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';

test('what a cluster says about names', () => {
  const fields = {
    type: 'STRICT_DNS',
    dns_refresh_rate: '30s',
    dns_failure_refresh_rate: { base_interval: '2s' },
    respect_dns_ttl: true,
    dns_jitter: '0.5s',
    dns_lookup_family: 'V4_PREFERRED',
    wait_for_warm_on_init: false,
    typed_dns_resolver_config: { name: 'cares', typed_config: typed(caresTypeName, { resolvers: [socketAddress('10.0.0.10', 0)], query_tries: 2 }) },
  };
  expect(decode(fields)).toMatchObject({
    ok: true,
    problems: [],
    value: {
      discovery: {
        kind: 'STRICT_DNS',
        dns: {
          refreshRateMs: 30_000,
          failureRefresh: { baseMs: 2000, maxMs: 20_000 },
          respectsTtl: true,
          jitterMs: 500,
          lookupFamily: 'V4_PREFERRED',
          waitsForFirst: false,
          resolver: { servers: [{ host: '10.0.0.10', port: 53 }], searches: true, triesMax: 2 },
        },
      },
    },
  });
});

test('DnsCluster says the same, and whether a name is one host', () => {
  const dns = (config: Json) => ({ cluster_type: { name: 'envoy.cluster.dns', typed_config: typed('envoy.extensions.clusters.dns.v3.DnsCluster', config) } });
  expect(decode(dns({ dns_refresh_rate: '7s', dns_lookup_family: 'V6_ONLY' }))).toMatchObject({
    ok: true,
    value: { discovery: { kind: 'STRICT_DNS', dns: { refreshRateMs: 7000, lookupFamily: 'V6_ONLY' } } },
  });
  expect(decode(dns({ all_addresses_in_single_endpoint: true }))).toMatchObject({ ok: true, value: { discovery: { kind: 'LOGICAL_DNS' } } });
});

test('where a request was going, as its connection or a header says', () => {
  const bare = (fields: Json) => decodeCluster({ name: 'a', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', ...fields });
  expect(bare({})).toMatchObject({ ok: true, value: { discovery: { kind: 'ORIGINAL_DST', header: undefined, portOverride: 0, cleanupIntervalMs: 5000 } } });
  const config = { use_http_header: true, http_header_name: 'X-Where', upstream_port_override: 8080 };
  expect(bare({ original_dst_lb_config: config, cleanup_interval: '9s' })).toMatchObject({
    ok: true,
    problems: [],
    value: { discovery: { header: 'x-where', portOverride: 8080, cleanupIntervalMs: 9000 } },
  });
  expect(bare({ lb_policy: 'ROUND_ROBIN' })).toMatchObject({ problems: [{ path: 'lb_policy', message: 'is ROUND_ROBIN, must be CLUSTER_PROVIDED for a cluster of type ORIGINAL_DST' }] });
  expect(problemsOf({ type: 'STRICT_DNS', lb_policy: 'CLUSTER_PROVIDED' })).toEqual(['lb_policy: is CLUSTER_PROVIDED, which a cluster of type STRICT_DNS does not do']);
});

test('an aggregate of other clusters', () => {
  const aggregate = (clusters: readonly string[]) => ({
    name: 'a',
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: { name: 'envoy.clusters.aggregate', typed_config: typed('envoy.extensions.clusters.aggregate.v3.ClusterConfig', { clusters }) },
  });
  expect(decodeCluster(aggregate(['b', 'c']))).toMatchObject({ ok: true, problems: [], value: { discovery: { kind: 'AGGREGATE', clusters: ['b', 'c'] } } });
  expect(decodeCluster(aggregate([])).problems[0]?.path).toBe('cluster_type.typed_config.clusters');
});

test('a type may be given by its extension name', () => {
  expect(decode({ cluster_type: { name: 'envoy.cluster.strict_dns' } })).toMatchObject({ ok: true, value: { discovery: { kind: 'STRICT_DNS' } } });
});

test.each([
  [{ type: 'LOGICAL_DNS' }, ['a.test:80', 'b.test:80'], 'load_assignment: has 2 endpoints, must have one for LOGICAL_DNS'],
  [{ type: 'STRICT_DNS', dns_refresh_rate: '0s' }, undefined, 'dns_refresh_rate: must be at least 0.001s'],
  [{ type: 'STRICT_DNS', dns_failure_refresh_rate: { base_interval: '2s', max_interval: '1s' } }, undefined, 'dns_failure_refresh_rate.max_interval: must not be less than base_interval'],
  [{ cluster_type: { name: 'envoy.clusters.redis' } }, undefined, 'cluster_type.name: is envoy.clusters.redis, must be one of'],
  [{ type: 'STATIC', cluster_type: { name: 'envoy.cluster.eds' } }, undefined, ': has type and cluster_type, of which only one may be set'],
])('%j is refused', (fields, endpoints, problem) => {
  expect(problemsOf(fields, endpoints).join('\n')).toContain(problem);
});

test('a bootstrap says who resolves names, in any of three ways', () => {
  const servers = [{ host: '10.0.0.10', port: 5353 }];
  const address = socketAddress('10.0.0.10', 5353);
  const options = { no_default_search_domain: true };
  const of = (fields: Json) => decodeBootstrap(fields);
  expect(of({ typed_dns_resolver_config: { name: 'x', typed_config: typed(caresTypeName, { resolvers: [address], dns_resolver_options: options }) } })).toMatchObject({
    ok: true,
    value: { dnsResolver: { servers, searches: false } },
  });
  expect(of({ dns_resolution_config: { resolvers: [address] } })).toMatchObject({ ok: true, value: { dnsResolver: { servers, searches: true } } });
  const libc = 'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig';
  expect(of({ typed_dns_resolver_config: { name: 'x', typed_config: typed(libc) } })).toMatchObject({ ok: true, value: { dnsResolver: { servers: [] } } });
  expect(of({})).toMatchObject({ ok: true, value: { dnsResolver: undefined } });
});
