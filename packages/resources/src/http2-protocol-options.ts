/** `envoy.config.core.v3.Http2ProtocolOptions`: how HTTP/2 connections behave, on either side. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readPercent } from './percent.ts';

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
  /** Whether a stream may become a tunnel: WebSocket and other upgrades by CONNECT (RFC 8441). Default false. */
  readonly allowsConnect: boolean;
  readonly floods: Http2FloodLimits;
}

/** Budgets of what is legal frame by frame and an attack in number; beyond them a connection is ended. */
export interface Http2FloodLimits {
  /** Frames that wait for a peer that does not read. Default 10,000. */
  readonly outboundFramesMax: number;
  /** The same of PING, SETTINGS and RST_STREAM. Default 1,000. */
  readonly outboundControlFramesMax: number;
  /** Frames with no content, in a row, that do not end their stream. Default 1. */
  readonly emptyFramesMax: number;
  /** PRIORITY frames for each stream. Default 100. */
  readonly priorityFramesPerStreamMax: number;
  /** WINDOW_UPDATE frames for each DATA frame that we send. Default 10. */
  readonly windowUpdatesPerDataFrameMax: number;
}

export interface Http2Keepalive {
  /** Between two PINGs; 0 sends none. */
  readonly intervalMs: number;
  /** A PING without answer for this long ends the connection. */
  readonly timeoutMs: number;
  /** Each interval is longer by a random part of itself, up to this share. Default 0.15. */
  readonly jitterRatio: number;
  /** A connection that was silent for this long before a request is asked first, in ms; 0 never. */
  readonly idleIntervalMs: number;
}

export const defaultHttp2ProtocolOptions: Http2ProtocolOptions = {
  headerTableBytesMax: 4096,
  concurrentStreamsMax: 1024,
  streamWindowBytes: 16 * 1024 * 1024,
  connectionWindowBytes: 24 * 1024 * 1024,
  keepalive: undefined,
  allowsConnect: false,
  floods: {
    outboundFramesMax: 10_000,
    outboundControlFramesMax: 1_000,
    emptyFramesMax: 1,
    priorityFramesPerStreamMax: 100,
    windowUpdatesPerDataFrameMax: 10,
  },
};

/** Envoy's. */
const defaultJitterRatio = 0.15;

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
    allowsConnect: reader.boolean('allow_connect', defaults.allowsConnect),
    floods: {
      outboundFramesMax: reader.uint32('max_outbound_frames', defaults.floods.outboundFramesMax, { min: 1, max: 4_294_967_295 }),
      outboundControlFramesMax: reader.uint32('max_outbound_control_frames', defaults.floods.outboundControlFramesMax, { min: 1, max: 4_294_967_295 }),
      emptyFramesMax: reader.uint32('max_consecutive_inbound_frames_with_empty_payload', defaults.floods.emptyFramesMax),
      priorityFramesPerStreamMax: reader.uint32('max_inbound_priority_frames_per_stream', defaults.floods.priorityFramesPerStreamMax),
      windowUpdatesPerDataFrameMax: reader.uint32('max_inbound_window_update_frames_per_data_frame_sent', defaults.floods.windowUpdatesPerDataFrameMax, { min: 1, max: 4_294_967_295 }),
    },
  };
  // A malformed message ends its stream and leaves its connection alone, whatever is asked for; names are never coded.
  reader.ignore(['use_oghttp2_codec', 'max_metadata_size', 'stream_error_on_invalid_http_messaging', 'override_stream_error_on_invalid_http_message', 'enable_huffman_encoding']);
  reader.refuse(['allow_metadata', 'custom_settings_parameters']);
  reader.done();
  return options;
}

function readKeepalive(json: unknown, scope: Scope): Http2Keepalive | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const intervalMs = reader.durationMs('interval', 0);
  const timeoutMs = reader.durationMs('timeout');
  if (timeoutMs === undefined || timeoutMs <= 0) scope.at('timeout').error('is required and must be more than 0');
  const jitterRatio = reader.read('interval_jitter', readPercent) ?? defaultJitterRatio;
  const idleIntervalMs = reader.durationMs('connection_idle_interval', 0);
  reader.done();
  return { intervalMs, timeoutMs: timeoutMs ?? 0, jitterRatio, idleIntervalMs };
}
