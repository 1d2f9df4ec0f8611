/**
 * The border between the pump (`downstream/active-stream.ts`) and the protocols. A codec of either side gives one
 * writer per stream and calls the stream back; HTTP/1.1 is behind it now, and the pump would not notice another.
 *
 * Both writers take memory under the same rule: with `mayBorrow` it may be used until the writer has drained, else
 * only during the call.
 */
import type { Buffer } from 'node:buffer';
import type { ResponseHead, RequestHead, Trailers } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { OutcomeCode } from './outcome.ts';

/** The client's side of one stream. */
export interface DownstreamCodec {
  /** Asks for the body, when the client waits to be asked (`Expect: 100-continue`). */
  writeContinue(): void;
  /** A 1xx other than 100 and 101. Left out for clients that do not know them. */
  writeInformational(head: ResponseHead): void;
  /** The final head. Framing and connection fields are the codec's. */
  writeHead(head: ResponseHead): void;
  /** False when the client is slow: pause the source until `onDownstreamDrain`. */
  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean;
  writeEnd(trailers: Trailers | undefined): void;
  /** 101, or 2xx for a CONNECT: the head goes out, and bytes are bytes from now on, both ways. */
  writeTunnelHead(head: ResponseHead): void;
  /** In a tunnel: the other side has sent its last byte. */
  endTunnel(): void;
  /** Keeps the body back, also what has come of it already. */
  holdBody(): void;
  releaseBody(): void;
  /** Back-pressure: what has come is still delivered. */
  pauseBody(): void;
  resumeBody(): void;
  /** What the stream may take has changed: the next sweep works its deadline out. */
  lookAgain(): void;
  /** The stream is over. `intact`: the response was complete, so the connection may live on. */
  finish(intact: boolean): void;
}

/** What the client's side tells its stream. */
export interface DownstreamEvents {
  onRequestData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void;
  onRequestEnd(trailers: Trailers | undefined): void;
  onDownstreamDrain(): void;
  /** The client is gone, or has broken the protocol within the body. */
  onDownstreamFailure(code: OutcomeCode): void;
  /** The client has ended its side, after a whole request. */
  onClientEnd(): void;
  /** In a tunnel: the client has sent its last byte. */
  onTunnelEnd(): void;
}

/**
 * How an exchange becomes a tunnel: by the host's 101 (`upgrade`), by its 2xx to a CONNECT (`connect`), or at once, on a
 * connection where nothing is said but the tunnel's bytes (`bytes`).
 */
export type TunnelKind = 'upgrade' | 'connect' | 'bytes';

/** The upstream's side of one attempt. */
export interface UpstreamCodec {
  /** Head of the request; `tunnel` when it asks for one. */
  writeHead(head: RequestHead, tunnel: TunnelKind | undefined): void;
  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean;
  writeEnd(trailers: Trailers | undefined): void;
  endTunnel(): void;
  /** In a tunnel: both sides have ended. What is on its way leaves, then the connection closes. */
  completeTunnel(): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** Nothing more is wanted of it; the connection is not used again. */
  abort(): void;
  /** Whether it had carried a request before this one. */
  readonly isReused: boolean;
  /** Who is at the other end, and from where. */
  readonly localAddress: Address;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
}

/** What the upstream's side tells its attempt. */
export interface UpstreamEvents {
  onInformational(head: ResponseHead): void;
  onResponseHead(head: ResponseHead): void;
  /** 101 that answers the upgrade asked for, or 2xx for a CONNECT. */
  onTunnelHead(head: ResponseHead): void;
  onResponseData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void;
  onResponseEnd(trailers: Trailers | undefined): void;
  onUpstreamDrain(): void;
  onUpstreamTunnelEnd(): void;
  onUpstreamFailure(code: OutcomeCode, reason: string): void;
  /** A mistake in the program while it called. */
  onUpstreamCrash(error: unknown): void;
}
