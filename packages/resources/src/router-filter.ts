/** `envoy.extensions.filters.http.router.v3.Router`: the filter that ends every chain. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeEnum } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export const routerFilterTypeName = 'envoy.extensions.filters.http.router.v3.Router';

export interface RouterFilter {
  /** Leaves out the `x-envoy-*` headers that the router adds by itself. */
  readonly suppressEnvoyHeaders: boolean;
  /** `x-envoy-*` request headers whose values must be right, or the request is refused with 400. */
  readonly strictCheckHeaders: readonly string[];
  /** Takes over how long an Envoy before this one will wait (`x-envoy-expected-rq-timeout-ms`). */
  readonly respectExpectedRqTimeout: boolean;
}

/** What Envoy can check. */
const strictlyCheckable = [
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-max-retries',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
] as const;

export function readRouterFilter(json: unknown, scope: Scope): RouterFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const router: RouterFilter = {
    suppressEnvoyHeaders: reader.boolean('suppress_envoy_headers', false),
    strictCheckHeaders: reader.list('strict_check_headers', (name, at) => decodeEnum(name, at, strictlyCheckable)),
    respectExpectedRqTimeout: reader.boolean('respect_expected_rq_timeout', false),
  };
  reader.ignore(['dynamic_stats', 'start_child_span', 'upstream_log', 'upstream_log_options']);
  reader.refuse(['upstream_http_filters']);
  reader.done();
  return router;
}
