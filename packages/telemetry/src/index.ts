// Importing this loads neither pino nor prom-client nor OpenTelemetry: each is loaded by the function that needs it.
export { DeferredLogger } from './deferred-logger.ts';
export { logLevels, openLogger, toLogLevel, type LoggerOptions, type LogLevel, type OpenLogger } from './pino-logger.ts';
export { toConventions } from './conventional-names.ts';
export { knativeMetrics, type KnativeMetric } from './knative-names.ts';
export { metricNameChoices, withMetricNames, type MetricNames } from './metric-names.ts';
export { createMetricsRenderer, type MetricsRenderer, type MetricsRendererOptions, type RenderedMetrics } from './render-metrics.ts';
export { startMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
export { startMetricsPush, type MetricsPush, type MetricsPushOptions } from './metrics-push.ts';
export { MetricsReporting, type MetricsReportingOptions, type MetricsReportingSettings } from './metrics-reporting.ts';
export { LiveTelemetry, openProfiler, readTelemetrySettings, type LiveTelemetryOptions, type RequestLogSettings, type TelemetrySettings } from './live-telemetry.ts';
export { openTracer, type OpenTracer, type TracerOptions } from './open-tracer.ts';
export { readTracerSettings, type TracerSettings } from './tracer-settings.ts';
