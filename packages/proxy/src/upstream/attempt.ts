/** One of several tries of a request: passes on what becomes of it, with itself in front, to whoever makes the tries. */
import type { Buffer } from 'node:buffer';
import type { Host } from '@sluice/balancing';
import type { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import type { OutcomeCode } from '../outcome.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { TryOwner, UpstreamRequest } from './upstream-request.ts';

/** Whoever makes the tries. */
export interface AttemptOwner {
  readonly request: RequestHead;
  readonly info: StreamInfo;
  now(): number;
  onAttemptHead(attempt: Attempt, host: Host): void;
  onAttemptReady(attempt: Attempt): void;
  onAttemptInformational(attempt: Attempt, head: ResponseHead): void;
  onAttemptResponse(attempt: Attempt, head: ResponseHead): void;
  onAttemptTunnel(attempt: Attempt, head: ResponseHead): void;
  onAttemptData(attempt: Attempt, memory: Buffer, start: number, end: number, mayBorrow: boolean): void;
  onAttemptEnd(attempt: Attempt, trailers: Trailers | undefined): void;
  onAttemptDrain(attempt: Attempt): void;
  onAttemptTunnelEnd(attempt: Attempt): void;
  onAttemptFailure(attempt: Attempt, code: OutcomeCode, reason: string): void;
  onAttemptCrash(error: unknown): void;
}

export class Attempt implements TryOwner {
  readonly #owner: AttemptOwner;
  readonly request: RequestHead;
  readonly info: StreamInfo;
  host: Host | undefined;
  /** It got its connection; 0 until then. */
  readyAt = 0;
  /** Something last happened on it. */
  activeAt = 0;
  /** Its time is over, but another was sent beside it instead of after it. */
  isHedged = false;
  /** Set right after it is made. */
  upstream!: UpstreamRequest;

  constructor(owner: AttemptOwner) {
    this.#owner = owner;
    this.request = owner.request;
    this.info = owner.info;
  }

  beforeHead(host: Host): void {
    this.host = host;
    this.readyAt = this.#touch();
    this.#owner.onAttemptHead(this, host);
  }

  onUpstreamReady(): void {
    this.#owner.onAttemptReady(this);
  }

  onInformational(head: ResponseHead): void {
    this.#touch();
    this.#owner.onAttemptInformational(this, head);
  }

  onResponseHead(head: ResponseHead): void {
    this.#touch();
    this.#owner.onAttemptResponse(this, head);
  }

  onTunnelHead(head: ResponseHead): void {
    this.#touch();
    this.#owner.onAttemptTunnel(this, head);
  }

  onResponseData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    this.#touch();
    this.#owner.onAttemptData(this, memory, start, end, mayBorrow);
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    this.#owner.onAttemptEnd(this, trailers);
  }

  onUpstreamDrain(): void {
    this.#touch();
    this.#owner.onAttemptDrain(this);
  }

  onUpstreamTunnelEnd(): void {
    this.#owner.onAttemptTunnelEnd(this);
  }

  onUpstreamFailure(code: OutcomeCode, reason: string): void {
    this.#owner.onAttemptFailure(this, code, reason);
  }

  onUpstreamCrash(error: unknown): void {
    this.#owner.onAttemptCrash(error);
  }

  #touch(): number {
    return (this.activeAt = this.#owner.now());
  }
}
