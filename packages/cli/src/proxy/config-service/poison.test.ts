/**
 * Whatever a config service says, good or bad, what was good before goes on being served, and the service is told every
 * reason. Each case pushes something poor to a proxy with traffic, in both variants.
 */
import { typeUrls } from '@sluice/resources';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startFollowedProxy, type FollowedProxy } from './testing/followed-proxy.ts';
import { ScriptedService, type ScriptedResource } from './testing/scripted-service.ts';
import { apiSource, edsCluster, endpointsOf, listenerOf, routesTo, serviceCluster, startNamedUpstream, type NamedUpstream } from './testing/service-resources.ts';

const waiting = { timeout: 15_000, interval: 20 };

interface Poison {
  readonly typeUrl: string;
  /** Beside the good resource of the type, or in its place. */
  readonly resources: (good: JsonObject) => readonly ScriptedResource[];
  /** All of them are named in the refusal. Empty: it is no mistake of the kind that can be seen, and changes nothing. */
  readonly reasons: readonly RegExp[];
}

const garbage = Uint8Array.from({ length: 40 }, (_, index) => 255 - index);

const poisons: Readonly<Record<string, Poison>> = {
  'clusters: one without a good time, one without a good balancer': {
    typeUrl: typeUrls.cluster,
    resources: (good) => [good, { name: 'x', connect_timeout: '-3s' }, { name: 'y', type: 'STATIC', lb_policy: 'CLUSTER_PROVIDED', load_assignment: { cluster_name: 'y' } }],
    reasons: [/x: connect_timeout/, /y: lb_policy/],
  },
  'clusters: bytes that are none': {
    typeUrl: typeUrls.cluster,
    resources: (good) => [good, { name: 'x', bytes: garbage }],
    reasons: [/(x|#1): /],
  },
  'clusters: one that leads to itself': {
    typeUrl: typeUrls.cluster,
    resources: (good) => [good, { name: 'x', lb_policy: 'CLUSTER_PROVIDED', cluster_type: { name: 'envoy.clusters.aggregate', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig', clusters: ['x'] } } }],
    reasons: [],
  },
  'clusters: the good one made poor': {
    typeUrl: typeUrls.cluster,
    resources: (good) => [{ ...good, max_requests_per_connection: 1, circuit_breakers: { thresholds: [{ priority: 'HIGH' }, { priority: 'HIGH' }] }, connect_timeout: '0s' }],
    reasons: [/app: connect_timeout/],
  },
  'endpoints: ports and weights that cannot be': {
    typeUrl: typeUrls.clusterLoadAssignment,
    resources: () => [{ cluster_name: 'app', endpoints: [{ priority: 200, lb_endpoints: [{ endpoint: { address: { socket_address: { address: 'not an address', port_value: 1 } } } }] }] }],
    reasons: [/app: endpoints\[0\]/],
  },
  'endpoints: of a cluster nobody has': {
    typeUrl: typeUrls.clusterLoadAssignment,
    resources: (good) => [good, { cluster_name: 'nobody', endpoints: [{ priority: 200 }] }],
    reasons: [],
  },
  'listeners: one without filters that make sense, one at no address': {
    typeUrl: typeUrls.listener,
    resources: (good) => [good, { name: 'x', filter_chains: [] }, { ...listenerOf('y', { route_config: routesTo('app') }), address: { socket_address: { address: '127.0.0.1', port_value: 70000 } } }],
    reasons: [/x: address/, /y: address/],
  },
  'listeners: routes to a cluster that is not there': {
    typeUrl: typeUrls.listener,
    resources: (good) => [good, listenerOf('x', { route_config: routesTo('nowhere') })],
    reasons: [/x: .*nowhere/],
  },
  'listeners: a filter that nobody knows': {
    typeUrl: typeUrls.listener,
    resources: (good) => [{ ...good, filter_chains: [{ filters: [{ name: 'n', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }] }] }],
    reasons: [/edge: filter_chains\[0\]\.filters\[0\]/],
  },
  'routes: domains twice, and an expression that is none': {
    typeUrl: typeUrls.routeConfiguration,
    resources: () => [
      {
        name: 'routes',
        virtual_hosts: [
          { name: 'a', domains: ['*'], routes: [{ match: { safe_regex: { regex: '(' } }, route: { cluster: 'app' } }] },
          { name: 'b', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] },
        ],
      },
    ],
    reasons: [/routes: virtual_hosts/],
  },
  'routes: weights to clusters that are not there, where that is to be checked': {
    typeUrl: typeUrls.routeConfiguration,
    resources: () => [
      { name: 'routes', validate_clusters: true, virtual_hosts: [{ name: 'a', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { weighted_clusters: { clusters: [{ name: 'ns/gone', weight: 1 }] } } }] }] },
    ],
    reasons: [/route: unknown weighted cluster 'ns\/gone'/],
  },
  'routes: a redirect and an answer at once, and no end of them': {
    typeUrl: typeUrls.routeConfiguration,
    resources: () => [{ name: 'routes', virtual_hosts: Array.from({ length: 60 }, (_, index) => ({ name: `v${index}`, domains: [`v${index}`], routes: [{ match: { prefix: 'x' }, direct_response: { status: 99 } }] })) }],
    reasons: [/routes: .*status.*; .*and \d+ more/s],
  },
  'clusters: endpoints out of a file, and a certificate': {
    typeUrl: typeUrls.cluster,
    resources: (good) => [
      good,
      { name: 'x', type: 'EDS', eds_cluster_config: { eds_config: { path_config_source: { path: '/etc/endpoints.yaml' } } } },
      { name: 'y', transport_socket: { name: 'tls', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'cert', sds_config: { path: '/etc/cert.yaml' } }] } } } },
    ],
    reasons: [/x: eds_cluster_config\.eds_config\.path_config_source: is a file/, /y: transport_socket\.typed_config\.common_tls_context\.tls_certificate_sds_secret_configs\[0\]\.sds_config\.path: is a file/],
  },
  'secrets: one that holds no certificate': {
    typeUrl: typeUrls.secret,
    resources: () => [{ name: 'cert', tls_certificate: { certificate_chain: { inline_string: 'no' }, private_key: { inline_string: 'no' } } }],
    reasons: [/cert: tls_certificate\.certificate_chain/],
  },
};

describe.each(['GRPC', 'DELTA_GRPC'])('by %s', (apiType) => {
  let upstream: NamedUpstream;
  let service: ScriptedService;
  let proxy: FollowedProxy;
  const good: Record<string, JsonObject> = {};

  beforeEach(async () => {
    upstream = await startNamedUpstream('good');
    service = new ScriptedService(await loadCodec('proxy'));
    await service.start();
    const tls = { common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'cert', sds_config: { ads: {}, initial_fetch_timeout: '0s' } }] } };
    good[typeUrls.cluster] = edsCluster('app');
    good[typeUrls.clusterLoadAssignment] = endpointsOf('app', upstream.port);
    good[typeUrls.listener] = listenerOf('edge', { rds: { route_config_name: 'routes', config_source: { ads: {} } } });
    good[typeUrls.routeConfiguration] = routesTo('app');
    const secured = listenerOf('secured', { route_config: routesTo('app', 'own', { validate_clusters: false }) });
    const [chain] = secured['filter_chains'] as readonly [JsonObject];
    const waitsForSecret = { ...secured, filter_chains: [{ ...chain, transport_socket: { name: 'tls', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', ...tls } } }] };
    for (const [typeUrl, resource] of Object.entries(good)) service.set(typeUrl, typeUrl === typeUrls.listener ? [resource, waitsForSecret] : [resource]);
    service.set(typeUrls.secret, []);
    const ads = { ads: {} };
    proxy = await startFollowedProxy({
      bootstrap: {
        node: { id: 'proxy', cluster: 'group' },
        dynamic_resources: { ads_config: apiSource('service', apiType), cds_config: ads, lds_config: ads },
        static_resources: { clusters: [serviceCluster('service', [service.port])] },
      },
    });
    await vi.waitFor(async () => expect(await proxy.get()).toBe('good'), waiting);
  });

  afterEach(async () => {
    await proxy.stop();
    await service.stop();
    upstream.stop();
  });

  test.each(Object.entries(poisons))('%s', async (_name, { typeUrl, resources, reasons }) => {
    const answered = service.answers(typeUrl).length;
    service.set(typeUrl, resources(good[typeUrl] ?? {}));
    await vi.waitFor(() => expect(service.answers(typeUrl).length).toBeGreaterThan(answered), waiting);
    const refusal = service.answers(typeUrl).at(-1)?.refusal;
    if (reasons.length === 0) expect(refusal).toBeUndefined();
    for (const reason of reasons) expect(refusal).toMatch(reason);
    expect(await Promise.all(Array.from({ length: 5 }, () => proxy.get()))).toEqual(Array.from({ length: 5 }, () => 'good'));

    // And it is not broken for what comes next.
    const now = service.answers(typeUrls.clusterLoadAssignment).length;
    service.set(typeUrls.clusterLoadAssignment, [{ ...endpointsOf('app', upstream.port), policy: { overprovisioning_factor: 150 } }]);
    await vi.waitFor(() => expect(service.answers(typeUrls.clusterLoadAssignment).length).toBeGreaterThan(now), waiting);
    expect(service.answers(typeUrls.clusterLoadAssignment).at(-1)?.refusal).toBeUndefined();
    expect(await proxy.get()).toBe('good');
  });
});
