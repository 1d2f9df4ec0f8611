/** `envoy.extensions.filters.http.router.v3.Router`: the filter that ends every chain. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export const routerFilterTypeName = 'envoy.extensions.filters.http.router.v3.Router';

export interface RouterFilter {
  /** Leaves out the `x-envoy-*` headers that the router adds by itself. */
  readonly suppressEnvoyHeaders: boolean;
}

export function readRouterFilter(json: unknown, scope: Scope): RouterFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const router: RouterFilter = { suppressEnvoyHeaders: reader.boolean('suppress_envoy_headers', false) };
  reader.ignore(['dynamic_stats', 'start_child_span', 'upstream_log', 'upstream_log_options']);
  reader.refuse(['strict_check_headers', 'respect_expected_rq_timeout', 'upstream_http_filters']);
  reader.done();
  return router;
}
