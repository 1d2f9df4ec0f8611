/**
 * Outlier detection at work: tells the detector what streams met, does what it says (flags on hosts, numbers, a line
 * in the log), and lets it sweep when an interval is over.
 */
import { OutlierDetector, type Host, type OutlierEvent, type OutlierSettings, type TryResult } from '@sluice/balancing';
import type { Sweepable } from '../sweep.ts';
import type { OutlierStatistics } from './health-statistics.ts';
import type { UpstreamContext } from './upstream-context.ts';

export interface OutlierWatchOptions {
  readonly clusterName: string;
  readonly settings: OutlierSettings;
  readonly statistics: OutlierStatistics;
  /** The health of these hosts is another than before. */
  readonly onChange: (hosts: readonly Host[]) => void;
}

export class OutlierWatch implements Sweepable {
  deadline: number;
  sweepIndex = -1;
  readonly #options: OutlierWatchOptions;
  readonly #context: UpstreamContext;
  readonly #detector: OutlierDetector<Host>;

  constructor(options: OutlierWatchOptions, context: UpstreamContext) {
    this.#options = options;
    this.#context = context;
    this.#detector = new OutlierDetector(options.settings, context.random);
    this.deadline = context.turn.now() + options.settings.intervalMs;
    context.sweep.add(this);
  }

  setHosts(hosts: readonly Host[]): void {
    this.#detector.setHosts(hosts);
    this.#options.statistics.ejected.set(this.#detector.ejectedCount);
  }

  observeConnected(host: Host): void {
    this.#detector.observeConnected(host);
  }

  observe(host: Host, result: TryResult): void {
    this.#apply(this.#detector.observe(host, result, this.#context.turn.now()));
  }

  /** An active check has found it well. */
  observeHealthy(host: Host): void {
    this.#apply(this.#detector.observeHealthy(host));
  }

  onDeadline(now: number): void {
    this.deadline = now + this.#options.settings.intervalMs;
    this.#apply(this.#detector.sweep(now));
  }

  onCrash(error: unknown): void {
    this.#context.logger.error('outlier detection crashed', { cluster: this.#options.clusterName, error });
  }

  close(): void {
    this.#context.sweep.remove(this);
  }

  /** A line of JSON with the fields of Envoy's event log. */
  #tell(event: OutlierEvent<Host>): void {
    const { outlierEvents, turn } = this.#context;
    if (!outlierEvents) return;
    const { host, kind } = event;
    const line = {
      timestamp: new Date(turn.wallTime()).toISOString(),
      cluster_name: this.#options.clusterName,
      upstream_url: host.addressText,
      action: kind === 'returned' ? 'UNEJECT' : 'EJECT',
      ...(kind !== 'returned' && { type: event.cause.toUpperCase(), enforced: kind === 'ejected' }),
    };
    outlierEvents.add(`${JSON.stringify(line)}\n`);
  }

  #apply(events: readonly OutlierEvent<Host>[]): void {
    if (events.length === 0) return;
    const { statistics, clusterName, onChange } = this.#options;
    const changed: Host[] = [];
    for (const event of events) {
      const { host, kind } = event;
      if (kind !== 'returned') statistics.detected[event.cause].add();
      switch (kind) {
        case 'ejected':
          statistics.enforcedTotal.add();
          statistics.enforced[event.cause].add();
          break;
        case 'overflowed':
          statistics.overflows.add();
          continue;
        case 'spared':
          this.#tell(event);
          continue;
        case 'returned':
      }
      this.#tell(event);
      host.mark('failed_outlier_check', kind === 'ejected');
      changed.push(host);
      this.#context.logger.info(kind === 'ejected' ? 'host ejected' : 'host returned', {
        cluster: clusterName,
        host: host.key,
        ...(kind === 'ejected' && { cause: event.cause }),
      });
    }
    statistics.ejected.set(this.#detector.ejectedCount);
    if (changed.length > 0) onChange(changed);
  }
}
