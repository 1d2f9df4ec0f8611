/**
 * One host's word of its load, apart from requests: a stream of `xds.service.orca.v3.OpenRcaService` that is opened again
 * whenever it ends. A host that has no such service is not asked again.
 * https://github.com/grpc/proposal/blob/master/A51-custom-backend-metrics.md
 */
import { Buffer } from 'node:buffer';
import { decodeLoadReport, type Host, type LoadReport } from '@sluice/balancing';
import { RequestHead, type HeaderBlock, type ResponseHead, type Trailers } from '@sluice/http';
import type { Timer } from '@sluice/kernel';
import type { UpstreamEvents } from '../codec.ts';
import type { OutcomeCode } from '../outcome.ts';
import { ProtoWriter } from '../grpc/proto-writer.ts';
import type { HostPool, PoolClient, UpstreamExchange } from './host-pool.ts';
import type { UpstreamContext } from './upstream-context.ts';

export interface LoadStreamOptions {
  readonly host: Host;
  /** A connection of its own, outside the limits of requests. */
  readonly pool: HostPool;
  readonly authority: string;
  /** How often the host is asked to report, in ms. */
  readonly periodMs: number;
  readonly onReport: (host: Host, report: LoadReport) => void;
}

/** gRPC's status of a service that is not there. */
const unimplemented = '12';

/** A report is a handful of numbers; a host that sends more is taken for broken. Chosen: far above 64 named numbers. */
const messageBytesMax = 65_536;

/** Between streams, in ms, as gRPC between connections: the first after a second, the last after two minutes. */
const retryMs = { first: 1_000, growth: 1.6, max: 120_000 } as const;

/** A flag for compression, and the length. */
const prefixBytes = 5;

export class LoadStream implements PoolClient, UpstreamEvents {
  readonly comesByHttp2 = false;
  readonly #options: LoadStreamOptions;
  readonly #context: UpstreamContext;
  #exchange: UpstreamExchange | undefined;
  #retry: Timer | undefined;
  #delayMs: number = retryMs.first;
  #waiting: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(options: LoadStreamOptions, context: UpstreamContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Asks soon, in a turn of its own. */
  start(): void {
    this.#askAfter(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#options.pool.cancel(this);
    this.#exchange?.abort();
    this.#options.pool.drain();
  }

  onConnection(exchange: UpstreamExchange): void {
    const { authority, periodMs } = this.#options;
    const head = RequestHead.of('POST', authority, '/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics', { 'content-type': 'application/grpc', te: 'trailers' });
    const body = reportRequest(periodMs);
    head.framing = 'length';
    head.contentLength = body.length;
    this.#exchange = exchange;
    exchange.begin(this);
    exchange.writeHead(head, undefined);
    exchange.writeData(body, 0, body.length, true);
    exchange.writeEnd(undefined);
  }

  onNoConnection(): void {
    this.#retryLater();
  }

  onInformational(): void {}

  onResponseHead(head: ResponseHead): void {
    // Also when there is only a head: then its status says why.
    if (head.status !== 200 || this.#isRefusal(head)) this.#giveUp();
  }

  onTunnelHead(): void {
    this.#giveUp();
  }

  onResponseData(memory: Buffer, start: number, end: number): void {
    this.#waiting = Buffer.concat([this.#waiting, memory.subarray(start, end)]);
    while (this.#waiting.length >= prefixBytes) {
      const length = this.#waiting.readUInt32BE(1);
      // Compression was not asked for.
      if (this.#waiting[0] !== 0 || length > messageBytesMax) return this.#giveUp();
      const messageEnd = prefixBytes + length;
      if (this.#waiting.length < messageEnd) return;
      this.#take(this.#waiting.subarray(prefixBytes, messageEnd));
      this.#waiting = this.#waiting.subarray(messageEnd);
    }
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    this.#exchange = undefined;
    if (trailers && this.#isRefusal(trailers)) this.#giveUp();
    else this.#retryLater();
  }

  onUpstreamDrain(): void {}

  onUpstreamTunnelEnd(): void {}

  onUpstreamFailure(_code: OutcomeCode, _reason: string): void {
    this.#exchange = undefined;
    this.#retryLater();
  }

  onUpstreamCrash(error: unknown): void {
    this.#exchange = undefined;
    this.#context.logger.error('load stream crashed', { host: this.#options.host.key, error });
    this.#giveUp();
  }

  #take(message: Buffer): void {
    const report = decodeLoadReport(message);
    if (!report) return;
    this.#delayMs = retryMs.first;
    this.#options.onReport(this.#options.host, report);
  }

  #isRefusal(block: HeaderBlock): boolean {
    return block.get('grpc-status') === unimplemented;
  }

  /** The host does not report in this way; it counts like those that are silent. */
  #giveUp(): void {
    if (this.#isClosed) return;
    this.#context.logger.debug('host reports no load apart from requests', { host: this.#options.host.key });
    this.close();
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const delayMs = this.#delayMs * (0.8 + this.#context.random.next() * 0.4);
    this.#delayMs = Math.min(retryMs.max, this.#delayMs * retryMs.growth);
    this.#askAfter(delayMs);
  }

  #askAfter(delayMs: number): void {
    const { timers, turn } = this.#context;
    this.#retry = timers.after(delayMs, () => {
      turn.enter();
      try {
        if (!this.#isClosed) this.#ask();
      } finally {
        turn.leave();
      }
    });
  }

  #ask(): void {
    this.#waiting = Buffer.alloc(0);
    this.#options.pool.request(this);
  }
}

/** `OrcaLoadReportRequest { Duration report_interval = 1; }` in its frame. */
function reportRequest(periodMs: number): Buffer {
  const seconds = Math.floor(periodMs / 1000);
  const message = new ProtoWriter().message(1, (duration) => duration.uint(1, seconds).uint(2, Math.round((periodMs - seconds * 1000) * 1e6))).finish();
  const framed = Buffer.alloc(prefixBytes + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  return framed;
}
