/**
 * Node's HTTP/2 as the two codecs use it, and the only place that loads it. It is loaded with the first connection
 * that speaks HTTP/2: a process that never meets one does not pay for it.
 */
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type { ClientHttp2Session, ServerHttp2Session, Settings } from 'node:http2';

export type { ClientHttp2Session, ClientHttp2Stream, Http2Session, Http2Stream, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

type NodeHttp2 = typeof import('node:http2');

/** What both ends of a connection are given. Sizes in bytes. */
export interface SessionLimits {
  readonly headerTableBytesMax: number;
  /** Streams that the other side may open. */
  readonly concurrentStreamsMax: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** A head counted as RFC 9113 10.5.1 does, 32 bytes more per field than it has. */
  readonly headBytesMax: number;
  /** Fields of a head, without the pseudo fields. */
  readonly fieldsMax: number;
}

/** Error codes of RFC 9113 7. */
export const errorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  settingsTimeout: 0x4,
  refusedStream: 0x7,
  cancel: 0x8,
  enhanceYourCalm: 0xb,
} as const;

/** Of frames with HEADERS or DATA: nothing follows on this stream. */
export const endStreamFlag = 0x1;

/** Pseudo fields that stand beside the fields of a head. */
const pseudoFields = 4;

/**
 * The limits that nghttp2 and Node hold by themselves, stated rather than left to their defaults.
 * Memory in MiB: heads, frames and tables of one connection; then new streams are refused. Invalid and refused frames
 * and streams: as many as a confused peer may send, and no flood. Resets: nghttp2 ends a connection by itself beyond
 * 1000 at once and 33 a second; `reset-budget.ts` is stricter with connections that do little else. SETTINGS: entries of one frame.
 */
const guards = {
  maxSessionMemory: 16,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxOutstandingPings: 10,
  maxSettings: 32,
  streamResetBurst: 1000,
  streamResetRate: 33,
} as const;

/** Begins to serve on a connection. Its preface is still to be read from `duplex`. */
export function openServerSession(duplex: Duplex, limits: SessionLimits): ServerHttp2Session {
  const session = http2().performServerHandshake(duplex, { ...guards, maxHeaderListPairs: limits.fieldsMax + pseudoFields, settings: settingsOf(limits, limits.concurrentStreamsMax) });
  session.setLocalWindowSize(limits.connectionWindowBytes);
  return session;
}

/** Speaks HTTP/2 on a connection that is open, by prior knowledge. Heads may be sent at once. */
export function openClientSession(duplex: Duplex, limits: SessionLimits): ClientHttp2Session {
  const session = http2().connect('http://upstream', {
    ...guards,
    createConnection: () => duplex,
    maxHeaderListPairs: limits.fieldsMax + pseudoFields,
    // Requests that the upstream has no room for wait in the pool, where they are counted.
    peerMaxConcurrentStreams: limits.concurrentStreamsMax,
    maxReservedRemoteStreams: 0,
    settings: settingsOf(limits, undefined),
  });
  session.setLocalWindowSize(limits.connectionWindowBytes);
  return session;
}

function settingsOf(limits: SessionLimits, concurrentStreamsMax: number | undefined): Settings {
  return {
    headerTableSize: limits.headerTableBytesMax,
    enablePush: false,
    initialWindowSize: limits.streamWindowBytes,
    maxHeaderListSize: limits.headBytesMax,
    ...(concurrentStreamsMax !== undefined && { maxConcurrentStreams: concurrentStreamsMax }),
  };
}

function http2(): NodeHttp2 {
  return createRequire(import.meta.url)('node:http2') as NodeHttp2;
}
