/**
 * The activator's part in a request: find out for which revision it is, say that it is there, hold it until a
 * pod has room, and send it to that pod.
 */
import type { Assignment, ConcurrencyReporter, Throttler } from '@sluice/admission';
import { parseAddress, type Clock, type Counter, type Random, type Tracer } from '@sluice/kernel';
import type { LoggedRevision, RequestLog } from '../../request-log/request-log.ts';
import type { Stream } from '../../stream.ts';
import { closePartSpan, openPartSpan, recordChildSpan, type PartSpan } from '../../tracing/child-span.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { plainRefusal } from '../plain-refusal.ts';
import { Deadlines } from '../queue/deadlines.ts';
import { answerIngressProbe, isKubeletProbe, networkHashHeader, networkProbeOf, probeReply } from '../queue/network-probe.ts';
import { RequestClocks, type RequestTimeouts } from '../queue/request-clocks.ts';
import type { RequestMetrics } from '../queue/request-metrics.ts';
import { activatorFilterName, activatorFilterTypeUrl, decodeActivatorConfig } from './activator-config.ts';
import { clusterHeader, namespaceHeader, revisionHeader, revisionOf } from './revision-of.ts';

/** What the filter shares with the rest of the activator. */
export interface ActivatorFilterDependencies {
  readonly revisions: RevisionDirectory;
  readonly reporter: Pick<ConcurrencyReporter, 'requestIn' | 'requestOut'>;
  /** The first request has come for a revision that was quiet, or half as many again as were told of: the autoscaler must know now. */
  readonly onRise: (revision: string) => void;
  readonly onColdStart: (coldStart: ColdStart) => void;
  /** Why this activator cannot serve, as a kubelet is told; undefined when it can. */
  readonly findFault: () => string | undefined;
  /** A line for each request, where it is wanted at the moment. Absent: none is ever. */
  readonly requestLog?: (() => RequestLog | undefined) | undefined;
  /** Where spans go of waiting (`throttler_try`), and of passing on (`activator_proxy`), which the sidecar's stand beneath. */
  readonly tracer?: Tracer;
}

/** The revisions of the configuration in force. */
export interface RevisionDirectory {
  /** @param key `namespace/name` */
  find(key: string): ActivatableRevision | undefined;
}

export interface ActivatableRevision {
  readonly key: string;
  readonly throttler: Throttler;
  readonly timeouts: RequestTimeouts;
  /** As request logs name it. */
  readonly logged: LoggedRevision;
  readonly metrics: RequestMetrics;
  /** A mesh of others that stands before its pods lets requests through to one by this name. Absent: none does. */
  readonly passthroughHost?: string | undefined;
}

/** The first request that found no pod, from its arrival to its answer. Times are monotonic milliseconds. */
export interface ColdStart {
  readonly revision: string;
  readonly arrivedAt: number;
  /** When a pod had been found and the request went to it. */
  readonly forwardedAt: number;
  /** When the head of the response came back. */
  readonly firstByteAt: number;
}

/** A request between its arrival and its end. */
interface HeldRequest {
  readonly revision: ActivatableRevision;
  readonly clocks: RequestClocks;
  readonly arrivedAt: number;
  /** Whether it is the one that woke the revision. */
  readonly isFirst: boolean;
  assignment: Assignment | undefined;
  forwardedAt: number;
  /** Of passing it on; undefined where nobody traces it, and until then. */
  span: PartSpan | undefined;
}

/** What sidecars give the program back as its host. */
const originalHostHeader = 'k-original-host';

export function createActivatorFilterFactory(dependencies: ActivatorFilterDependencies): FilterFactory {
  return defineFilter({
    name: activatorFilterName,
    typeUrl: activatorFilterTypeUrl,
    decode: decodeActivatorConfig,
    create: (_, context) => new ActivatorFilter(dependencies, context),
  });
}

class ActivatorFilter implements HttpFilter {
  readonly name = activatorFilterName;
  readonly #dependencies: ActivatorFilterDependencies;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #requests: StreamSlot<HeldRequest>;
  readonly #deadlines: Deadlines;
  readonly #refused: Counter;
  readonly #timedOut: Counter;

  constructor(dependencies: ActivatorFilterDependencies, context: FilterContext) {
    this.#dependencies = dependencies;
    this.#clock = context.clock;
    this.#random = context.random;
    this.#requests = context.slot();
    this.#deadlines = new Deadlines(context.clock, context.timers);
    this.#refused = context.meter.counter('sluice_activator_refused_total', 'Requests refused because too many waited.');
    this.#timedOut = context.meter.counter('sluice_activator_timed_out_total', 'Requests ended because one of their clocks ran out.');
  }

  onRequest(stream: Stream): FilterVerdict {
    const head = stream.request;
    const probe = this.#answerProbe(stream);
    if (probe) return probe;
    head.remove(networkHashHeader);

    const name = revisionOf(head);
    const revision = name && this.#dependencies.revisions.find(`${name.namespace}/${name.name}`);
    if (!revision) return refuse(stream, 404, `Error getting active endpoint: revision.serving.knative.dev "${name?.name ?? ''}" not found`);

    const now = this.#clock.now();
    // Before it waits for anything: what waits is what the autoscaler has to know about.
    if (this.#dependencies.reporter.requestIn(revision.key, now)) this.#dependencies.onRise(revision.key);
    const { throttler } = revision;
    const held: HeldRequest = {
      revision,
      clocks: new RequestClocks(stream, revision.timeouts, this.#deadlines, 'activator request timeout', this.#timedOut),
      arrivedAt: now,
      isFirst: throttler.capacity === 0 && throttler.waiting === 0,
      assignment: undefined,
      forwardedAt: 0,
      span: undefined,
    };
    this.#requests.set(stream, held);

    held.assignment = throttler.acquire({
      onAssigned: () => {
        this.#forward(stream, held);
        stream.continueRequest();
      },
      onRefused: () => refuse(stream, 503, `revision ${revision.key} is gone`),
    });
    if (!held.assignment) {
      this.#refused.add();
      return refuse(stream, 503, 'pending request queue full');
    }
    if (held.assignment.address === undefined) return 'wait';
    this.#forward(stream, held);
    return 'continue';
  }

  onResponse(stream: Stream): void {
    const held = this.#requests.get(stream);
    if (!held) return;
    held.clocks.onResponse();
    if (!held.isFirst || held.forwardedAt === 0) return;
    const { revision, arrivedAt, forwardedAt } = held;
    this.#dependencies.onColdStart({ revision: revision.key, arrivedAt, forwardedAt, firstByteAt: this.#clock.now() });
  }

  onResponseData(stream: Stream): void {
    this.#requests.get(stream)?.clocks.onResponseData();
  }

  /** As for Knative's activator, whoever ends its side while it waits for a pod has left, and its place is the next one's. */
  onClientEnd(stream: Stream): void {
    stream.reset('downstream-closed');
  }

  onEnd(stream: Stream): void {
    const held = this.#requests.get(stream);
    if (!held) return;
    const { metrics, logged } = held.revision;
    metrics.onEnd(stream, held.forwardedAt);
    this.#dependencies.requestLog?.()?.write(stream, logged);
    held.clocks.stop();
    held.assignment?.release();
    const now = this.#clock.now();
    this.#dependencies.reporter.requestOut(held.revision.key, now);
    const { tracer } = this.#dependencies;
    if (!tracer) return;
    if (held.span) closePartSpan(tracer, stream, held.span, { name: 'activator_proxy', startAt: held.forwardedAt, endAt: now });
    else if (held.forwardedAt === 0) this.#recordTry(stream, held, now, 'error');
  }

  /** How long it took to get a pod, or to learn that there is none to be had. */
  #recordTry(stream: Stream, { arrivedAt }: HeldRequest, endAt: number, status: 'unset' | 'error'): void {
    const { tracer } = this.#dependencies;
    if (tracer) recordChildSpan(tracer, this.#random, stream, { name: 'throttler_try', startAt: arrivedAt, endAt, status });
  }

  /** To the pod whose place it holds; the sidecar there must not count it a second time. */
  #forward(stream: Stream, held: HeldRequest): void {
    const address = held.assignment?.address;
    if (address === undefined) return;
    held.forwardedAt = this.#clock.now();
    if (stream.info.traceOrigin) {
      this.#recordTry(stream, held, held.forwardedAt, 'unset');
      held.span = this.#dependencies.tracer && openPartSpan(this.#random, stream);
    }
    const { request } = stream;
    stream.overrideHost = parseAddress(address);
    request.set('k-proxy-request', 'activator');
    // The user's host is for the program: between us and its sidecar it would lead a mesh astray.
    if (!request.has(originalHostHeader)) request.set(originalHostHeader, request.authority);
    const { passthroughHost } = held.revision;
    request.setAuthority(passthroughHost ?? address);
    if (passthroughHost !== undefined) request.set('k-passthrough-lb', 'true');
    request.remove(revisionHeader);
    request.remove(namespaceHeader);
    // A table need not know all revisions: one route that goes by this header serves them all.
    request.set(clusterHeader, held.revision.key);
    stream.clearRouteCache();
  }

  #answerProbe(stream: Stream): FilterVerdict | undefined {
    const head = stream.request;
    const asked = networkProbeOf(head);
    if (isKubeletProbe(head)) this.#answerKubelet(stream);
    else if (asked === 'probe') stream.reply(answerIngressProbe(head));
    else if (asked === 'activator') stream.reply(probeReply(200, 'activator'));
    else if (asked !== undefined) stream.reply(probeReply(400, `unexpected probe header value: ${asked}`));
    else return undefined;
    return 'replied';
  }

  #answerKubelet(stream: Stream): void {
    const fault = this.#dependencies.findFault();
    stream.reply(fault === undefined ? probeReply(200, '') : probeReply(500, fault));
  }
}

function refuse(stream: Stream, status: number, text: string): FilterVerdict {
  stream.reply(plainRefusal({ status, details: status === 404 ? 'revision_not_found' : 'no_capacity' }, text));
  return 'replied';
}
