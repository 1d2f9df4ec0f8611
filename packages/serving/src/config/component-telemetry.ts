/** What `config-observability` and `config-logging` say to one component about itself; plain data, so that it can be sent to those who read no ConfigMaps. */
import type { LoggingConfig, LoggingLevel } from './logging-config.ts';
import type { MetricsConfig, ObservabilityConfig } from './observability-config.ts';

export interface ComponentTelemetry {
  /** Undefined: nothing is said. */
  readonly logLevel: LoggingLevel | undefined;
  readonly metrics: MetricsConfig & { readonly runtimeExportIntervalMs: number };
  readonly isProfiling: boolean;
  /** Undefined: no line is written. */
  readonly requestLog: { readonly template: string; readonly logsProbes: boolean } | undefined;
}

/** @param component as the keys `loglevel.…` name it: `activator` */
export function componentTelemetry(component: string, { observability, logging }: { readonly observability: ObservabilityConfig; readonly logging: LoggingConfig }): ComponentTelemetry {
  const { metrics, runtime, requestLog } = observability;
  return {
    logLevel: logging.levels[component] ?? logging.level,
    metrics: { ...metrics, runtimeExportIntervalMs: runtime.exportIntervalMs },
    isProfiling: runtime.profiling,
    requestLog: requestLog.enabled ? { template: requestLog.template, logsProbes: requestLog.probes } : undefined,
  };
}
