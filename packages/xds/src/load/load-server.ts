/**
 * The config service's part in load: takes LRS from proxies, and passes each report on to the autoscalers that
 * subscribe, at once. A decision can only be as quick as the report it is made on.
 */
import type { Clock, Counter, Logger, Meter, Timer, Timers } from '@sluice/kernel';

import type { Node } from '../discovery.ts';
import type { LoadServerStream, LoadStatsServerStream } from '../transport.ts';
import { loadsFromStats } from './load-from-stats.ts';
import { LoadStore } from './load-store.ts';
import { ReportedClusters, type ReportedCluster } from './reported-clusters.ts';
import type { RevisionLoad, StreamLoadRequest } from './revision-load.ts';
import { WantedClusters } from './wanted-clusters.ts';

export interface LoadServerOptions {
  readonly clock: Clock;
  /** For gathering what autoscalers are sent. Absent: each report is passed on by itself. */
  readonly timers?: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  /** How often proxies report, in ms. Default 1 000: the resolution of the autoscaler's windows. */
  readonly reportingIntervalMs?: number;
  /** The clusters that a node has, for one that does not understand `send_all_clusters`. Default none. */
  readonly clustersOf?: (node: Node) => readonly string[];
}

/** gRPC's codes. */
const invalidArgument = 3;
const unavailable = 14;

export class LoadServer {
  readonly #options: LoadServerOptions;
  readonly #store = new LoadStore();
  readonly #subscribers = new Set<Subscriber>();
  readonly #reporters = new Map<LoadStatsServerStream, ReportedClusters | undefined>();
  readonly #reports: Counter;

  constructor(options: LoadServerOptions) {
    this.#options = options;
    const { meter } = options;
    this.#reports = meter.counter('sluice_load_reports_total', 'loads of one revision in one pod that proxies reported');
    meter.observedGauge('sluice_load_reporters', 'open load reporting streams', () => this.#reporters.size);
    meter.observedGauge('sluice_load_subscribers', 'autoscalers that load is passed on to', () => this.#subscribers.size);
  }

  /** Takes the reports of one proxy until its stream ends. */
  acceptReports(stream: LoadStatsServerStream): void {
    const { clock, logger } = this.#options;
    let node: Node | undefined;
    let wanted: WantedClusters | undefined;
    this.#reporters.set(stream, undefined);
    stream.listen({
      onMessage: (request) => {
        if (node === undefined) {
          if (request.node === undefined) {
            stream.end({ code: invalidArgument, details: 'the first report of a stream must carry a node' });
            return;
          }
          node = request.node;
          this.#reporters.set(stream, new ReportedClusters(node));
          logger.debug('load reporting opened', { node: node.id });
          wanted = new WantedClusters(node, this.#options);
        }
        wanted?.ask(stream);
        const receivedAt = clock.wallTime();
        for (const stats of request.clusterStats) this.#reporters.get(stream)?.record(stats, receivedAt);
        this.#record(loadsFromStats(node, request, receivedAt));
      },
      onEnd: () => this.#reporters.delete(stream),
    });
  }

  /** Passes load on to one autoscaler until its stream ends. */
  acceptSubscriber(stream: LoadServerStream): void {
    const subscriber = new Subscriber(stream, this.#options);
    this.#subscribers.add(subscriber);
    stream.listen({
      onMessage: (request) => {
        subscriber.onRequest(request);
        // Says that the subscription stands, even if nothing has any load.
        stream.send({ loads: [] });
        this.#options.logger.info('load subscribed', { subscriber: request.subscriber });
      },
      onDrain: () => subscriber.onDrain(),
      onEnd: () => {
        subscriber.close();
        this.#subscribers.delete(subscriber);
      },
    });
  }

  /** What each pod reported last, as far as it still stands. */
  loads(): readonly RevisionLoad[] {
    return this.#store.list(this.#options.clock.now());
  }

  /** What each connected reporter has said of its clusters: proxies, gRPC clients, whoever speaks LRS. */
  clusters(): readonly ReportedCluster[] {
    return [...this.#reporters.values()].flatMap((reported) => reported?.list() ?? []);
  }

  /** Ends all streams; both sides come back on their own. */
  stop(): void {
    const status = { code: unavailable, details: 'the config service is stopping' };
    for (const stream of this.#reporters.keys()) stream.end(status);
    for (const subscriber of this.#subscribers) subscriber.end(status);
  }

  #record(loads: readonly RevisionLoad[]): void {
    if (loads.length === 0) return;
    this.#reports.add(loads.length);
    for (const load of loads) this.#store.record(load, this.#options.clock.now());
    for (const subscriber of this.#subscribers) subscriber.send(loads);
  }
}

/**
 * How long what comes soon after a message waits for the next, in ms. Chosen: a message costs a receiver more than twenty reports
 * do, and with a hundred thousand pods there is one report each ten µs; beside a decision's 250 ms it is nothing.
 */
const gatherMs = 5;

/**
 * One autoscaler. The first report after a pause goes at once; what follows soon is gathered. When it reads slowly, what waits for
 * it is the newest report per pod and no more.
 */
class Subscriber {
  readonly #stream: LoadServerStream;
  readonly #clock: Clock;
  readonly #timers: Timers | undefined;
  #request: StreamLoadRequest | undefined;
  #isSlow = false;
  readonly #waiting = new Map<string, RevisionLoad>();
  #gathered: RevisionLoad[] = [];
  #sentAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(stream: LoadServerStream, { clock, timers }: Pick<LoadServerOptions, 'clock' | 'timers'>) {
    this.#stream = stream;
    this.#clock = clock;
    this.#timers = timers;
  }

  onRequest(request: StreamLoadRequest): void {
    this.#request = request;
  }

  send(loads: readonly RevisionLoad[]): void {
    const { namespaces } = this.#request ?? { namespaces: undefined };
    // Nothing was asked for yet.
    if (namespaces === undefined) return;
    const asked = namespaces.length === 0 ? loads : loads.filter(({ namespace }) => namespaces.includes(namespace));
    if (asked.length === 0) return;
    if (this.#isSlow) {
      for (const load of asked) this.#waiting.set(`${load.namespace}/${load.revision}/${load.podName}/${load.source}`, load);
      return;
    }
    const pauseMs = this.#sentAt + gatherMs - this.#clock.now();
    if (!this.#timers || (pauseMs <= 0 && this.#gathered.length === 0)) {
      this.#write(asked);
      return;
    }
    this.#gathered.push(...asked);
    this.#timer ??= this.#timers.after(Math.max(0, pauseMs), () => {
      this.#timer = undefined;
      const gathered = this.#gathered;
      this.#gathered = [];
      this.#write(gathered);
    });
  }

  onDrain(): void {
    this.#isSlow = false;
    const loads = [...this.#waiting.values()];
    this.#waiting.clear();
    if (loads.length > 0) this.send(loads);
  }

  close(): void {
    this.#timer?.cancel();
  }

  end(status: { readonly code: number; readonly details: string }): void {
    this.#timer?.cancel();
    this.#stream.end(status);
  }

  #write(loads: readonly RevisionLoad[]): void {
    this.#sentAt = this.#clock.now();
    this.#isSlow = !this.#stream.send({ loads });
  }
}
