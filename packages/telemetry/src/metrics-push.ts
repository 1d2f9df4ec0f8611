/**
 * Metrics to a collector, as OTLP over HTTP in JSON: for pods that may be gone before anybody scrapes them. What was added up
 * since the start is sent anew each time, so that a push that fails loses nothing but its moment.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import type { Clock, Logger, Meter, Timers } from '@sluice/kernel';
import { describeMetrics } from './otlp-metrics.ts';

export interface MetricsPushOptions {
  /** Of the collector: `http://collector:4318/v1/metrics`. Without a scheme it is HTTP. */
  readonly url: string;
  /** Attributes of whoever sends. */
  readonly resource: Readonly<Record<string, string>>;
  readonly meter: Meter;
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

export function startMetricsPush(options: MetricsPushOptions): MetricsPush {
  const { resource, meter, clock, timers, logger, intervalMs = 60_000, timeoutMs = 10_000 } = options;
  const url = options.url.includes('://') ? options.url : `http://${options.url}`;
  const failed = meter.counter('sluice_metrics_pushes_failed_total', 'Pushes of metrics that no collector has taken.');
  const startedAt = clock.wallTime();
  let pushing: Promise<void> | undefined;
  const timer = timers.every(intervalMs, () => void push());

  /** One at a time: a slow collector gets fewer. */
  function push(): Promise<void> {
    pushing ??= send().finally(() => (pushing = undefined));
    return pushing;
  }

  async function send(): Promise<void> {
    try {
      const body = JSON.stringify(describeMetrics(meter.collect(), resource, startedAt, clock.wallTime()));
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(timeoutMs) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector answered ${response.status}`);
    } catch (error) {
      failed.add();
      logger.warn('metrics not pushed', { collector: url, error });
    }
  }

  return {
    push,
    async close() {
      timer.cancel();
      await pushing;
      await push();
    },
  };
}
