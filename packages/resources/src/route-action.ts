/** `envoy.config.route.v3.RouteAction`: forward the request, to which cluster, how changed, for how long. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHashPolicy, type HashPolicy } from './hash-policy.ts';
import { readHedgePolicy, type HedgePolicy } from './hedge-policy.ts';
import { readMaxStreamDuration, type MaxStreamDuration } from './max-stream-duration.ts';
import type { Struct } from './metadata.ts';
import { readMetadataMatch } from './metadata-match.ts';
import { readRateLimit, type RateLimit } from './rate-limit.ts';
import { readPassthroughPlugin, type Passthrough } from './passthrough.ts';
import { readRegexRewrite, type RegexRewrite } from './regex-rewrite.ts';
import { readRequestMirrorPolicy, type RequestMirrorPolicy } from './request-mirror-policy.ts';
import { readRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { readUriTemplateRewrite } from './uri-template.ts';
import { readRouteUpgradeConfig, type UpgradeConfig } from './upgrade-config.ts';
import { readWeightedCluster, type WeightedCluster } from './weighted-cluster.ts';

export interface RouteAction {
  readonly kind: 'route';
  readonly target: ClusterTarget;
  /** What to answer when the cluster does not exist: 503 (default), 404 or 500. */
  readonly clusterNotFoundStatus: number;
  readonly pathRewrite: PathRewrite | undefined;
  readonly hostRewrite: HostRewrite | undefined;
  /** Keeps the host of before a rewrite in `x-forwarded-host`. */
  readonly appendXForwardedHost: boolean;
  /** From the end of the request to the end of the response; 0 is without limit. Default 15 000, as Envoy. */
  readonly timeoutMs: number;
  /** How long the stream may be silent; 0 is without limit; undefined leaves it to the connection manager. */
  readonly idleTimeoutMs: number | undefined;
  /** Replaces the virtual host's policy as a whole. */
  readonly retryPolicy: RetryPolicy | undefined;
  /** Replaces the virtual host's policy as a whole. */
  readonly hedgePolicy: HedgePolicy | undefined;
  /** Replace the virtual host's when there are any. */
  readonly mirrorPolicies: readonly RequestMirrorPolicy[];
  readonly maxStreamDuration: MaxStreamDuration | undefined;
  /** How long a client may leave what is on its way to it; undefined leaves it to the connection manager. */
  readonly flushTimeoutMs: number | undefined;
  /** Whose circuit breakers it counts against. */
  readonly priority: 'DEFAULT' | 'HIGH';
  readonly upgradeConfigs: readonly UpgradeConfig[];
  /** What its requests are counted by, for filters that limit rates. */
  readonly rateLimits: readonly RateLimit[];
  /** Whether what the virtual host says about it counts, too. */
  readonly includesHostRateLimits: boolean;
  /** What places a request where the cluster goes by hash. Empty: anywhere. */
  readonly hashPolicies: readonly HashPolicy[];
  /** What endpoints must say of themselves, where the cluster has subsets. Undefined: anything. */
  readonly metadataMatch: Struct | undefined;
}

export type ClusterTarget =
  | { readonly kind: 'cluster'; readonly name: string }
  /** The value of this request header (lower case) names the cluster. */
  | { readonly kind: 'cluster_header'; readonly header: string }
  | { readonly kind: 'weighted_clusters'; readonly weighted: WeightedCluster }
  /** A host outside the mesh; ours. */
  | { readonly kind: 'passthrough'; readonly passthrough: Passthrough };

export type PathRewrite =
  /** A format string; the query stays. */
  | { readonly kind: 'format'; readonly value: string }
  /** Text with variables of the match's template. */
  | { readonly kind: 'template'; readonly value: string }
  /** Puts `value` in place of what the match's prefix or path took. */
  | { readonly kind: 'prefix'; readonly value: string }
  | ({ readonly kind: 'regex' } & RegexRewrite);

export type HostRewrite =
  /** A format string. */
  | { readonly kind: 'format'; readonly value: string }
  | { readonly kind: 'literal'; readonly value: string }
  /** The hostname of the chosen endpoint, when it has one. */
  | { readonly kind: 'endpoint' }
  /** The value of this request header (lower case), when it is there. */
  | { readonly kind: 'header'; readonly header: string }
  /** What the rewrite makes of the path, without its query. */
  | ({ readonly kind: 'path-regex' } & RegexRewrite);

/** Envoy's default for `timeout`. */
const defaultTimeoutMs = 15_000;

const notFoundStatuses = { SERVICE_UNAVAILABLE: 503, NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 } as const;

export function readRouteAction(json: unknown, scope: Scope): RouteAction | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const target = readClusterTarget(reader);
  const notFound = reader.enum(
    'cluster_not_found_response_code',
    ['SERVICE_UNAVAILABLE', 'NOT_FOUND', 'INTERNAL_SERVER_ERROR'],
    'SERVICE_UNAVAILABLE',
  );
  const settings = {
    clusterNotFoundStatus: notFoundStatuses[notFound],
    pathRewrite: readPathRewrite(reader),
    hostRewrite: readHostRewrite(reader),
    appendXForwardedHost: reader.boolean('append_x_forwarded_host', false),
    // What passes through may be a stream that lasts as long as its client wants.
    timeoutMs: reader.durationMs('timeout', target?.kind === 'passthrough' ? 0 : defaultTimeoutMs),
    idleTimeoutMs: reader.durationMs('idle_timeout'),
    retryPolicy: reader.read('retry_policy', readRetryPolicy),
    hedgePolicy: reader.read('hedge_policy', readHedgePolicy),
    mirrorPolicies: reader.list('request_mirror_policies', readRequestMirrorPolicy),
    maxStreamDuration: reader.read('max_stream_duration', readMaxStreamDuration) ?? readOldGrpcTimeout(reader),
    flushTimeoutMs: reader.durationMs('flush_timeout'),
    priority: reader.enum('priority', ['DEFAULT', 'HIGH'], 'DEFAULT'),
    upgradeConfigs: reader.list('upgrade_configs', readRouteUpgradeConfig),
    hashPolicies: reader.list('hash_policy', readHashPolicy),
    rateLimits: reader.list('rate_limits', readRateLimit),
    includesHostRateLimits: reader.boolean('include_vh_rate_limits', false),
    metadataMatch: readMetadataMatch(reader),
  };
  reader.has('cors'); // read by the route
  refuseTheRest(reader);
  reader.done();
  return target && { kind: 'route', target, ...settings };
}

function readClusterTarget(reader: MessageReader): ClusterTarget | undefined {
  const kind = reader.oneof(
    [
      'cluster',
      'cluster_header',
      'weighted_clusters',
      'cluster_specifier_plugin',
      'inline_cluster_specifier_plugin',
    ],
    true,
  );
  switch (kind) {
    case 'cluster':
      return { kind, name: reader.requiredString(kind) };
    case 'cluster_header':
      return { kind, header: reader.requiredString(kind).toLowerCase() };
    case 'inline_cluster_specifier_plugin': {
      const passthrough = reader.read(kind, readPassthroughPlugin);
      return passthrough && { kind: 'passthrough', passthrough };
    }
    case 'weighted_clusters': {
      const weighted = reader.read(kind, readWeightedCluster);
      return weighted && { kind, weighted };
    }
    default:
      return undefined;
  }
}

function readPathRewrite(reader: MessageReader): PathRewrite | undefined {
  const kind = reader.oneof(['prefix_rewrite', 'regex_rewrite', 'path_rewrite', 'path_rewrite_policy'], false);
  if (kind === 'path_rewrite') return { kind: 'format', value: reader.requiredString(kind) };
  if (kind === 'path_rewrite_policy') {
    const value = reader.read(kind, readUriTemplateRewrite);
    return value === undefined ? undefined : { kind: 'template', value };
  }
  if (kind === 'prefix_rewrite') {
    const value = reader.string(kind, '');
    return value === '' ? undefined : { kind: 'prefix', value };
  }
  if (kind === undefined) return undefined;
  const rewrite = reader.read(kind, readRegexRewrite);
  return rewrite && { kind: 'regex', ...rewrite };
}

function readHostRewrite(reader: MessageReader): HostRewrite | undefined {
  const kind = reader.oneof(['host_rewrite_literal', 'auto_host_rewrite', 'host_rewrite_header', 'host_rewrite_path_regex', 'host_rewrite'], false);
  switch (kind) {
    case 'host_rewrite_literal':
      return { kind: 'literal', value: reader.requiredString(kind) };
    case 'auto_host_rewrite':
      return reader.boolean(kind, false) ? { kind: 'endpoint' } : undefined;
    case 'host_rewrite_header':
      return { kind: 'header', header: reader.requiredString(kind).toLowerCase() };
    case 'host_rewrite':
      return { kind: 'format', value: reader.requiredString(kind) };
    case 'host_rewrite_path_regex': {
      const rewrite = reader.read(kind, readRegexRewrite);
      return rewrite && { kind: 'path-regex', ...rewrite };
    }
    case undefined:
      return undefined;
  }
}

/** How older servers say what `max_stream_duration` says of gRPC. */
function readOldGrpcTimeout(reader: MessageReader): MaxStreamDuration | undefined {
  const grpcTimeoutMaxMs = reader.durationMs('max_grpc_timeout');
  const grpcTimeoutOffsetMs = reader.durationMs('grpc_timeout_offset', 0);
  return grpcTimeoutMaxMs === undefined ? undefined : { durationMs: undefined, grpcTimeoutMaxMs, grpcTimeoutOffsetMs };
}

function refuseTheRest(reader: MessageReader): void {
  reader.ignore(['early_data_policy']); // there is no early data
  reader.refuse([
    'cluster_specifier_plugin',
    'retry_policy_typed_config',
    'internal_redirect_action',
    'max_internal_redirects',
  ]);
  reader.refuse(['internal_redirect_policy'], 'a redirect that is followed here would not pass the filters of its new route');
}
