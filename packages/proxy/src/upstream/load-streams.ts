/** What the hosts of a cluster say of their load apart from requests: one stream to each, as long as it is there. */
import { Host } from '@sluice/balancing';
import { createMeter } from '@sluice/kernel';
import { defaultHttp2Options } from '../http2-options.ts';
import type { ClusterConfig } from '../proxy-config.ts';
import { UpstreamStatistics } from '../statistics.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { Http2Pool } from './http2-pool.ts';
import type { TakeReport } from './load-reports.ts';
import { LoadStream } from './load-stream.ts';
import { prefacedContext } from './prefaced-network.ts';
import { securedContext } from './secured-network.ts';
import type { UpstreamContext } from './upstream-context.ts';

const unlimited = Number.POSITIVE_INFINITY;

export class LoadStreams {
  readonly #config: ClusterConfig;
  readonly #periodMs: number;
  readonly #take: TakeReport;
  readonly #context: UpstreamContext;
  /** Of these connections alone: they are no traffic, and the cluster's own figures do not count them. */
  readonly #statistics: UpstreamStatistics;
  readonly #streams = new Map<Host, LoadStream>();

  /** @param periodMs how often each host is asked to report */
  constructor(config: ClusterConfig, periodMs: number, take: TakeReport, context: UpstreamContext) {
    this.#config = config;
    this.#periodMs = periodMs;
    this.#take = take;
    this.#context = context;
    this.#statistics = new UpstreamStatistics(createMeter(), config.name);
  }

  setHosts(hosts: readonly Host[]): void {
    const present = new Set(hosts);
    for (const [host, stream] of this.#streams) {
      if (present.has(host)) continue;
      stream.close();
      this.#streams.delete(host);
    }
    for (const host of hosts) if (!this.#streams.has(host)) this.#open(host);
  }

  close(): void {
    this.setHosts([]);
  }

  #open(host: Host): void {
    const { name, transports, connectTimeoutMs } = this.#config;
    const tls = transports?.of(host);
    const preambles = transports?.preamblesOf(host);
    const open = preambles ? prefacedContext(this.#context, preambles.of(undefined)) : this.#context;
    const context = tls ? securedContext(open, tls, { serverName: undefined, checksServerName: false, alpnProtocols: ['h2'] }) : open;
    const limits = { connectTimeoutMs, requestsPerConnectionMax: 0, idleTimeoutMs: 0 };
    const breaker = new CircuitBreaker({ connectionsMax: unlimited, pendingRequestsMax: unlimited, requestsMax: unlimited, retriesMax: 0 });
    const pool = new Http2Pool(new Host(host.endpoint), limits, defaultHttp2Options, context, this.#statistics, breaker, () => {});
    const stream = new LoadStream(
      { host, pool, authority: host.endpoint.hostname || name, periodMs: this.#periodMs, onReport: this.#take },
      context,
    );
    this.#streams.set(host, stream);
    stream.start();
  }
}
