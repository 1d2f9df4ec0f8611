/**
 * Where spans go: in batches to collectors of OTLP over HTTP, by OpenTelemetry's exporter. Nothing waits for it: what is
 * more than the queue holds is dropped and counted. The library is loaded with the first span, so that a process that
 * traces nothing never pays for it.
 */
import type { Counter, Logger, Meter, Span, Timer, Timers, Tracer } from '@sluice/kernel';
import type { SpanExport } from './span-export.ts';

export interface TracerOptions {
  /** Of spans whose configuration does not name their service. */
  readonly serviceName: string;
  /** URL of the collector of spans whose configuration names none: `http://collector:4318/v1/traces`. Absent: such spans are dropped. */
  readonly endpoint?: string | undefined;
  /** How that collector is spoken to. Default OTLP over HTTP; `stdout` writes lines and asks no collector. */
  readonly protocol?: 'http/protobuf' | 'grpc' | 'stdout' | undefined;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Spans that may wait for one collector. Default 2048, as OpenTelemetry's batch processor; and so are the next two. */
  readonly queueSpansMax?: number;
  /** Spans in one export. Default 512. */
  readonly batchSpansMax?: number;
  /** How long a span may wait for others, in ms. Default 5000. */
  readonly delayMsMax?: number;
  /** How long an export may take, tries and all, in ms. Default 10 000, as OpenTelemetry's exporters. */
  readonly exportTimeoutMs?: number;
  /** How long `close` waits for collectors, in ms. Default 3000, chosen: a process that leaves has other things to finish. */
  readonly closeTimeoutMs?: number;
}

export interface OpenTracer extends Tracer {
  /** Sends what waits. Fulfils when it has been taken or given up. */
  flush(): Promise<void>;
  /** Sends what waits, as far as there is time, and takes no more. */
  close(): Promise<void>;
}

/** Collectors at once. Chosen: configurations name one or two, and each has a queue of its own. */
const collectorsMax = 16;

export function openTracer(options: TracerOptions): OpenTracer {
  return new CollectingTracer(options);
}

class CollectingTracer implements OpenTracer {
  readonly #options: TracerOptions;
  readonly #counts: SpanCounts;
  readonly #queues = new Map<string, CollectorQueue>();
  readonly #ownCollector: string;
  #isClosed = false;

  constructor(options: TracerOptions) {
    this.#options = options;
    this.#ownCollector = collectorOf(options);
    this.#counts = countersOf(options.meter);
  }

  record(span: Span): void {
    const queue = this.#isClosed ? undefined : this.#queueOf(span.origin.collector || this.#ownCollector);
    if (queue) queue.add(span);
    else this.#counts.dropped.add();
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.flush()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    const late = Promise.withResolvers<void>();
    const timer = this.#options.timers.after(this.#options.closeTimeoutMs ?? 3_000, late.resolve);
    await Promise.race([Promise.all(queues.map((queue) => queue.close())), late.promise]);
    timer.cancel();
    for (const queue of queues) queue.giveUp();
  }

  #queueOf(url: string): CollectorQueue | undefined {
    const known = this.#queues.get(url);
    if (known) return known;
    if (url === '' || this.#queues.size >= collectorsMax) return undefined;
    const queue = new CollectorQueue(url, this.#options, this.#counts);
    this.#queues.set(url, queue);
    return queue;
  }
}

/** As `span-export.ts` tells them apart. */
function collectorOf({ endpoint = '', protocol }: TracerOptions): string {
  if (protocol === 'stdout') return 'stdout:';
  return protocol === 'grpc' && endpoint !== '' ? `grpc:${endpoint}` : endpoint;
}

/** What waits for one collector. One export at a time: a slow collector fills its queue, not the network. */
class CollectorQueue {
  readonly #url: string;
  readonly #options: TracerOptions;
  readonly #counts: SpanCounts;
  readonly #queueSpansMax: number;
  readonly #batchSpansMax: number;
  #waiting: Span[] = [];
  #timer: Timer | undefined;
  /** Loaded with the first batch. */
  #export: Promise<SpanExport> | undefined;
  #sending: Promise<void> | undefined;

  constructor(url: string, options: TracerOptions, counts: SpanCounts) {
    this.#url = url;
    this.#options = options;
    this.#counts = counts;
    this.#queueSpansMax = options.queueSpansMax ?? 2048;
    this.#batchSpansMax = options.batchSpansMax ?? 512;
  }

  add(span: Span): void {
    if (this.#waiting.length >= this.#queueSpansMax) return this.#counts.dropped.add();
    this.#waiting.push(span);
    if (this.#waiting.length >= this.#batchSpansMax) void this.flush();
    else this.#timer ??= this.#options.timers.after(this.#options.delayMsMax ?? 5_000, () => void this.flush());
  }

  /** Never rejects. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  /** Never rejects: what goes wrong has been said. */
  async close(): Promise<void> {
    await this.flush();
    await this.#export?.then((open) => open.close()).catch(() => {});
  }

  /** What still waits is lost. */
  giveUp(): void {
    if (this.#waiting.length > 0) this.#counts.dropped.add(this.#waiting.length);
    this.#waiting = [];
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#batchSpansMax);
      this.#waiting = this.#waiting.slice(batch.length);
      try {
        await (await this.#openExport()).send(batch);
        this.#counts.exported.add(batch.length);
      } catch (error) {
        this.#counts.failed.add(batch.length);
        this.#options.logger.warn('spans not exported', { collector: this.#url, spans: batch.length, error });
      }
    }
  }

  #openExport(): Promise<SpanExport> {
    const { serviceName, exportTimeoutMs = 10_000 } = this.#options;
    this.#export ??= import('./span-export.ts').then(({ openSpanExport }) => openSpanExport({ url: this.#url, serviceName, timeoutMs: exportTimeoutMs }));
    return this.#export;
  }
}

interface SpanCounts {
  readonly exported: Counter;
  readonly dropped: Counter;
  readonly failed: Counter;
}

function countersOf(meter: Meter): SpanCounts {
  return {
    exported: meter.counter('sluice_tracing_spans_exported_total', 'Spans that a collector has taken.'),
    dropped: meter.counter('sluice_tracing_spans_dropped_total', 'Spans for which there was no room, or no collector.'),
    failed: meter.counter('sluice_tracing_spans_failed_total', 'Spans that no collector has taken.'),
  };
}
