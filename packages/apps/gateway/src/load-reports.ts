/**
 * What the gateway tells the config service of its clusters: of those that ask for it (`lrs_server`), or of all. Nothing is
 * opened before there is something to tell.
 */
import type { Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { ConfigApplier, Proxy } from '@sluice/proxy';
import { createUpstreamLoadReporter, type LoadReporter, type LoadStatsTransport, type Node } from '@sluice/xds';

export interface LoadReportsOptions {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  readonly transport: LoadStatsTransport;
  readonly node: Node;
  /** Of all clusters, not only of those that ask for it. */
  readonly reportsAll: boolean;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

export class LoadReports {
  readonly #options: LoadReportsOptions;
  readonly #reporters = new Map<string, LoadReporter>();
  #isStopped = false;

  constructor(options: LoadReportsOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.reportsAll) this.#open('');
    this.#options.applier.watchReferences(() => this.#follow());
  }

  stop(): void {
    this.#isStopped = true;
    for (const reporter of this.#reporters.values()) reporter.stop();
    this.#reporters.clear();
  }

  /** `self` is the config service, and so is `ads`: a gateway knows no other server. */
  #follow(): void {
    if (this.#isStopped || this.#reporters.has('self')) return;
    for (const { value } of this.#options.applier.store.held().clusters.values()) {
      const kind = value.loadServer?.kind;
      if (kind === 'self' || kind === 'ads') return this.#open('self');
    }
  }

  #open(server: string): void {
    const { proxy } = this.#options;
    const reporter = createUpstreamLoadReporter({
      ...this.#options,
      source: { measure: (names) => proxy.measureLoad({ server, names }), take: (names) => proxy.takeLoad({ server, names }) },
    });
    this.#reporters.set(server, reporter);
    reporter.start();
  }
}
