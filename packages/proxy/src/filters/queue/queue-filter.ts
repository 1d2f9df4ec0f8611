/**
 * The sidecar's part in a request: answers probes, counts, lets so many in at once, and watches the clock.
 * The order is that of Knative's queue-proxy: request log, drainer, timeouts, Forwarded, statistics, breaker.
 */
import { Breaker, type RequestStats, type Reservation } from '@sluice/admission';
import type { Clock, Counter, Random, Tracer } from '@sluice/kernel';
import { appendForwardedFor } from '../../downstream/forwarded-for.ts';
import type { LoggedRevision, RequestLog } from '../../request-log/request-log.ts';
import type { Stream } from '../../stream.ts';
import { closePartSpan, openPartSpan, recordChildSpan, type PartSpan } from '../../tracing/child-span.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { plainRefusal } from '../plain-refusal.ts';
import { Deadlines } from './deadlines.ts';
import type { Drainer } from './drainer.ts';
import { writeForwarded } from './forwarded.ts';
import { answerIngressProbe, isKubeletProbe, isSentByMesh, networkProbeHeader, networkProbeOf, probeReply } from './network-probe.ts';
import { decodeQueueConfig, queueFilterName, queueFilterTypeUrl, type QueueFilterConfig } from './queue-config.ts';
import { RequestClocks, type RequestTimeouts } from './request-clocks.ts';
import type { RequestMetrics } from './request-metrics.ts';

/** What the filter shares with the rest of the sidecar. */
export interface QueueFilterDependencies {
  readonly stats: RequestStats;
  /** Load has risen so far that whoever scales should know now. Default: nobody wants to. */
  readonly onRise?: () => void;
  readonly drainer: Drainer;
  /** Asks the program whether it is ready. Absent when nothing has been said about how to ask. */
  readonly prober?: ReadinessProber;
  /** Absent: nobody asks for them. */
  readonly metrics?: RequestMetrics;
  /** Absent: no line is written. */
  readonly requestLog?: { readonly log: RequestLog; readonly revision: LoggedRevision };
  /** Where spans go of passing on (`kn.queueproxy.proxy`), which the program's own stand beneath, and of waiting (`kn.queueproxy.wait`). */
  readonly tracer?: Tracer;
}

export interface ReadinessProber {
  /** Calls back once, at once or later. */
  probe(onResult: (isReady: boolean) => void): void;
}

/** Which components send it, in `k-proxy-request`: requests marked so have been counted before. */
const proxiedBy = 'activator';

export function createQueueFilterFactory(dependencies: QueueFilterDependencies): FilterFactory {
  return defineFilter<QueueFilterConfig>({
    name: queueFilterName,
    typeUrl: queueFilterTypeUrl,
    decode: decodeQueueConfig,
    create: (config, context) => new QueueFilter(config, dependencies, context),
  });
}

/** A request between its arrival and its end. */
interface QueuedRequest {
  readonly isProxied: boolean;
  readonly clocks: RequestClocks | undefined;
  reservation: Reservation | undefined;
  /** When it could go to the program; 0 until then, and where nobody asks for it. */
  letInAt: number;
  readonly arrivedAt: number;
  /** Undefined where nobody traces it. */
  readonly span: PartSpan | undefined;
}

class QueueFilter implements HttpFilter {
  readonly name = queueFilterName;
  readonly #dependencies: QueueFilterDependencies;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #requests: StreamSlot<QueuedRequest>;
  readonly #breaker: Breaker | undefined;
  readonly #timeouts: RequestTimeouts;
  readonly #hasTimeouts: boolean;
  readonly #deadlines: Deadlines;
  readonly #refused: Counter;
  readonly #timedOut: Counter;

  constructor(config: QueueFilterConfig, dependencies: QueueFilterDependencies, context: FilterContext) {
    const { containerConcurrency, queueDepth, timeouts } = config;
    this.#dependencies = dependencies;
    this.#clock = context.clock;
    this.#random = context.random;
    this.#requests = context.slot();
    this.#timeouts = timeouts;
    this.#hasTimeouts = timeouts.durationMs > 0 || timeouts.responseStartMs > 0 || timeouts.idleMs > 0;
    this.#deadlines = new Deadlines(context.clock, context.timers);
    this.#refused = context.meter.counter('sluice_queue_refused_total', 'Requests refused because the queue was full.');
    this.#timedOut = context.meter.counter('sluice_queue_timed_out_total', 'Requests ended because one of their clocks ran out.');
    if (containerConcurrency > 0) {
      const breaker = new Breaker({ queueDepth, concurrencyMax: containerConcurrency, initialCapacity: containerConcurrency });
      this.#breaker = breaker;
      context.meter.observedGauge('kn_serving_queue_depth', 'Requests in the queue, running ones included.', () => breaker.inFlight + breaker.waiting);
    }
  }

  onRequest(stream: Stream): FilterVerdict {
    const head = stream.request;
    const asked = networkProbeOf(head);
    if (asked !== undefined || isKubeletProbe(head)) return this.#answerProbe(stream, asked);
    this.#dependencies.drainer.onRequest();
    const isProxied = isSentByMesh(head) && head.get('k-proxy-request') === proxiedBy;
    writeForwarded(head);
    appendForwardedFor(head, stream.info.downstreamRemote);
    hideMeshHeaders(stream);

    const clocks = this.#hasTimeouts ? new RequestClocks(stream, this.#timeouts, this.#deadlines, 'request timeout', this.#timedOut) : undefined;
    const now = this.#clock.now();
    const span = this.#dependencies.tracer && openPartSpan(this.#random, stream);
    const request: QueuedRequest = { isProxied, clocks, reservation: undefined, letInAt: 0, arrivedAt: now, span };
    this.#requests.set(stream, request);
    // Before the breaker: a request that waits is load too, and should bring another pod.
    if (this.#dependencies.stats.requestIn(now, isProxied)) this.#dependencies.onRise?.();

    request.letInAt = now;
    if (!this.#breaker) return 'continue';
    const reservation = this.#breaker.acquire(() => this.#letIn(stream, request));
    if (!reservation) {
      request.letInAt = 0;
      return this.#refuse(stream);
    }
    request.reservation = reservation;
    if (reservation.admitted) return 'continue';
    request.letInAt = 0;
    return 'wait';
  }

  /** Its turn, after a wait. */
  #letIn(stream: Stream, request: QueuedRequest): void {
    request.letInAt = this.#clock.now();
    stream.continueRequest();
  }

  onResponse(stream: Stream): void {
    this.#requests.get(stream)?.clocks?.onResponse();
    blameProgram(stream);
  }

  onResponseData(stream: Stream): void {
    this.#requests.get(stream)?.clocks?.onResponseData();
  }

  /** As for Knative's sidecar, whoever ends its side while it waits for its turn has left. */
  onClientEnd(stream: Stream): void {
    if (this.#requests.get(stream)) stream.reset('downstream-closed');
  }

  onEnd(stream: Stream): void {
    const request = this.#requests.get(stream);
    const { metrics, requestLog } = this.#dependencies;
    if (requestLog && (request || requestLog.log.logsProbes)) requestLog.log.write(stream, requestLog.revision);
    // A probe.
    if (!request) return;
    metrics?.onEnd(stream, request.letInAt);
    request.clocks?.stop();
    request.reservation?.release();
    const now = this.#clock.now();
    this.#dependencies.stats.requestOut(now, request.isProxied);
    if (request.span) this.#recordSpans(stream, request, request.span, now);
  }

  /** As Knative's: the wait has a span wherever there is a limit to wait for, if only to say that there was none. */
  #recordSpans(stream: Stream, { arrivedAt, letInAt }: QueuedRequest, span: PartSpan, endAt: number): void {
    const { tracer } = this.#dependencies;
    if (!tracer) return;
    if (this.#breaker) recordChildSpan(tracer, this.#random, stream, { name: 'kn.queueproxy.wait', startAt: arrivedAt, endAt: letInAt || endAt });
    closePartSpan(tracer, stream, span, { name: 'kn.queueproxy.proxy', startAt: arrivedAt, endAt });
  }

  #refuse(stream: Stream): FilterVerdict {
    this.#refused.add();
    stream.reply(plainRefusal({ status: 503, details: 'queue_full', flag: 'UO' }, 'pending request queue full'));
    return 'replied';
  }

  #answerProbe(stream: Stream, asked: string | undefined): FilterVerdict {
    const { drainer, prober } = this.#dependencies;
    if (drainer.isDraining) stream.reply(probeReply(503, 'shutting down'));
    else if (asked === 'probe') stream.reply(answerIngressProbe(stream.request));
    else if (asked !== 'queue') stream.reply(probeReply(400, `unexpected probe header value: ${asked ?? ''}`));
    else if (!prober) stream.reply(probeReply(500, 'no probe'));
    else return this.#askProgram(stream, prober);
    return 'replied';
  }

  /** The program may take its time, or the prober may know at once. */
  #askProgram(stream: Stream, prober: ReadinessProber): FilterVerdict {
    let hasReplied = false;
    prober.probe((isReady) => {
      if (!stream.isActive) return;
      hasReplied = true;
      // Asked again: the word to go may have come while the program was thinking.
      const isServing = isReady && !this.#dependencies.drainer.isDraining;
      stream.reply(isServing ? probeReply(200, 'queue') : probeReply(503, ''));
    });
    return hasReplied ? 'replied' : 'wait';
  }
}

/** Where the program could not be spoken with, Knative's sidecar says 502; the engine's own word for it is Envoy's 503. */
function blameProgram({ info, response }: Stream): void {
  if (info.upstreamFailure === '' || response?.status !== 503) return;
  response.status = 502;
  info.status = 502;
}

/** What the mesh tells itself is not the program's business; the host is given back that an activator hid. */
function hideMeshHeaders({ request }: Stream): void {
  if (!isSentByMesh(request)) return;
  request.remove('knative-serving-revision');
  request.remove('knative-serving-namespace');
  request.remove(networkProbeHeader);
  const originalHost = request.get('k-original-host');
  if (originalHost) {
    request.setAuthority(originalHost);
    request.remove('k-original-host');
  }
}
