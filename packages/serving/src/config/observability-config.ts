/** `config-observability`: metrics, traces and logs of components and of sidecars. */
import { GoTemplate, type Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

const metricsProtocols = ['none', 'prometheus', 'grpc', 'http/protobuf'] as const;
const tracingProtocols = ['none', 'grpc', 'http/protobuf', 'stdout'] as const;

export interface MetricsConfig {
  readonly protocol: (typeof metricsProtocols)[number];
  /** Where to send them; for `prometheus`, where to be asked. Empty: not said. */
  readonly endpoint: string;
  /** 0: the exporter's own default. */
  readonly exportIntervalMs: number;
}

export interface TracingConfig {
  readonly protocol: (typeof tracingProtocols)[number];
  readonly endpoint: string;
  /** Share of the traces that begin here and are kept, 0 to 1. */
  readonly samplingRate: number;
}

export interface ObservabilityConfig {
  /** Of the components. Keys `metrics-…`. */
  readonly metrics: MetricsConfig;
  /** Of requests, in the sidecars. Keys `request-metrics-…`. */
  readonly requestMetrics: MetricsConfig;
  readonly tracing: TracingConfig;
  readonly runtime: { readonly profiling: boolean; readonly exportIntervalMs: number };
  readonly requestLog: {
    readonly enabled: boolean;
    /** Whether probes are logged, too. */
    readonly probes: boolean;
    /** A Go template. */
    readonly template: string;
  };
  /** Whether `/var/log` of user containers is a volume from which a node's collector can read. */
  readonly enableVarLogCollection: boolean;
  /** In which `${REVISION_UID}` stands for a revision's uid. Empty: none. */
  readonly loggingUrlTemplate: string;
}

/** One JSON object per request; the form is Knative's, so that what reads it goes on working. */
export const defaultRequestLogTemplate =
  '{"httpRequest": {"requestMethod": "{{.Request.Method}}", "requestUrl": "{{js .Request.RequestURI}}", ' +
  '"requestSize": "{{.Request.ContentLength}}", "status": {{.Response.Code}}, "responseSize": "{{.Response.Size}}", ' +
  '"userAgent": "{{js .Request.UserAgent}}", "remoteIp": "{{js .Request.RemoteAddr}}", "serverIp": "{{.Revision.PodIP}}", ' +
  '"referer": "{{js .Request.Referer}}", "latency": "{{.Response.Latency}}s", "protocol": "{{.Request.Proto}}"}, ' +
  '"traceId": "{{.TraceID}}"}';

/** Knative's defaults, in force without a ConfigMap. */
export const defaultObservability: ObservabilityConfig = {
  metrics: { protocol: 'none', endpoint: '', exportIntervalMs: 0 },
  requestMetrics: { protocol: 'none', endpoint: '', exportIntervalMs: 0 },
  tracing: { protocol: 'none', endpoint: '', samplingRate: 0 },
  runtime: { profiling: false, exportIntervalMs: 15_000 },
  requestLog: { enabled: false, probes: false, template: defaultRequestLogTemplate },
  enableVarLogCollection: false,
  loggingUrlTemplate: '',
};

export function readObservabilityConfig(data: ConfigData): Checked<ObservabilityConfig> {
  const reader = new ConfigReader(data);
  const { runtime, requestLog } = defaultObservability;
  const config: ObservabilityConfig = {
    metrics: readMetrics(reader, ''),
    requestMetrics: readMetrics(reader, 'request-'),
    tracing: readTracing(reader),
    runtime: {
      profiling: reader.choice('runtime-profiling', ['enabled', 'disabled'], 'disabled') === 'enabled',
      exportIntervalMs: reader.duration('runtime-export-interval', runtime.exportIntervalMs, { leastMs: 0 }),
    },
    requestLog: {
      enabled: reader.boolean('logging.enable-request-log', requestLog.enabled),
      probes: reader.boolean('logging.enable-probe-request-log', requestLog.probes),
      template: reader.text('logging.request-log-template', requestLog.template),
    },
    enableVarLogCollection: reader.boolean('logging.enable-var-log-collection', false),
    loggingUrlTemplate: reader.text('logging.revision-url-template', ''),
  };
  checkRequestLog(reader, config.requestLog);
  return reader.result(config);
}

/**
 * What a sidecar is told of it, in `OBSERVABILITY_CONFIG`: JSON as Go writes Knative's configuration, in which intervals are
 * nanoseconds and what is empty is left out.
 */
export function formatSidecarObservability(config: ObservabilityConfig): string {
  const { tracing, runtime, requestLog } = config;
  return JSON.stringify({
    Tracing: {
      protocol: tracing.protocol,
      endpoint: tracing.endpoint || undefined,
      sampling_rate: tracing.samplingRate || undefined,
    },
    Metrics: metricsJson(config.metrics),
    Runtime: {
      profiling: runtime.profiling ? 'enabled' : 'disabled',
      export_interval: nanoseconds(runtime.exportIntervalMs),
    },
    requestMetrics: metricsJson(config.requestMetrics),
    enableRequestLog: requestLog.enabled || undefined,
    requestLogTemplate: requestLog.template || undefined,
    enableProbeRequestLog: requestLog.probes || undefined,
  });
}

function metricsJson({ protocol, endpoint, exportIntervalMs }: MetricsConfig): object {
  return { protocol, endpoint: endpoint || undefined, export_interval: nanoseconds(exportIntervalMs) };
}

function nanoseconds(durationMs: number): number | undefined {
  return durationMs === 0 ? undefined : durationMs * 1e6;
}

function readMetrics(reader: ConfigReader, prefix: '' | 'request-'): MetricsConfig {
  const endpointKey = `${prefix}metrics-endpoint`;
  const protocol = reader.choice(`${prefix}metrics-protocol`, metricsProtocols, 'none');
  const endpoint = reader.text(endpointKey, '');
  const needsEndpoint = protocol === 'grpc' || protocol === 'http/protobuf';
  checkEndpoint(reader, endpointKey, { protocol, endpoint, needsEndpoint, mayHaveEndpoint: protocol !== 'none' });
  return { protocol, endpoint, exportIntervalMs: reader.duration(`${prefix}metrics-export-interval`, 0, { leastMs: 0 }) };
}

function readTracing(reader: ConfigReader): TracingConfig {
  const protocol = reader.choice('tracing-protocol', tracingProtocols, 'none');
  const endpoint = reader.text('tracing-endpoint', '');
  const needsEndpoint = protocol === 'grpc' || protocol === 'http/protobuf';
  checkEndpoint(reader, 'tracing-endpoint', { protocol, endpoint, needsEndpoint, mayHaveEndpoint: needsEndpoint });
  return { protocol, endpoint, samplingRate: reader.number('tracing-sampling-rate', 0, { most: 1 }) };
}

function checkEndpoint(
  reader: ConfigReader,
  key: string,
  found: { readonly protocol: string; readonly endpoint: string; readonly needsEndpoint: boolean; readonly mayHaveEndpoint: boolean },
): void {
  if (found.needsEndpoint && found.endpoint === '') {
    reader.complain(key, `endpoint should be set when protocol is "${found.protocol}"`);
  } else if (!found.mayHaveEndpoint && found.endpoint !== '') {
    reader.complain(key, `endpoint should not be set when protocol is "${found.protocol}"`);
  }
}

function checkRequestLog(reader: ConfigReader, { enabled, template }: ObservabilityConfig['requestLog']): void {
  const key = 'logging.request-log-template';
  if (enabled && template === '') {
    reader.complain('logging.enable-request-log', `was set to true, but no "${key}" was specified`);
  }
  const complaint = GoTemplate.complaint(template);
  if (complaint !== undefined) reader.complain(key, `invalid value: ${template}, ${complaint}`);
}
