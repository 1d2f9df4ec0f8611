/**
 * The pump of one exchange: from the client through the filters to the upstream and back, with back-pressure both ways, until it ends. Its states
 * stand in `stream-core.ts`.
 */
import type { Buffer } from 'node:buffer';
import { Known, type ResponseHead, type Trailers } from '@sluice/http';
import type { DownstreamEvents } from '../codec.ts';
import type { RouterFilter } from '../filters/router/router-filter.ts';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import { expectedTimeoutMs } from '../router/stream-duration.ts';
import { findCluster } from '../upstream/aggregate-choice.ts';
import { openPlain, openTries } from '../upstream/open-upstream.ts';
import { takeDemands } from '../upstream/request-demands.ts';
import type { UpstreamRequestOwner } from '../upstream/upstream-request.ts';
import { FilteredStream } from './filtered-stream.ts';
import { replyByRoute, replyToBadDemand, replyWithoutCluster, routerOf, tunnelKindOf } from './forwarding.ts';
import { writeEarlyLogs } from './stream-end.ts';

/** Flags of ends that say why also when the response had begun. */
const timeouts: ReadonlySet<string> = new Set(['UT', 'UMSDR']);

/** Envoy's `per_connection_buffer_limit_bytes`. */
const defaultBufferBytesMax = 1_048_576;

export class ActiveStream extends FilteredStream implements DownstreamEvents, UpstreamRequestOwner {
  protected forward(): void {
    this.statistics.routedRequests.add();
    const action = this.route?.action;
    if (!action) return this.fail('no-route');
    if (action.kind !== 'forward') return this.replyAs(replyByRoute(action, this), outcomes[action.kind === 'redirect' ? 'redirected' : 'direct-response']);
    this.info.clusterName = action.clusterName;
    const cluster = findCluster(this.applied.clusters, action.clusterName);
    if (!cluster) return this.replyAs(replyWithoutCluster(action), outcomes['no-cluster']);
    if (this.upgrade !== '' && !(action.upgrades.get(this.upgrade) ?? this.config.upgrades.includes(this.upgrade))) return this.fail('upgrade-refused');
    this.state = 'forwarding';
    this.forwardedAt = this.engine.turn.now();
    this.info.clusterMetadata = cluster.config.resource.metadata;
    // As the client has sent it: what is changed below must not move it.
    const hash = (cluster.config.hash ?? action.hash)?.(this);
    this.route?.changeRequest?.(this.request, this.info);
    this.timeoutMs = action.timeoutMs;
    const router = routerOf(this.filters);
    if ((this.request.known & Known.envoyDemand) !== 0 && !this.heedDemands(router)) return;
    if (router?.respectsExpectedTimeout) this.timeoutMs = expectedTimeoutMs(this.request, this.timeoutMs);
    const tunnel = tunnelKindOf(this.upgrade, action);
    if (action.tries || this.demands || cluster.asksForTries) {
      const { bufferBytesMax = defaultBufferBytesMax } = this.config;
      const wish = { action, cluster, clusters: this.applied.clusters, demands: this.demands, timeoutMs: this.timeoutMs, tunnel, hash, router, bufferBytesMax };
      this.upstream = openTries(this, wish, this.engine);
    } else {
      router?.announceTimeout(this.request, this.timeoutMs);
      this.upstream = openPlain(this, cluster, action, tunnel, hash, this.engine);
    }
    this.upstream.start();
  }

  /** What the request asks of the router counts before what is configured. False when it asked badly and was refused. */
  protected heedDemands(router: RouterFilter | undefined): boolean {
    const demands = takeDemands(this.request);
    this.demands = demands;
    this.timeoutMs = demands.timeoutMs ?? this.timeoutMs;
    const refusal = replyToBadDemand(demands, router);
    if (refusal) this.replyAs(refusal, outcomes['invalid-demand']);
    return refusal === undefined;
  }

  onRequestData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    if (this.state === 'ended') return;
    this.info.bytesReceived += end - start;
    this.lastActivityAt = this.engine.turn.now();
    if (this.body) return this.body.write(memory, start, end, mayBorrow);
    for (const filter of this.filters) filter.onRequestData?.(this, memory.subarray(start, end));
    if (this.isOver() || !this.upstream) return;
    if (!this.upstream.writeData(memory, start, end, mayBorrow)) this.codec.pauseBody();
  }

  onRequestEnd(trailers: Trailers | undefined): void {
    if (this.state === 'ended') return;
    this.endRequest();
    if (trailers) for (const filter of this.filters) filter.onRequestTrailers?.(this, trailers);
    if (this.body) this.body.end(trailers);
    else this.upstream?.writeEnd(trailers);
  }

  sendBody(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    return this.upstream?.writeData(memory, start, end, mayBorrow) ?? true;
  }

  endBody(trailers: Trailers | undefined): void {
    this.upstream?.writeEnd(trailers);
  }

  onDownstreamDrain(): void {
    this.lastActivityAt = this.engine.turn.now();
    if (this.transform) this.transform.resume();
    else this.upstream?.resumeResponse();
  }

  onDownstreamFailure(code: OutcomeCode): void {
    this.fail(code);
  }

  onClientEnd(): void {
    if (this.state === 'waiting') this.filters[this.nextFilter - 1]?.onClientEnd?.(this);
  }

  onTunnelEnd(): void {
    this.onClientEnd();
    if (this.isOver()) return;
    this.upstream?.endTunnel();
    this.endTunnelHalf();
  }

  onUpstreamReady(): void {
    this.askForBody();
    if (this.body) return this.body.release();
    // Bytes that a client sends before the switch are kept until it has happened.
    if (this.upgrade === '' || this.request.framing !== 'none') this.codec.releaseBody();
  }

  onInformational(head: ResponseHead): void {
    if (head.status === 100) {
      // It answers the client's wait, which has been answered here, unless that was left to the upstream.
      if (this.passesExpect) this.codec.writeContinue();
      this.passesExpect = false;
      return;
    }
    head.removeKnown(Known.connection | Known.contentLength | Known.transferEncoding | Known.upgrade | Known.keepAlive);
    this.codec.writeInformational(head);
  }

  onResponseHead(head: ResponseHead): void {
    const now = this.engine.turn.now();
    this.info.responseStartAt = now;
    this.lastActivityAt = now;
    this.state = 'responding';
    routerOf(this.filters)?.reportServiceTime(head, now - this.info.upstreamStartAt);
    const { setCookies } = this.info;
    for (let index = 0; index < setCookies.length; index += 1) head.add('set-cookie', setCookies[index] as string);
    this.sendHead(head);
  }

  onTunnelHead(head: ResponseHead): void {
    this.info.responseStartAt = this.engine.turn.now();
    this.lastActivityAt = this.info.responseStartAt;
    this.response = head;
    this.info.status = head.status;
    this.state = 'tunnel';
    this.responseHeadSent = true;
    this.statistics.upgrades.add();
    this.statistics.upgradesActive += 1;
    this.engine.activeTunnels += 1;
    this.statistics.byClass[(head.status / 100) | 0]?.add();
    this.codec.writeTunnelHead(head);
    if (this.config.logOccasions?.logsTunnels === true) writeEarlyLogs(this, this.config.accessLogs, 'DownstreamTunnelSuccessfullyEstablished', this.engine);
    this.codec.releaseBody();
  }

  onResponseData(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    if (this.state === 'ended') return;
    this.lastActivityAt = this.engine.turn.now();
    const filters = this.filters;
    for (let index = filters.length - 1; index >= 0; index -= 1) filters[index]?.onResponseData?.(this, memory.subarray(start, end));
    if (this.transform) {
      if (!this.transform.write(memory, start, end)) this.upstream?.pauseResponse();
      return;
    }
    this.info.bytesSent += end - start;
    if (!this.codec.writeData(memory, start, end, mayBorrow)) this.upstream?.pauseResponse();
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    if (this.state === 'ended') return;
    this.info.responseTrailers = trailers;
    if (trailers) this.passResponseTrailers(trailers);
    if (this.isOver()) return;
    if (this.transform) {
      // It takes its time, and the connection that all this was read from may serve another meanwhile.
      this.response = this.response?.copy();
      this.info.responseTrailers = trailers?.copy();
      return this.transform.end();
    }
    this.completeTransformed();
  }

  writeTransformed(bytes: Buffer): boolean {
    this.info.bytesSent += bytes.length;
    return this.codec.writeData(bytes, 0, bytes.length, true);
  }

  protected passResponseTrailers(trailers: Trailers): void {
    const filters = this.filters;
    for (let index = filters.length - 1; index >= 0; index -= 1) filters[index]?.onResponseTrailers?.(this, trailers);
  }

  resumeSource(): void {
    this.upstream?.resumeResponse();
  }

  onUpstreamDrain(): void {
    this.lastActivityAt = this.engine.turn.now();
    this.body?.resume();
    this.codec.resumeBody();
  }

  onUpstreamTunnelEnd(): void {
    this.codec.endTunnel();
    this.endTunnelHalf();
  }

  onUpstreamFailure(code: OutcomeCode, reason: string): void {
    if (this.state === 'ended') return;
    this.info.upstreamFailure = reason;
    if (!this.responseHeadSent) return this.fail(code);
    if (timeouts.has(outcomes[code].flag)) return this.fail(code);
    if (code === 'upstream-remote-reset') return this.fail('upstream-reset-in-body');
    this.fail(code === 'upstream-protocol-error' ? 'upstream-body-error' : 'upstream-truncated');
  }

  onUpstreamCrash(error: unknown): void {
    this.crash(error);
  }
}
