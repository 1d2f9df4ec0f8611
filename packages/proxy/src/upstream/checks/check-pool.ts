/** The connections by which one host is checked: apart from those of requests, and without limits. */
import { Host } from '@sluice/balancing';
import { defaultHttp2Options } from '../../http2-options.ts';
import { CircuitBreaker } from '../circuit-breaker.ts';
import { ConnectionPool } from '../connection-pool.ts';
import type { HostPool } from '../host-pool.ts';
import { Http2Pool } from '../http2-pool.ts';
import type { UpstreamContext } from '../upstream-context.ts';
import { checkAddressOf, type AskerOptions } from './host-asker.ts';

const unlimited = Number.POSITIVE_INFINITY;

export function openCheckPool(host: Host, speaksHttp2: boolean, { check, statistics }: AskerOptions, context: UpstreamContext): HostPool {
  const target = new Host({ ...host.endpoint, address: checkAddressOf(host) });
  const limits = { connectTimeoutMs: check.timeoutMs, requestsPerConnectionMax: check.reusesConnection ? 0 : 1, idleTimeoutMs: 0 };
  const breaker = new CircuitBreaker({ connectionsMax: unlimited, pendingRequestsMax: unlimited, requestsMax: unlimited, retriesMax: 0 });
  const forget = (): void => {};
  return speaksHttp2
    ? new Http2Pool(target, limits, defaultHttp2Options, context, statistics, breaker, forget)
    : new ConnectionPool(target, limits, context, statistics, breaker, forget);
}
