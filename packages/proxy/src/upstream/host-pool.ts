/** The connections to one host of one cluster, whatever protocol they speak. */
import type { Host } from '@sluice/balancing';
import type { UpstreamCodec, UpstreamEvents } from '../codec.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { ProxiedFor } from './proxy-preambles.ts';

export interface HostPool {
  readonly host: Host;
  /** Open or being opened. */
  readonly connections: number;
  readonly connectFailures: number;
  /** Whether it serves nobody and nobody waits. */
  readonly isUnused: boolean;
  /** Gives a place for one exchange, at once when there is one. `fresh`: on a connection that has served nobody, for a second try. */
  request(client: PoolClient, fresh?: boolean): void;
  /** The client does not want one any more. */
  cancel(client: PoolClient): void;
  /** Nothing new comes; what is unused closes now, the rest when its exchanges are over. */
  drain(): void;
}

/** Who wants to exchange a request for a response. */
export interface PoolClient {
  /** Whether its own client speaks HTTP/2, for hosts that are spoken to as their clients speak. */
  readonly comesByHttp2: boolean;
  /** The host it is for, as a name to ask for in TLS: out of a header, or of the authority when `header` is empty. Empty: none. */
  serverNameFrom?(header: string): string;
  /** For whom it is, where hosts are told so by PROXY headers. Absent: for ourselves. */
  readonly proxiedFor?: ProxiedFor;
  /** The client's from now on: it calls `begin`. */
  onConnection(exchange: UpstreamExchange): void;
  onNoConnection(code: OutcomeCode, reason: string): void;
}

/** A place for one exchange: a whole connection of HTTP/1.1, a stream of HTTP/2. */
export interface UpstreamExchange extends UpstreamCodec {
  /** The next thing is `writeHead`. */
  begin(events: UpstreamEvents): void;
}

/** What holds for each pool of a cluster; what they have together is the circuit breaker's. */
export interface PoolLimits {
  /** Header lines of a response. Default 100, as Envoy. */
  readonly responseFieldsMax?: number | undefined;
  /** Bytes of the head of a response. Default 80 KiB over HTTP/1.1, 60 KiB over HTTP/2, as Envoy. */
  readonly responseHeadBytesMax?: number | undefined;
  readonly connectTimeoutMs: number;
  /** Connections of HTTP/1 for each request under way or waiting. Default 1: none that nobody asked for. */
  readonly preconnectRatio?: number;
  /** A connection is retired so long after it was opened; 0 and undefined never. */
  readonly connectionDurationMaxMs?: number;
  readonly requestsPerConnectionMax: number;
  readonly idleTimeoutMs: number;
}
