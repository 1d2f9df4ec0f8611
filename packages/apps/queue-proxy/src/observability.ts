/**
 * `OBSERVABILITY_CONFIG`: what of a request is to be measured, traced and logged, as Knative's controller writes it down for
 * a sidecar: the parsed `config-observability`, as JSON. Names of its parts differ in case between versions.
 * https://github.com/knative/serving/blob/main/pkg/observability/config.go
 */
import { problem, type Problem } from '@sluice/kernel';

export interface ObservabilitySettings {
  readonly requestMetrics: RequestMetricsSettings;
  /** Undefined: nothing is traced. */
  readonly tracing: TracingSettings | undefined;
  /** Undefined: no line is written. */
  readonly requestLog: RequestLogSettings | undefined;
  /** Whether the profiler listens. */
  readonly isProfiling: boolean;
}

export interface RequestMetricsSettings {
  readonly protocol: 'none' | 'prometheus' | 'http/protobuf' | 'grpc';
  /** Of a collector; with `prometheus` where to listen, `host:port`. Empty for the usual. */
  readonly endpoint: string;
  /** Of pushes. 0 leaves it to OpenTelemetry's default, a minute. */
  readonly exportIntervalMs: number;
}

export interface TracingSettings {
  readonly protocol: 'http/protobuf' | 'grpc' | 'stdout';
  /** URL of the collector; empty with `stdout`. */
  readonly endpoint: string;
  /** Of requests whose caller has not decided. 0 to 1. */
  readonly samplingRatio: number;
}

export interface RequestLogSettings {
  readonly template: string;
  readonly logsProbes: boolean;
}

/** Without a word from a controller: metrics for whoever scrapes, and nothing else. */
export const unsaidObservability: ObservabilitySettings = {
  requestMetrics: { protocol: 'prometheus', endpoint: '', exportIntervalMs: 0 },
  tracing: undefined,
  requestLog: undefined,
  isProfiling: false,
};

const metricsProtocols = ['none', 'prometheus', 'http/protobuf', 'grpc'] as const;
const tracingProtocols = ['none', 'http/protobuf', 'grpc', 'stdout'] as const;

/** An empty text says nothing. What is wrong goes to `report`; a pod should serve in spite of it. */
export function readObservability(text: string, report: (found: Problem) => void): ObservabilitySettings {
  if (text.trim() === '') return unsaidObservability;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (reason) {
    report(problem('', `must be JSON: ${(reason as Error).message}`));
    return unsaidObservability;
  }
  const config = lowerKeys(json);
  return {
    requestMetrics: readMetrics(lowerKeys(config['requestmetrics']), report),
    tracing: readTracing(lowerKeys(config['tracing']), report),
    requestLog: config['enablerequestlog'] === true || config['enableproberequestlog'] === true ? { template: textOf(config['requestlogtemplate']), logsProbes: config['enableproberequestlog'] === true } : undefined,
    isProfiling: lowerKeys(config['runtime'])['profiling'] === 'enabled',
  };
}

function readMetrics(fields: Fields, report: (found: Problem) => void): RequestMetricsSettings {
  const given = textOf(fields['protocol']) || 'none';
  const protocol = metricsProtocols.find((known) => known === given);
  if (!protocol) report(problem('requestMetrics.protocol', `must be one of ${metricsProtocols.join(', ')}, but was ${JSON.stringify(given)}`));
  const intervalNs = fields['export_interval'];
  return { protocol: protocol ?? 'none', endpoint: textOf(fields['endpoint']), exportIntervalMs: typeof intervalNs === 'number' && intervalNs > 0 ? intervalNs / 1e6 : 0 };
}

function readTracing(fields: Fields, report: (found: Problem) => void): TracingSettings | undefined {
  const given = textOf(fields['protocol']) || 'none';
  const protocol = tracingProtocols.find((known) => known === given);
  if (!protocol) report(problem('tracing.protocol', `must be one of ${tracingProtocols.join(', ')}, but was ${JSON.stringify(given)}`));
  if (!protocol || protocol === 'none') return undefined;
  const ratio = fields['sampling_rate'] ?? 0;
  if (typeof ratio === 'number' && ratio >= 0 && ratio <= 1) return { protocol, endpoint: textOf(fields['endpoint']), samplingRatio: ratio };
  report(problem('tracing.sampling_rate', `must be a number from 0 to 1, but was ${JSON.stringify(ratio)}`));
  return undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function lowerKeys(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toLowerCase(), inner as unknown]));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
