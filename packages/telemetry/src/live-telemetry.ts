/** A component's logs, metrics and profiler as its configuration says, and as that changes. Nothing is loaded for what is off. */
import type { Timers } from '@sluice/kernel';
import { toLogLevel, type LogLevel, type OpenLogger } from './pino-logger.ts';
import type { Profiler, ProfilerOptions } from './profiler.ts';
import { MetricsReporting, type MetricsReportingOptions, type MetricsReportingSettings } from './metrics-reporting.ts';

/** As ConfigMaps have it, or the config service tells those who read none. */
export interface TelemetrySettings {
  /** In zap's words. Undefined: nothing is said, and what the command line says holds. */
  readonly logLevel: string | undefined;
  readonly metrics: MetricsReportingSettings;
  readonly isProfiling: boolean;
  readonly requestLog: RequestLogSettings | undefined;
}

export interface RequestLogSettings {
  readonly template: string;
  readonly logsProbes: boolean;
}

export interface LiveTelemetryOptions extends MetricsReportingOptions {
  readonly logging: Pick<OpenLogger, 'level' | 'setLevel'>;
  readonly timers: Timers;
  readonly profiler: { readonly host: string; readonly port: number };
}

export class LiveTelemetry {
  readonly #options: LiveTelemetryOptions;
  readonly #reporting: MetricsReporting;
  readonly #standardLevel: LogLevel;
  #saidLevel: string | undefined;
  #isProfiling = false;
  /** One change after the other. */
  #profiler: Promise<{ close(): Promise<void> } | undefined> = Promise.resolve(undefined);

  constructor(options: LiveTelemetryOptions) {
    this.#options = options;
    this.#standardLevel = options.logging.level;
    this.#reporting = new MetricsReporting(options);
  }

  /** May be called as often as anything changes. Never throws. */
  apply({ logLevel, metrics, isProfiling }: TelemetrySettings): void {
    const { logging } = this.#options;
    // What somebody has set on the running process since stays until the configuration says something else.
    if (logLevel !== this.#saidLevel) logging.setLevel(logLevel === undefined ? this.#standardLevel : toLogLevel(logLevel));
    this.#saidLevel = logLevel;
    this.#reporting.configure(metrics);
    if (isProfiling !== this.#isProfiling) this.#setProfiling(isProfiling);
  }

  /** The last push, and the end of it all. */
  async close(): Promise<void> {
    this.#setProfiling(false);
    await Promise.all([this.#reporting.close(), this.#profiler]);
  }

  #setProfiling(isOn: boolean): void {
    this.#isProfiling = isOn;
    const { profiler: at, timers, logger } = this.#options;
    this.#profiler = this.#profiler
      .then((open) => open?.close())
      .then(() => (isOn ? openProfiler({ ...at, timers }) : undefined))
      .catch((error: unknown) => {
        logger.error('profiler not started', { port: at.port, error });
        return undefined;
      });
  }
}

/** Loads the profiler and listens. Rejects when the port cannot be had. */
export async function openProfiler(options: ProfilerOptions): Promise<Profiler> {
  const { startProfiler } = await import('./profiler.ts');
  return startProfiler(options);
}

/** From what came over a wire; what cannot be read says nothing. */
export function readTelemetrySettings(value: unknown): TelemetrySettings {
  const { logLevel, metrics, isProfiling, requestLog } = fieldsOf(value);
  const { protocol, endpoint, exportIntervalMs, runtimeExportIntervalMs } = fieldsOf(metrics);
  const { template, logsProbes } = fieldsOf(requestLog);
  return {
    logLevel: typeof logLevel === 'string' ? logLevel : undefined,
    metrics: {
      protocol: protocol === 'prometheus' || protocol === 'http/protobuf' || protocol === 'grpc' ? protocol : 'none',
      endpoint: typeof endpoint === 'string' ? endpoint : '',
      exportIntervalMs: typeof exportIntervalMs === 'number' ? exportIntervalMs : 0,
      runtimeExportIntervalMs: typeof runtimeExportIntervalMs === 'number' ? runtimeExportIntervalMs : 15_000,
    },
    isProfiling: isProfiling === true,
    requestLog: typeof template === 'string' && template !== '' ? { template, logsProbes: logsProbes === true } : undefined,
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
