/**
 * What a component does with its metrics besides its page, as `config-observability` says and as it changes: push them to a
 * collector, or listen where it is told to. Nothing of it is loaded while there is nothing to do.
 */
import type { Clock, Logger, Meter, Timers } from '@sluice/kernel';
import { startMetricsPush } from './metrics-push.ts';
import { startMetricsServer } from './metrics-server.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from './runtime-metrics.ts';

/** Knative's keys `metrics-…` and `runtime-export-interval`. */
export interface MetricsReportingSettings {
  readonly protocol: 'none' | 'prometheus' | 'http/protobuf' | 'grpc';
  /** Of a collector; with `prometheus` where to listen besides the usual page, `host:port`. Empty: not said. */
  readonly endpoint: string;
  /** Between pushes. 0: OpenTelemetry's default, a minute. */
  readonly exportIntervalMs: number;
  /** How old the process's own figures may be. */
  readonly runtimeExportIntervalMs: number;
}

export interface MetricsReportingOptions {
  /** Attributes of whoever reports. */
  readonly resource: Readonly<Record<string, string>>;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

interface Way {
  close(): Promise<void>;
}

const nowhere: Way = { close: () => Promise.resolve() };

export class MetricsReporting {
  readonly #options: MetricsReportingOptions;
  readonly #runtime: RuntimeMetrics;
  #settings: MetricsReportingSettings | undefined;
  #runtimeIntervalMs = 15_000;
  /** One change after the other, each when the one before is done. */
  #way: Promise<Way> = Promise.resolve(nowhere);

  constructor(options: MetricsReportingOptions) {
    this.#options = options;
    this.#runtime = createRuntimeMetrics(options.clock, () => this.#runtimeIntervalMs);
  }

  /** May be called as often as anything changes: what is as it was stays as it is. Never rejects. */
  configure(settings: MetricsReportingSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#runtimeIntervalMs = settings.runtimeExportIntervalMs;
    const { protocol, endpoint, exportIntervalMs } = settings;
    if (before ? before.protocol === protocol && before.endpoint === endpoint && before.exportIntervalMs === exportIntervalMs : protocol === 'none') return;
    this.#exchange(() => this.#open(settings));
  }

  /** The last push, and the end of it. */
  async close(): Promise<void> {
    this.#exchange(() => Promise.resolve(nowhere));
    await this.#way;
  }

  #exchange(open: () => Promise<Way>): void {
    this.#way = this.#way
      .then((way) => way.close())
      .then(open)
      .catch((error: unknown) => {
        this.#options.logger.error('metrics not reported', { endpoint: this.#settings?.endpoint, error });
        return nowhere;
      });
  }

  async #open({ protocol, endpoint, exportIntervalMs }: MetricsReportingSettings): Promise<Way> {
    const { meter, logger } = this.#options;
    switch (protocol) {
      case 'none':
        return nowhere;
      case 'prometheus': {
        const at = addressOf(endpoint);
        return at ? startMetricsServer({ ...at, meter, logger, processMetrics: true }) : nowhere;
      }
      case 'grpc':
      case 'http/protobuf':
        return startMetricsPush({ ...this.#options, meter: this.#withRuntime(meter), protocol, endpoint, ...(exportIntervalMs > 0 ? { intervalMs: exportIntervalMs } : {}) });
    }
  }

  #withRuntime(meter: Meter): Meter {
    return { ...meter, collect: () => [...meter.collect(), ...this.#runtime.collect()] };
  }
}

/** `host:port` or `:port`; undefined when it says nothing. */
function addressOf(endpoint: string): { readonly host: string; readonly port: number } | undefined {
  const found = /^(.*):(\d{1,5})$/.exec(endpoint);
  return found ? { host: found[1]?.replace(/^\[|\]$/g, '') || '0.0.0.0', port: Number(found[2]) } : undefined;
}
