/**
 * Copies of requests for others, whose answers nobody reads. A copy is sent once the request is here whole; what becomes
 * of it neither holds up nor fails the request itself.
 */
import type { Buffer } from 'node:buffer';
import { anyHost } from '@sluice/balancing';
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { StreamInfo } from '../stream-info.ts';
import type { Sweepable } from '../sweep.ts';
import type { ClusterRuntime } from './cluster-runtime.ts';
import type { KeptBody } from './kept-body.ts';
import type { Mirror } from './try-policy.ts';
import type { UpstreamContext } from './upstream-context.ts';
import { UpstreamRequest, type TryOwner } from './upstream-request.ts';

/** A mirror of one request. */
export class MirrorRequest {
  readonly #mirror: Mirror;
  readonly #cluster: ClusterRuntime;
  readonly #isHighPriority: boolean;
  readonly #timeoutMs: number;

  constructor(mirror: Mirror, cluster: ClusterRuntime, isHighPriority: boolean, timeoutMs: number) {
    this.#mirror = mirror;
    this.#cluster = cluster;
    this.#isHighPriority = isHighPriority;
    this.#timeoutMs = timeoutMs;
  }

  /** A body that was too long to be kept is not mirrored, nor is its request. */
  send(request: RequestHead, body: KeptBody | undefined, info: StreamInfo, context: UpstreamContext): void {
    if (body && !body.isWhole) return;
    const head = request.copy();
    const { hostLiteral, appendsShadow } = this.#mirror;
    if (hostLiteral !== undefined) head.setAuthority(hostLiteral);
    else if (appendsShadow) head.setAuthority(shadowed(head.authority));
    new MirroredStream(head, body?.share(), info.copyForMirror(), this.#cluster, this.#isHighPriority, this.#timeoutMs, context).start();
  }
}

class MirroredStream implements TryOwner, Sweepable {
  deadline: number;
  sweepIndex = -1;
  readonly request: RequestHead;
  readonly info: StreamInfo;
  readonly overrideHost = undefined;
  readonly #context: UpstreamContext;
  readonly #cluster: ClusterRuntime;
  readonly #upstream: UpstreamRequest;

  constructor(head: RequestHead, body: KeptBody | undefined, info: StreamInfo, cluster: ClusterRuntime, isHighPriority: boolean, timeoutMs: number, context: UpstreamContext) {
    this.request = head;
    this.info = info;
    this.#context = context;
    this.#cluster = cluster;
    this.deadline = timeoutMs === 0 ? Number.POSITIVE_INFINITY : context.turn.now() + timeoutMs;
    this.#upstream = new UpstreamRequest(this, cluster, context, cluster.poolsFor(isHighPriority), undefined, anyHost, { owner: this, body });
  }

  start(): void {
    this.#context.sweep.add(this);
    this.#upstream.start();
  }

  beforeHead(): void {}

  onUpstreamReady(): void {}

  onInformational(): void {}

  onResponseHead(head: ResponseHead): void {
    this.#cluster.statistics.countResponse(head.status);
  }

  onTunnelHead(): void {
    this.#end();
  }

  onResponseData(_memory: Buffer): void {}

  onResponseEnd(): void {
    this.#end();
  }

  onUpstreamDrain(): void {}

  onUpstreamTunnelEnd(): void {}

  onUpstreamFailure(): void {
    this.#end();
  }

  onUpstreamCrash(error: unknown): void {
    this.#context.logger.error('mirrored request crashed', { error });
    this.#end();
  }

  onCrash(error: unknown): void {
    this.onUpstreamCrash(error);
  }

  onDeadline(): void {
    this.#upstream.noteTimeout();
    this.#end();
  }

  #end(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#context.sweep.remove(this);
    this.#upstream.release();
  }
}

/** `a.test:80` is `a.test-shadow:80`. */
function shadowed(authority: string): string {
  return /^[^:]+:\d+$/.test(authority) ? authority.replace(':', '-shadow:') : `${authority}-shadow`;
}
