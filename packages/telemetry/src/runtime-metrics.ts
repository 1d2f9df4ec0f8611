/**
 * The process's own figures for pushes, under OpenTelemetry's names; a page has prom-client's. Reading them is not for nothing, so
 * they are read no more often than somebody asks for. https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/
 */
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Clock, MetricFamily } from '@sluice/kernel';

export interface RuntimeMetrics {
  /** As of now, or of the last time if that is not yet so long ago. */
  collect(): readonly MetricFamily[];
}

/** @param intervalMs how old figures may be, as it is now */
export function createRuntimeMetrics(clock: Clock, intervalMs: () => number): RuntimeMetrics {
  let last: { readonly at: number; readonly families: readonly MetricFamily[]; readonly loop: EventLoopUtilization } | undefined;
  return {
    collect() {
      const now = clock.now();
      if (last && now - last.at < intervalMs()) return last.families;
      const loop = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(loop, last?.loop);
      last = { at: now, loop, families: read(utilization) };
      return last.families;
    },
  };
}

function read(utilization: number): readonly MetricFamily[] {
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const family = (name: string, help: string, type: 'counter' | 'gauge', samples: MetricFamily['samples']): MetricFamily => ({ name, help, type, bounds: [], samples });
  const value = (number: number): MetricFamily['samples'] => [{ labels: {}, value: number }];
  return [
    family('process_cpu_time_seconds_total', 'CPU seconds by mode.', 'counter', [
      { labels: { cpu_mode: 'user' }, value: user / 1e6 },
      { labels: { cpu_mode: 'system' }, value: system / 1e6 },
    ]),
    family('process_memory_usage_bytes', 'Physical memory in use.', 'gauge', value(rss)),
    family('v8js_memory_heap_limit_bytes', 'Heap that is there.', 'gauge', value(heapTotal)),
    family('v8js_memory_heap_used_bytes', 'Heap that is in use.', 'gauge', value(heapUsed)),
    family('nodejs_eventloop_utilization_ratio', 'Share of the time in which the event loop was busy.', 'gauge', value(Math.max(0, utilization))),
  ];
}
