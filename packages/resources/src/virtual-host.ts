/** `envoy.config.route.v3.VirtualHost`: the routes of a set of domains. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import { decodeNonEmptyString } from './decode/scalars.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readBodyBufferLimit, type BodyBufferLimit } from './body-buffer-limit.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';
import { readHeaderMutations, type HeaderMutations } from './header-value-option.ts';
import { readHedgePolicy, type HedgePolicy } from './hedge-policy.ts';
import { noMetadata, readMetadata, type Metadata } from './metadata.ts';
import { withCorsPolicy } from './cors-field.ts';
import { readPerFilterConfigs, type PerFilterConfigs } from './per-filter-config.ts';
import { readRateLimit, type RateLimit } from './rate-limit.ts';
import { readRequestMirrorPolicy, type RequestMirrorPolicy } from './request-mirror-policy.ts';
import { readRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { readRoute, type Route } from './route.ts';

export interface VirtualHost {
  readonly name: string;
  /** Lower case: `a.b`, `a.b:80`, `*.b`, `a.*` or `*`. The port belongs to the name. */
  readonly domains: readonly string[];
  /** The first that matches takes the request. */
  readonly routes: readonly Route[];
  /** Answer 301 to the same place over https: never, for plain requests that are not internal, or for every plain request. */
  readonly requireTls: 'NONE' | 'EXTERNAL_ONLY' | 'ALL';
  /** Kinds of requests with numbers of their own; the first that matches counts. */
  readonly virtualClusters: readonly VirtualCluster[];
  /** For routes without a policy of their own. */
  readonly retryPolicy: RetryPolicy | undefined;
  readonly hedgePolicy: HedgePolicy | undefined;
  readonly mirrorPolicies: readonly RequestMirrorPolicy[];
  /** Tells upstreams which try it is, in `x-envoy-attempt-count`. */
  readonly includesAttemptCount: boolean;
  /** Tells clients how many tries it took. */
  readonly includesAttemptCountInResponse: boolean;
  /** Tells upstreams whether a further try was made for a timeout, in `x-envoy-is-timeout-retry`. */
  readonly includesIsTimeoutRetry: boolean;
  /** Of request bodies that are kept for another try or for mirrors; undefined leaves it to the listener. */
  readonly bodyBufferLimit: BodyBufferLimit | undefined;
  readonly metadata: Metadata;
  readonly headers: HeaderMutations;
  readonly perFilterConfigs: PerFilterConfigs;
  /** What requests of its routes are counted by, where the route does not say otherwise. */
  readonly rateLimits: readonly RateLimit[];
}

/** One that comes by itself, by virtual host discovery. */
export function decodeVirtualHost(json: unknown, path = '', options?: DecodeOptions): Checked<VirtualHost> {
  return decodeDocument(json, path, options, readVirtualHost);
}

export function readVirtualHost(json: unknown, scope: Scope): VirtualHost | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const domains = reader.list('domains', readDomain);
  if (domains.length === 0) scope.at('domains').error('must name at least one domain');
  const requireTls = reader.enum('require_tls', ['NONE', 'EXTERNAL_ONLY', 'ALL'], 'NONE');
  const host: VirtualHost = {
    name: reader.requiredString('name'),
    domains,
    routes: reader.list('routes', readRoute),
    requireTls,
    virtualClusters: reader.list('virtual_clusters', readVirtualCluster),
    retryPolicy: reader.read('retry_policy', readRetryPolicy),
    hedgePolicy: reader.read('hedge_policy', readHedgePolicy),
    mirrorPolicies: reader.list('request_mirror_policies', readRequestMirrorPolicy),
    includesAttemptCount: reader.boolean('include_request_attempt_count', false),
    includesAttemptCountInResponse: reader.boolean('include_attempt_count_in_response', false),
    includesIsTimeoutRetry: reader.boolean('include_is_timeout_retry_header', false),
    bodyBufferLimit: readBodyBufferLimit(reader),
    metadata: reader.read('metadata', readMetadata) ?? noMetadata,
    headers: readHeaderMutations(reader),
    perFilterConfigs: withCorsPolicy(readPerFilterConfigs(reader), reader),
    rateLimits: reader.list('rate_limits', readRateLimit),
  };
  reader.refuse([
    'matcher',
    'retry_policy_typed_config',
  ]);
  reader.done();
  return host;
}

/** `VirtualCluster`. */
export interface VirtualCluster {
  readonly name: string;
  /** All must match. */
  readonly headers: readonly HeaderMatcher[];
}

function readVirtualCluster(json: unknown, scope: Scope): VirtualCluster | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const cluster: VirtualCluster = { name: reader.requiredString('name'), headers: reader.list('headers', readHeaderMatcher) };
  reader.done();
  return cluster;
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
