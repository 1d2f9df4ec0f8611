/**
 * Metrics to a collector, by OTLP: for pods that may be gone before anybody scrapes them. What was added up since the start is
 * sent anew each time, so that a push that fails loses nothing but its moment. https://opentelemetry.io/docs/specs/otlp/
 */
import type { Clock, Logger, Meter, Timers } from '@sluice/kernel';
import type { MetricsCollector } from './metrics-collector.ts';

export interface MetricsPushOptions {
  readonly protocol: 'http/protobuf' | 'grpc';
  /** Of the collector: `http://collector:4318/v1/metrics`, or `collector:4317` for gRPC. Without a scheme it is plain. */
  readonly endpoint: string;
  /** Attributes of whoever sends. */
  readonly resource: Readonly<Record<string, string>>;
  readonly meter: Pick<Meter, 'collect' | 'counter'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Default 60 000, as OpenTelemetry's periodic reader. */
  readonly intervalMs?: number;
  /** How long one push may take, in ms. Default 10 000, as OpenTelemetry's exporters. */
  readonly timeoutMs?: number;
}

export interface MetricsPush {
  /** Pushes now. Never rejects: what goes wrong is counted and logged. */
  push(): Promise<void>;
  /** The last push, and the end of it. */
  close(): Promise<void>;
}

/** Loads what it needs with the first push. */
export function startMetricsPush(options: MetricsPushOptions): MetricsPush {
  const { resource, meter, clock, timers, logger, protocol, endpoint, intervalMs = 60_000, timeoutMs = 10_000 } = options;
  const failed = meter.counter('sluice_metrics_pushes_failed_total', 'Pushes of metrics that no collector has taken.');
  const startedAt = clock.wallTime();
  let collector: Promise<MetricsCollector> | undefined;
  let pushing: Promise<void> | undefined;
  const timer = timers.every(intervalMs, () => void push());

  /** One at a time: a slow collector gets fewer. */
  function push(): Promise<void> {
    pushing ??= send().finally(() => (pushing = undefined));
    return pushing;
  }

  async function send(): Promise<void> {
    try {
      collector ??= import('./metrics-collector.ts').then(({ openMetricsCollector }) => openMetricsCollector({ protocol, endpoint, timeoutMs }));
      await (await collector).send(meter.collect(), { resource, startedAt, now: clock.wallTime() });
    } catch (error) {
      failed.add();
      logger.warn('metrics not pushed', { collector: endpoint, error });
    }
  }

  return {
    push,
    async close() {
      timer.cancel();
      await pushing;
      await push();
      await collector?.then((open) => open.close()).catch((error: unknown) => logger.debug('collector not closed', { error }));
    },
  };
}
