/** `envoy.config.core.v3.GrpcService`, as far as it names a cluster. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface GrpcServiceConfig {
  readonly clusterName: string;
  /** Empty: the name of the cluster. */
  readonly authority: string;
  /** In ms; 0 for none. */
  readonly timeoutMs: number;
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

/** `defaultTimeoutMs` is that of who asks: Envoy has one for each filter. */
export function readGrpcService(json: unknown, scope: Scope, defaultTimeoutMs: number): GrpcServiceConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['envoy_grpc', 'google_grpc'], true);
  const target = kind === 'envoy_grpc' ? reader.read(kind, readTarget) : undefined;
  if (kind === 'google_grpc') scope.at(kind).error('is not supported: services are reached through clusters, by envoy_grpc');
  reader.has('google_grpc');
  const timeoutMs = reader.durationMs('timeout', defaultTimeoutMs);
  const metadata = reader.list('initial_metadata', readMetadataEntry);
  reader.ignore(['retry_policy']);
  reader.done();
  return target && { ...target, timeoutMs, metadata };
}

function readTarget(json: unknown, scope: Scope): Pick<GrpcServiceConfig, 'clusterName' | 'authority'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const target = { clusterName: reader.requiredString('cluster_name'), authority: reader.string('authority', '') };
  reader.ignore(['retry_policy', 'max_receive_message_length', 'skip_envoy_headers']);
  reader.done();
  return target;
}

function readMetadataEntry(json: unknown, scope: Scope): readonly [string, string] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('key').toLowerCase();
  const value = reader.string('value', '');
  reader.done();
  return name === '' ? undefined : [name, value];
}
