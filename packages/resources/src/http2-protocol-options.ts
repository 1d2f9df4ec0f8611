/** `envoy.config.core.v3.Http2ProtocolOptions`: how HTTP/2 connections behave, on either side. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface Http2ProtocolOptions {
  /** Bytes of the header compression table that the peer may use. Default 4096, RFC 9113's and Envoy's. */
  readonly headerTableBytesMax: number;
  /** Streams that the peer may have open at once; towards an upstream what we open at most. Default 1024, as Envoy. */
  readonly concurrentStreamsMax: number;
  /** Bytes of one body that the peer may send ahead of its reader. Default 16 MiB, as Envoy. */
  readonly streamWindowBytes: number;
  /** The same for all bodies of a connection. Default 24 MiB, as Envoy. */
  readonly connectionWindowBytes: number;
  /** Undefined: silent connections are not asked whether they live. */
  readonly keepalive: Http2Keepalive | undefined;
}

export interface Http2Keepalive {
  /** Between two PINGs; 0 sends none. */
  readonly intervalMs: number;
  /** A PING without answer for this long ends the connection. */
  readonly timeoutMs: number;
}

export const defaultHttp2ProtocolOptions: Http2ProtocolOptions = {
  headerTableBytesMax: 4096,
  concurrentStreamsMax: 1024,
  streamWindowBytes: 16 * 1024 * 1024,
  connectionWindowBytes: 24 * 1024 * 1024,
  keepalive: undefined,
};

/** Windows: what RFC 9113 6.9.2 starts with, and its largest. */
const windowRange = { min: 65_535, max: 2_147_483_647 } as const;

export function readHttp2ProtocolOptions(json: unknown, scope: Scope): Http2ProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const defaults = defaultHttp2ProtocolOptions;
  const options: Http2ProtocolOptions = {
    headerTableBytesMax: reader.uint32('hpack_table_size', defaults.headerTableBytesMax),
    concurrentStreamsMax: reader.uint32('max_concurrent_streams', defaults.concurrentStreamsMax, { min: 1, max: 2_147_483_647 }),
    streamWindowBytes: reader.uint32('initial_stream_window_size', defaults.streamWindowBytes, windowRange),
    connectionWindowBytes: reader.uint32('initial_connection_window_size', defaults.connectionWindowBytes, windowRange),
    keepalive: reader.read('connection_keepalive', readKeepalive),
  };
  // Floods are bounded by limits of our own, which are not stricter or laxer by these.
  reader.ignore([
    'max_outbound_frames',
    'max_outbound_control_frames',
    'max_consecutive_inbound_frames_with_empty_payload',
    'max_inbound_priority_frames_per_stream',
    'max_inbound_window_update_frames_per_data_frame_sent',
    'use_oghttp2_codec',
    'max_metadata_size',
  ]);
  reader.refuse([
    'allow_connect',
    'allow_metadata',
    'stream_error_on_invalid_http_messaging',
    'override_stream_error_on_invalid_http_message',
    'custom_settings_parameters',
    'enable_huffman_encoding',
  ]);
  reader.done();
  return options;
}

function readKeepalive(json: unknown, scope: Scope): Http2Keepalive | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const intervalMs = reader.durationMs('interval', 0);
  const timeoutMs = reader.durationMs('timeout');
  if (timeoutMs === undefined || timeoutMs <= 0) scope.at('timeout').error('is required and must be more than 0');
  reader.ignore(['interval_jitter', 'connection_idle_interval']);
  reader.done();
  return { intervalMs, timeoutMs: timeoutMs ?? 0 };
}
