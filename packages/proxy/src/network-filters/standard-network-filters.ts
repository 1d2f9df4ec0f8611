/** The network filters that every proxy has, besides the HTTP connection manager. */
import { directResponseFactory } from './direct-response.ts';
import { connectionLimitFactory } from './gates/connection-limit.ts';
import { networkRateLimitFactory } from './gates/local-ratelimit.ts';
import { networkRbacFactory } from './gates/network-rbac.ts';
import { sniClusterFactory } from './gates/sni-cluster.ts';
import { echoFactory } from './echo.ts';
import type { NetworkFilterFactory } from './network-filter.ts';
import { tcpProxyFactory } from './tcp-proxy/tcp-proxy.ts';

export const standardNetworkFilters: readonly NetworkFilterFactory[] = [
  tcpProxyFactory,
  echoFactory,
  directResponseFactory,
  networkRbacFactory,
  networkRateLimitFactory,
  connectionLimitFactory,
  sniClusterFactory,
];
