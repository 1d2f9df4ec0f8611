/**
 * What the router does for one stream: pick a host, get a connection, send, and try once more where that cannot
 * do harm. Attempts follow each other; the stream sees only the last one's fate.
 */
import type { Buffer } from 'node:buffer';
import type { Host, HostPicked, PickContext, PreferredHost, TryResult } from '@sluice/balancing';
import type { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { TunnelKind, UpstreamCodec, UpstreamEvents } from '../codec.ts';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { ClusterRuntime, HostWaiter } from './cluster-runtime.ts';
import type { HostPool, PoolClient, UpstreamExchange } from './host-pool.ts';
import { KeptBody } from './kept-body.ts';
import { failedByTrailers, httpStatusOfGrpc, speaksGrpc } from './observed-status.ts';
import type { PriorityPools } from './priority-pools.ts';
import type { ProxiedFor } from './proxy-preambles.ts';
import { serverNameOf } from './server-name.ts';
import type { UpstreamContext } from './upstream-context.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** The stream, as its upstream half sees it. */
export interface UpstreamRequestOwner extends UpstreamEvents {
  readonly request: RequestHead;
  readonly info: StreamInfo;
  readonly overrideHost: Address | undefined;
  readonly preferredHost?: PreferredHost | undefined;
  /** The head is on its way; the body may follow. */
  onUpstreamReady(): void;
}

/** Whoever makes several tries of one request, and counts their responses. */
export interface TryOwner extends Omit<UpstreamRequestOwner, 'overrideHost'> {
  /** A host was chosen and has a connection; the head is about to leave. */
  beforeHead(host: Host): void;
}

/** One of several tries: whose, and the body as far as it is kept for all of them. */
export interface TryOfMany {
  readonly owner: TryOwner;
  readonly body: KeptBody | undefined;
}

/** Of a body that may meet the keep-alive race, so much is kept. Chosen: the race is lost within a round trip, in which little more has come. */
const raceBodyBytesMax = 64 * 1024;

/** Methods that may be sent twice (RFC 9110 9.2.2). */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Ends that speak against the host, as Envoy's outlier detection counts them. */
const hostFailures: Readonly<Partial<Record<OutcomeCode, TryResult>>> = {
  'upstream-connect-failure': { kind: 'failed' },
  'upstream-connect-timeout': { kind: 'timed-out' },
  'upstream-closed': { kind: 'failed' },
  'upstream-reset': { kind: 'failed' },
  'upstream-refused-stream': { kind: 'failed' },
  'upstream-protocol-error': { kind: 'failed' },
};

export class UpstreamRequest implements UpstreamSide, UpstreamEvents, PoolClient, HostWaiter {
  readonly #owner: Omit<UpstreamRequestOwner, 'overrideHost'>;
  readonly #cluster: ClusterRuntime;
  /** The client is not read from. */
  #isBackedUp = false;
  #isPaused = false;
  readonly #context: UpstreamContext;
  readonly #tunnel: TunnelKind | undefined;
  readonly #pick: PickContext;
  /** Undefined for the only try of its stream. */
  readonly #try: TryOwner | undefined;
  readonly #pools: PriorityPools;
  #picked: HostPicked | undefined;
  /** Where it waits for a connection. */
  #pool: Pick<HostPool, 'cancel'> | undefined;
  #codec: UpstreamCodec | undefined;
  /** What may be sent again; undefined while there is no use for it. */
  #body: KeptBody | undefined;
  #bodyBegun = false;
  #hasRetried = false;
  /** What is known of how it ended, for its host's counts. A gRPC server says it last. */
  #result: 'open' | 'in trailers' | 'counted' = 'open';

  constructor(
    owner: Omit<UpstreamRequestOwner, 'overrideHost'>,
    cluster: ClusterRuntime,
    context: UpstreamContext,
    pools: PriorityPools,
    tunnel: TunnelKind | undefined,
    pick: PickContext,
    oneOfMany?: TryOfMany,
  ) {
    this.#owner = owner;
    this.#cluster = cluster;
    this.#context = context;
    this.#tunnel = tunnel;
    this.#pick = pick;
    this.#pools = pools;
    this.#try = oneOfMany?.owner;
    this.#body = oneOfMany?.body;
  }

  get comesByHttp2(): boolean {
    return this.#owner.info.protocol === 'HTTP/2';
  }

  get proxiedFor(): ProxiedFor {
    return this.#owner.info;
  }

  serverNameFrom(header: string): string {
    const { request } = this.#owner;
    return serverNameOf(header === '' ? request.authority : (request.get(header) ?? ''));
  }

  /** Whether its connections cannot become tunnels. */
  get #takesNoTunnels(): boolean {
    const { http2, followsDownstream } = this.#cluster.config.resource.http;
    return http2 !== undefined && !http2.allowsConnect && !followsDownstream;
  }

  /** Whether it has a connection. */
  get isReady(): boolean {
    return this.#codec !== undefined;
  }

  /** Where it goes, once that is decided. */
  get host(): Host | undefined {
    return this.#picked?.host;
  }

  start(): void {
    if (this.#tunnel === 'upgrade' && this.#takesNoTunnels) return this.#end('upgrade-refused', 'the upstream speaks HTTP/2');
    if (!this.#pools.breaker.allowsRequest) return this.#end('upstream-overflow', 'too many requests');
    if (this.#cluster.dropsOne()) return this.#end('drop-overload', 'the control plane wants fewer requests');
    const { originalDst } = this.#cluster;
    const result = originalDst ? originalDst.pick(this.#owner) : this.#cluster.pick(this.#pick);
    switch (result.kind) {
      case 'host':
        this.#picked = result;
        result.host.begin(this.#context.turn.now());
        return this.#attempt(result, false);
      case 'queue':
        if (!this.#cluster.waitForHosts(this, this.#pools.breaker)) this.#end('upstream-overflow', 'too many requests wait for hosts');
        return;
      case 'overflow':
        return this.#end('upstream-overflow', 'no host may take more');
      case 'unavailable':
        return this.#end('no-healthy-upstream', result.reason);
    }
  }

  /** From outside of any turn of this stream. */
  onHosts(): void {
    this.#context.turn.enter();
    try {
      this.start();
    } catch (error) {
      this.#owner.onUpstreamCrash(error);
    } finally {
      this.#context.turn.leave();
    }
  }

  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    this.#bodyBegun = true;
    if (this.#body && !this.#try) this.#keep(this.#body, memory, start, end);
    const codec = this.#codec;
    if (!codec) return false;
    const mayGoOn = codec.writeData(memory, start, end, mayBorrow);
    if (!mayGoOn) this.#backUp();
    return mayGoOn;
  }

  #backUp(): void {
    if (!this.#isBackedUp) this.#cluster.statistics.backedUp.add();
    this.#isBackedUp = true;
  }

  /** Of what comes while there is no connection nothing may be lost, and no more is asked for. */
  #keep(body: KeptBody, memory: Buffer, start: number, end: number): void {
    if (!this.#codec || body.hasRoomFor(end - start)) return body.append(memory, start, end);
    this.#body = undefined;
  }

  writeEnd(trailers: Trailers | undefined): void {
    if (!this.#try) this.#body?.complete(trailers);
    this.#codec?.writeEnd(trailers);
  }

  endTunnel(): void {
    this.#codec?.endTunnel();
  }

  /** Both sides have said their last: the connection closes by itself, when all of it has left. */
  completeTunnel(): void {
    this.#detach()?.completeTunnel();
  }

  pauseResponse(): void {
    if (!this.#isPaused) this.#cluster.statistics.readingPaused.add();
    this.#isPaused = true;
    this.#codec?.pauseResponse();
  }

  resumeResponse(): void {
    if (this.#isPaused) this.#cluster.statistics.readingResumed.add();
    this.#isPaused = false;
    this.#codec?.resumeResponse();
  }

  /** The stream is over: whatever is still held is let go. */
  release(): void {
    this.#cluster.stopWaiting(this);
    this.#pool?.cancel(this);
    this.#pool = undefined;
    const codec = this.#detach();
    if (codec) {
      this.#cluster.statistics.requestsReset.add();
      codec.abort();
    }
    const picked = this.#picked;
    if (!picked) return;
    picked.host.end(this.#context.turn.now());
    picked.release();
    this.#picked = undefined;
  }

  onConnection(connection: UpstreamExchange): void {
    this.#pool = undefined;
    this.#codec = connection;
    const { info, request } = this.#owner;
    info.upstreamStartAt = this.#context.turn.now();
    info.upstreamLocal = connection.localAddress;
    info.upstreamProtocol = connection.protocol;
    this.#cluster.statistics.requestsTotal.add();
    this.#cluster.statistics.requestsActive += 1;
    this.#pools.breaker.requests += 1;
    if (this.#picked) {
      this.#cluster.health?.observeConnected(this.#picked.host);
      this.#try?.beforeHead(this.#picked.host);
    }
    connection.begin(this);
    connection.writeHead(request, this.#tunnel);
    if (this.#body?.isAsked) return this.#repeatBody(this.#body, connection);
    this.#askForBody(connection);
  }

  /** For the first time. On a connection that may turn out to be closed, the body of what may be repeated is kept for a while. */
  #askForBody({ isReused }: UpstreamExchange): void {
    const { request } = this.#owner;
    if (!this.#body && isReused && request.framing !== 'none' && idempotentMethods.has(request.method)) this.#body = new KeptBody(raceBodyBytesMax);
    if (this.#body) this.#body.isAsked = true;
    this.#owner.onUpstreamReady();
  }

  #repeatBody(body: KeptBody, connection: UpstreamExchange): void {
    // What is still to come was held up meanwhile.
    if (body.sendTo(connection) && !body.isComplete) this.#owner.onUpstreamDrain();
  }

  onNoConnection(code: OutcomeCode, reason: string): void {
    this.#pool = undefined;
    this.#end(code, reason);
  }

  onInformational(head: ResponseHead): void {
    this.#owner.onInformational(head);
  }

  onResponseHead(head: ResponseHead): void {
    const { statistics } = this.#cluster;
    if (!this.#try) statistics.countResponse(head.status);
    if (this.#hasRetried) statistics.retrySuccesses.add();
    if (this.#picked) {
      this.#countHead(head);
      this.#cluster.observeHead(this.#picked.host, head);
    }
    this.#owner.onResponseHead(head);
  }

  onTunnelHead(head: ResponseHead): void {
    this.#countResult(false);
    this.#owner.onTunnelHead(head);
  }

  onResponseData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    this.#owner.onResponseData(memory, start, end, mayBorrow);
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    const { statistics } = this.#cluster;
    statistics.requestsCompleted.add();
    statistics.requestTime.observe(this.#context.turn.now() - this.#owner.info.upstreamStartAt);
    if (this.#result === 'in trailers') this.#countResult(failedByTrailers(trailers));
    if (trailers && this.#picked) this.#cluster.loadReports?.observe(this.#picked.host, trailers);
    // The connection knows by itself whether it can be used again; from here on it is not ours.
    this.#detach();
    this.#owner.onResponseEnd(trailers);
  }

  onUpstreamDrain(): void {
    if (this.#isBackedUp) this.#cluster.statistics.drained.add();
    this.#isBackedUp = false;
    this.#owner.onUpstreamDrain();
  }

  onUpstreamTunnelEnd(): void {
    this.#owner.onUpstreamTunnelEnd();
  }

  onUpstreamFailure(code: OutcomeCode, reason: string): void {
    const wasReused = this.#detach()?.isReused ?? false;
    if (this.#mayHaveRaced(code, wasReused) && this.#maySendAgain(code)) return this.#sendAgain();
    this.#end(code, reason);
  }

  onUpstreamCrash(error: unknown): void {
    this.#detach();
    this.#owner.onUpstreamCrash(error);
  }

  /** The stream has waited long enough: the host is told of, if it is the one that has not answered. */
  noteTimeout(): void {
    this.#cluster.statistics.countEnd(outcomes['upstream-timeout']);
    if (this.#owner.info.responseStartAt === 0) this.observeTimeout();
    else this.#countResult(true);
  }

  /** The host has not answered in time. */
  observeTimeout(): void {
    this.#countResult(true);
    this.#observe({ kind: 'timed-out' });
  }

  #observe(result: TryResult): void {
    if (this.#picked) this.#cluster.health?.observe(this.#picked.host, result);
  }

  /** As Envoy counts `rq_success` and `rq_error`: a head says it, but for gRPC, where the status may come behind the body. */
  #countHead(head: ResponseHead): void {
    if (head.status === 200 && speaksGrpc(this.#owner.request, this.#codec)) {
      const status = head.get('grpc-status');
      if (status === undefined) this.#result = 'in trailers';
      else this.#countResult(httpStatusOfGrpc(status) >= 500);
    } else {
      this.#countResult(head.status >= 500);
    }
  }

  /** Once for each host it is sent to. */
  #countResult(isFailure: boolean): void {
    if (this.#result === 'counted' || !this.#picked) return;
    this.#result = 'counted';
    if (isFailure) this.#picked.host.requestsFailed += 1;
    else this.#picked.host.requestsSucceeded += 1;
  }

  /** It failed because of what happens between two requests, not because of this one. */
  #mayHaveRaced(code: OutcomeCode, wasReused: boolean): boolean {
    return code === 'upstream-refused-stream' || (wasReused && outcomes[code].retry === 'if-reused-connection');
  }

  /** The keep-alive race: the host closed the connection while the request was on its way to it. */
  #maySendAgain(code: OutcomeCode): boolean {
    if (this.#hasRetried || this.#tunnel || this.#owner.info.responseStartAt > 0) return false;
    if (this.#bodyBegun && !this.#body?.isWhole) return false;
    return outcomes[code].retry === 'always-safe' || idempotentMethods.has(this.#owner.request.method);
  }

  #sendAgain(): void {
    this.#hasRetried = true;
    this.#cluster.statistics.races.add();
    this.#cluster.statistics.retries.add();
    // The client may have been asked already, and what it sends must not get lost.
    if (!this.#body && this.#owner.request.framing !== 'none') {
      this.#body = new KeptBody(raceBodyBytesMax);
      this.#body.isAsked = true;
    }
    this.#attempt(this.#picked as HostPicked, true);
  }

  #attempt(picked: HostPicked, fresh: boolean): void {
    const { info } = this.#owner;
    info.attempts += 1;
    info.upstreamHost = picked.host.addressText;
    info.upstreamMetadata = picked.host.endpoint.metadata;
    if (this.#tunnel === 'bytes') return this.#openBytes(picked.host);
    const pool = this.#pools.of(picked.host);
    if (!pool) {
      this.#cluster.statistics.poolOverflows.add();
      this.#cluster.countOverflow();
      this.#result = 'counted';
      return this.#end('no-healthy-upstream', 'too many connection pools');
    }
    this.#pool = pool;
    pool.request(this, fresh);
  }

  #openBytes(host: Host): void {
    const pool = this.#cluster.openTunnelPool(host, this.#pools.breaker, this.#owner.info);
    this.#pool = pool;
    pool.request(this);
  }

  #detach(): UpstreamCodec | undefined {
    const codec = this.#codec;
    if (!codec) return undefined;
    this.#cluster.statistics.requestsActive -= 1;
    this.#pools.breaker.requests -= 1;
    this.#codec = undefined;
    return codec;
  }

  #end(code: OutcomeCode, reason: string): void {
    this.#cluster.statistics.countEnd(outcomes[code]);
    const failure = hostFailures[code];
    if (failure) this.#observe(failure);
    // Nothing was asked of the host where there was no room.
    if (code === 'upstream-overflow') this.#cluster.countOverflow();
    else this.#countResult(true);
    this.#owner.onUpstreamFailure(code, reason);
  }
}
