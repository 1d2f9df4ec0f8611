/** `envoy.config.core.v3.ConfigSource` and `ApiConfigSource`: where dynamic resources come from. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readWatchedDirectory } from './watched-directory.ts';

/** How long the start waits for a resource before it goes on without, as Envoy's `initial_fetch_timeout`. */
export const defaultInitialFetchTimeoutMs = 15_000;

export type ConfigSource =
  | { readonly kind: 'ads'; readonly initialFetchTimeoutMs: number }
  | { readonly kind: 'self'; readonly initialFetchTimeoutMs: number }
  | { readonly kind: 'path'; readonly path: string; readonly initialFetchTimeoutMs: number }
  | { readonly kind: 'api'; readonly api: ApiConfigSource; readonly initialFetchTimeoutMs: number };

export interface ApiConfigSource {
  /** `DELTA_` is the incremental variant. */
  readonly apiType: 'GRPC' | 'DELTA_GRPC';
  /** By the service for all types, `AGGREGATED_` in `api_type`; else each type has its own. In `ads_config` it makes no difference. */
  readonly isAggregated: boolean;
  /** Static clusters that lead to the servers, in the order to try them. */
  readonly clusterNames: readonly string[];
}

/** Which server a source means, as text; `self` and `ads` are both the one that resources come from. */
export function serverKeyOf(source: ConfigSource): string {
  switch (source.kind) {
    case 'ads':
    case 'self':
      return 'self';
    case 'api':
      return `api ${source.api.clusterNames.join(' ')}`;
    case 'path':
      return `path ${source.path}`;
  }
}

/** Decodes a source. `initialFetchTimeoutMs` of 0 waits for ever. */
export function readConfigSource(json: unknown, scope: Scope): ConfigSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const initialFetchTimeoutMs = reader.durationMs('initial_fetch_timeout', defaultInitialFetchTimeoutMs);
  readApiVersion(reader, 'resource_api_version');
  const kind = reader.oneof(['ads', 'self', 'path_config_source', 'path', 'api_config_source'], true);
  let source: ConfigSource | undefined;
  if (kind === 'ads' || kind === 'self') {
    reader.read(kind, readEmpty);
    source = { kind, initialFetchTimeoutMs };
  }
  if (kind === 'path') source = { kind: 'path', path: reader.requiredString(kind), initialFetchTimeoutMs };
  if (kind === 'path_config_source') {
    const path = reader.read(kind, readPath);
    if (path !== undefined) source = { kind: 'path', path, initialFetchTimeoutMs };
  }
  if (kind === 'api_config_source') {
    const api = reader.read(kind, readApiConfigSource);
    if (api) source = { kind: 'api', api, initialFetchTimeoutMs };
  }
  reader.ignore(['authorities']);
  reader.done();
  return source;
}

export function readApiConfigSource(json: unknown, scope: Scope): ApiConfigSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const apiType = reader.enum('api_type', ['GRPC', 'DELTA_GRPC', 'AGGREGATED_GRPC', 'AGGREGATED_DELTA_GRPC'], 'GRPC');
  readApiVersion(reader, 'transport_api_version');
  const clusterNames = reader.list('grpc_services', readGrpcService);
  if (clusterNames.length === 0) scope.at('grpc_services').error('must name at least one server');
  reader.ignore(['set_node_on_first_message_only', 'rate_limit_settings', 'request_timeout', 'refresh_delay']);
  reader.refuse(['cluster_names', 'config_validators'], 'REST sources are not spoken');
  reader.done();
  return { apiType: apiType.includes('DELTA') ? 'DELTA_GRPC' : 'GRPC', isAggregated: apiType.startsWith('AGGREGATED'), clusterNames };
}

function readGrpcService(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const clusterName = reader.required('envoy_grpc', readEnvoyGrpc);
  reader.refuse(['google_grpc']);
  reader.ignore(['timeout', 'initial_metadata', 'retry_policy']);
  reader.done();
  return clusterName;
}

function readEnvoyGrpc(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const clusterName = reader.requiredString('cluster_name');
  reader.ignore(['authority', 'retry_policy', 'max_receive_message_length', 'skip_envoy_headers']);
  reader.done();
  return clusterName === '' ? undefined : clusterName;
}

function readPath(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.requiredString('path');
  // Files are watched with all directories above them that may be exchanged, so this one has nothing to add.
  reader.read('watched_directory', readWatchedDirectory);
  reader.done();
  return path;
}

function readEmpty(json: unknown, scope: Scope): true {
  MessageReader.open(json, scope)?.done();
  return true;
}

/** v3 is the one that exists; AUTO is what older files leave it at. */
export function readApiVersion(reader: MessageReader, name: string): void {
  const version = reader.enum(name, ['AUTO', 'V2', 'V3'], 'V3');
  if (version === 'V2') reader.scope.at(name).error('is V2, must be V3: the v2 API is gone');
}
