/** What OpenTelemetry's environment variables say: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */

export interface TracerSettings {
  readonly serviceName: string;
  /** Undefined: no collector is named. */
  readonly endpoint: string | undefined;
}

/** `fallbackName` is what the process is called where `OTEL_SERVICE_NAME` does not say. */
export function readTracerSettings(environment: Readonly<Record<string, string | undefined>>, fallbackName: string): TracerSettings {
  const base = environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const endpoint = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || (base ? `${base.replace(/\/$/, '')}/v1/traces` : undefined);
  return { serviceName: environment['OTEL_SERVICE_NAME'] || fallbackName, endpoint };
}
