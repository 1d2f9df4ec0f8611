export { readMetrics } from './otlp-reader.ts';
export { startMetricsCollector, type CollectedMetric, type CollectedMetrics, type TestMetricsCollector } from './metrics-collector.ts';
