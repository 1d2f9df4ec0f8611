/** `envoy.config.route.v3.VirtualHost`: the routes of a set of domains. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeNonEmptyString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMutations, type HeaderMutations } from './header-value-option.ts';
import { noMetadata, readMetadata, type Metadata } from './metadata.ts';
import { readPerFilterConfigs, type PerFilterConfigs } from './per-filter-config.ts';
import { readRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { readRoute, type Route } from './route.ts';

export interface VirtualHost {
  readonly name: string;
  /** Lower case: `a.b`, `a.b:80`, `*.b`, `a.*` or `*`. The port belongs to the name. */
  readonly domains: readonly string[];
  /** The first that matches takes the request. */
  readonly routes: readonly Route[];
  /** Answer 301 to the same place over https: never, or for every plain request. */
  readonly requireTls: 'NONE' | 'ALL';
  /** For routes without a policy of their own. */
  readonly retryPolicy: RetryPolicy | undefined;
  readonly metadata: Metadata;
  readonly headers: HeaderMutations;
  readonly perFilterConfigs: PerFilterConfigs;
}

export function readVirtualHost(json: unknown, scope: Scope): VirtualHost | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const domains = reader.list('domains', readDomain);
  if (domains.length === 0) scope.at('domains').error('must name at least one domain');
  const requireTls = reader.enum('require_tls', ['NONE', 'EXTERNAL_ONLY', 'ALL'], 'NONE');
  if (requireTls === 'EXTERNAL_ONLY') {
    scope.at('require_tls').error('is EXTERNAL_ONLY, must be NONE or ALL: who is external is not told apart');
  }
  const host: VirtualHost = {
    name: reader.requiredString('name'),
    domains,
    routes: reader.list('routes', readRoute),
    requireTls: requireTls === 'ALL' ? 'ALL' : 'NONE',
    retryPolicy: reader.read('retry_policy', readRetryPolicy),
    metadata: reader.read('metadata', readMetadata) ?? noMetadata,
    headers: readHeaderMutations(reader),
    perFilterConfigs: readPerFilterConfigs(reader),
  };
  reader.ignore([
    'virtual_clusters',
    'per_request_buffer_limit_bytes',
    'include_request_attempt_count',
    'include_attempt_count_in_response',
    'include_is_timeout_retry_header',
  ]);
  reader.refuse([
    'matcher',
    'rate_limits',
    'cors',
    'retry_policy_typed_config',
    'hedge_policy',
    'request_body_buffer_limit',
    'request_mirror_policies',
  ]);
  reader.done();
  return host;
}

/** One star, at one end, or alone: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto */
function readDomain(json: unknown, scope: Scope): string | undefined {
  const domain = decodeNonEmptyString(json, scope)?.toLowerCase();
  if (domain === undefined) return undefined;
  const star = domain.indexOf('*');
  const isLegal =
    star === -1 || (star === domain.lastIndexOf('*') && (star === 0 || star === domain.length - 1));
  if (!isLegal) scope.error(`is ${JSON.stringify(domain)}, may have one * and only as its first or last character`);
  return domain;
}
