/** Envoy's filters that this proxy has. Seats add their own (`queue/`, `activator/`). */
import { bufferFactory } from './buffer/buffer-filter.ts';
import { compressorFactory } from './compressor/compressor-filter.ts';
import { corsFactory } from './cors/cors-filter.ts';
import { decompressorFactory } from './decompressor/decompressor-filter.ts';
import { extAuthzFactory } from './ext-authz/ext-authz-filter.ts';
import { faultFactory } from './fault/fault-filter.ts';
import type { FilterCatalog } from './filter.ts';
import { grpcStatsFactory } from './grpc-stats/grpc-stats-filter.ts';
import { grpcWebFactory } from './grpc-web/grpc-web-filter.ts';
import { headerMutationFactory } from './header-mutation/header-mutation-filter.ts';
import { healthCheckFactory } from './health-check/health-check-filter.ts';
import { istioStubFactories } from './istio/istio-stubs.ts';
import { jwtAuthnFactory } from './jwt-authn/jwt-authn-filter.ts';
import { localRateLimitFactory } from './local-ratelimit/local-ratelimit-filter.ts';
import { onDemandFactory } from './on-demand/on-demand-filter.ts';
import { rateLimitFactory } from './ratelimit/ratelimit-filter.ts';
import { rbacFactory } from './rbac/rbac-filter.ts';
import { routerFactory } from './router/router-factory.ts';
import { setFilterStateFactory } from './set-filter-state/set-filter-state-filter.ts';
import { statefulSessionFactory } from './stateful-session/stateful-session-filter.ts';

/** By name, the router last. The order of a chain is its configuration's. */
export const standardFilters: FilterCatalog = [
  bufferFactory,
  compressorFactory,
  corsFactory,
  decompressorFactory,
  extAuthzFactory,
  faultFactory,
  grpcStatsFactory,
  grpcWebFactory,
  headerMutationFactory,
  healthCheckFactory,
  jwtAuthnFactory,
  localRateLimitFactory,
  onDemandFactory,
  rateLimitFactory,
  rbacFactory,
  setFilterStateFactory,
  statefulSessionFactory,
  ...istioStubFactories,
  routerFactory,
];
