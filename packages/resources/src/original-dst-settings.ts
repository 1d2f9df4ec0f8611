/** How a cluster of type ORIGINAL_DST finds out where a request goes. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readMetadataKey, type MetadataKey } from './metadata-key.ts';

export interface OriginalDstSettings {
  /**
   * The request header (lower case) that says where the request goes. Undefined, the default: only the connection does.
   * Whoever can set the header can reach whatever this proxy can.
   */
  readonly header: string | undefined;
  /** Where dynamic metadata says it, before the header. Absent: nowhere. */
  readonly metadataKey?: MetadataKey;
  /** In place of the port that was asked for; 0: that one. */
  readonly portOverride: number;
  /** Hosts that nobody has used for so long are forgotten. Default 5000, as Envoy. */
  readonly cleanupIntervalMs: number;
}

const defaultHeader = 'x-envoy-original-dst-host';
const defaultCleanupIntervalMs = 5000;

export function readOriginalDstSettings(reader: MessageReader): OriginalDstSettings {
  const cleanupIntervalMs = reader.durationMs('cleanup_interval', defaultCleanupIntervalMs);
  if (cleanupIntervalMs <= 0) reader.scope.at('cleanup_interval').error('must be more than 0');
  return { ...(reader.read('original_dst_lb_config', readConfig) ?? { header: undefined, portOverride: 0 }), cleanupIntervalMs };
}

function readConfig(json: unknown, scope: Scope): Omit<OriginalDstSettings, 'cleanupIntervalMs'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const usesHeader = reader.boolean('use_http_header', false);
  const header = (reader.string('http_header_name') || defaultHeader).toLowerCase();
  const portOverride = reader.uint32('upstream_port_override', 0, { max: 65_535 });
  const metadataKey = reader.read('metadata_key', readMetadataKey);
  reader.done();
  return { header: usesHeader ? header : undefined, portOverride, ...(metadataKey ? { metadataKey } : {}) };
}
