// Importing this loads neither pino nor prom-client: each is loaded by the function that needs it.
export { DeferredLogger } from './deferred-logger.ts';
export { logLevels, openLogger, type LoggerOptions, type LogLevel, type OpenLogger } from './pino-logger.ts';
export { createMetricsRenderer, type MetricsRenderer, type MetricsRendererOptions, type RenderedMetrics } from './render-metrics.ts';
export { startMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
