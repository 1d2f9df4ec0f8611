import { describe, expect, test } from 'vitest';
import { defaultObservability, formatSidecarObservability, readObservabilityConfig } from './observability-config.ts';

describe('config-observability', () => {
  test('every key has its place', () => {
    const data = {
      'metrics-protocol': 'grpc',
      'metrics-endpoint': 'collector:4317',
      'metrics-export-interval': '30s',
      'request-metrics-protocol': 'prometheus',
      'request-metrics-endpoint': ':9091',
      'request-metrics-export-interval': '1m',
      'tracing-protocol': 'http/protobuf',
      'tracing-endpoint': 'http://collector:4318/v1/traces',
      'tracing-sampling-rate': '0.25',
      'runtime-profiling': 'enabled',
      'runtime-export-interval': '20s',
      'logging.request-log-template': '{{.Request.Method}}',
      'logging.enable-request-log': 'true',
      'logging.enable-probe-request-log': 'true',
      'logging.enable-var-log-collection': 'true',
      'logging.revision-url-template': 'http://logs/${REVISION_UID}',
    };
    const checked = readObservabilityConfig(data);
    expect(checked.ok && checked.value).toEqual({
      metrics: { protocol: 'grpc', endpoint: 'collector:4317', exportIntervalMs: 30_000 },
      requestMetrics: { protocol: 'prometheus', endpoint: ':9091', exportIntervalMs: 60_000 },
      tracing: { protocol: 'http/protobuf', endpoint: 'http://collector:4318/v1/traces', samplingRate: 0.25 },
      runtime: { profiling: true, exportIntervalMs: 20_000 },
      requestLog: { enabled: true, probes: true, template: '{{.Request.Method}}' },
      enableVarLogCollection: true,
      loggingUrlTemplate: 'http://logs/${REVISION_UID}',
    });
  });

  test('an empty map gives the defaults', () => {
    const checked = readObservabilityConfig({});
    expect(checked.ok && checked.value).toEqual(defaultObservability);
  });

  test.each([
    [{ 'metrics-protocol': 'grpc' }, 'data.metrics-endpoint: endpoint should be set when protocol is "grpc"'],
    [{ 'request-metrics-endpoint': 'x' }, 'data.request-metrics-endpoint: endpoint should not be set when protocol is "none"'],
    [{ 'tracing-protocol': 'stdout', 'tracing-endpoint': 'x' }, 'data.tracing-endpoint: endpoint should not be set when protocol is "stdout"'],
    [{ 'tracing-protocol': 'zipkin' }, 'data.tracing-protocol: invalid value: zipkin, want none, grpc, http/protobuf or stdout'],
    [{ 'tracing-sampling-rate': '1.5' }, 'data.tracing-sampling-rate: invalid value: 1.5, want a number from 0 to 1'],
    [{ 'runtime-profiling': 'on' }, 'data.runtime-profiling: invalid value: on, want enabled or disabled'],
    [
      { 'logging.enable-request-log': 'true', 'logging.request-log-template': '' },
      'data.logging.enable-request-log: was set to true, but no "logging.request-log-template" was specified',
    ],
    [
      { 'logging.request-log-template': '{{ something' },
      'data.logging.request-log-template: invalid value: {{ something, line 1: unclosed action',
    ],
  ])('%j is refused', (data, message) => {
    expect(readObservabilityConfig(data).problems.map(({ path, message: said }) => `${path}: ${said}`)).toEqual([message]);
  });

  test('a sidecar is told in the form of Go', () => {
    const checked = readObservabilityConfig({
      'request-metrics-protocol': 'prometheus',
      'request-metrics-export-interval': '5s',
      'logging.enable-request-log': 'true',
      'logging.request-log-template': '{{.TraceID}}',
    });
    expect(checked.ok && JSON.parse(formatSidecarObservability(checked.value))).toEqual({
      Tracing: { protocol: 'none' },
      Metrics: { protocol: 'none' },
      Runtime: { profiling: 'disabled', export_interval: 15_000_000_000 },
      requestMetrics: { protocol: 'prometheus', export_interval: 5_000_000_000 },
      enableRequestLog: true,
      requestLogTemplate: '{{.TraceID}}',
    });
  });
});
