/** `standardFilters` for who starts often: each is loaded when a configuration names it. */
import { lateFilter } from './late-filter.ts';
import type { FilterCatalog } from './filter.ts';
import { istioStubFactories } from './istio/istio-stubs.ts';
import { routerFactory } from './router/router-factory.ts';

/** The same, in the same order. */
export const lateStandardFilters: FilterCatalog = [
  lateFilter(
    { name: 'envoy.filters.http.buffer', type: 'envoy.extensions.filters.http.buffer.v3.Buffer', perRouteType: 'envoy.extensions.filters.http.buffer.v3.BufferPerRoute' },
    async () => (await import('./buffer/buffer-filter.ts')).bufferFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.compressor', type: 'envoy.extensions.filters.http.compressor.v3.Compressor', perRouteType: 'envoy.extensions.filters.http.compressor.v3.CompressorPerRoute' },
    async () => (await import('./compressor/compressor-filter.ts')).compressorFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.cors', type: 'envoy.extensions.filters.http.cors.v3.Cors', perRouteType: 'envoy.extensions.filters.http.cors.v3.CorsPolicy' },
    async () => (await import('./cors/cors-filter.ts')).corsFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.decompressor', type: 'envoy.extensions.filters.http.decompressor.v3.Decompressor' },
    async () => (await import('./decompressor/decompressor-filter.ts')).decompressorFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.ext_authz', type: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', perRouteType: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute' },
    async () => (await import('./ext-authz/ext-authz-filter.ts')).extAuthzFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.fault', type: 'envoy.extensions.filters.http.fault.v3.HTTPFault', perRouteType: 'envoy.extensions.filters.http.fault.v3.HTTPFault' },
    async () => (await import('./fault/fault-filter.ts')).faultFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.grpc_stats', type: 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig' },
    async () => (await import('./grpc-stats/grpc-stats-filter.ts')).grpcStatsFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.grpc_web', type: 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb' },
    async () => (await import('./grpc-web/grpc-web-filter.ts')).grpcWebFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.header_mutation', type: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', perRouteType: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute' },
    async () => (await import('./header-mutation/header-mutation-filter.ts')).headerMutationFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.health_check', type: 'envoy.extensions.filters.http.health_check.v3.HealthCheck' },
    async () => (await import('./health-check/health-check-filter.ts')).healthCheckFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.jwt_authn', type: 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', perRouteType: 'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig' },
    async () => (await import('./jwt-authn/jwt-authn-filter.ts')).jwtAuthnFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.local_ratelimit', type: 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', perRouteType: 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit' },
    async () => (await import('./local-ratelimit/local-ratelimit-filter.ts')).localRateLimitFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.on_demand', type: 'envoy.extensions.filters.http.on_demand.v3.OnDemand', perRouteType: 'envoy.extensions.filters.http.on_demand.v3.PerRouteConfig' },
    async () => (await import('./on-demand/on-demand-filter.ts')).onDemandFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.ratelimit', type: 'envoy.extensions.filters.http.ratelimit.v3.RateLimit', perRouteType: 'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute' },
    async () => (await import('./ratelimit/ratelimit-filter.ts')).rateLimitFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.rbac', type: 'envoy.extensions.filters.http.rbac.v3.RBAC', perRouteType: 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute' },
    async () => (await import('./rbac/rbac-filter.ts')).rbacFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.set_filter_state', type: 'envoy.extensions.filters.http.set_filter_state.v3.Config' },
    async () => (await import('./set-filter-state/set-filter-state-filter.ts')).setFilterStateFactory,
  ),
  lateFilter(
    { name: 'envoy.filters.http.stateful_session', type: 'envoy.extensions.filters.http.stateful_session.v3.StatefulSession', perRouteType: 'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute' },
    async () => (await import('./stateful-session/stateful-session-filter.ts')).statefulSessionFactory,
  ),
  ...istioStubFactories,
  routerFactory,
];
