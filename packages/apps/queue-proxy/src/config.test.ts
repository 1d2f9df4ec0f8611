import { describeSettingProblems } from '@sluice/kernel';
import { describe, expect, it } from 'vitest';
import { readSettings } from './config.ts';

/** What Knative's controller sets for a revision. */
const knativeEnvironment = {
  CONTAINER_CONCURRENCY: '10',
  QUEUE_SERVING_PORT: '8012',
  QUEUE_SERVING_TLS_PORT: '8112',
  USER_PORT: '8080',
  REVISION_TIMEOUT_SECONDS: '300',
  REVISION_IDLE_TIMEOUT_SECONDS: '',
  SERVING_READINESS_PROBE: '{"tcpSocket":{"port":8080,"host":"127.0.0.1"},"successThreshold":1}',
  SERVING_LOGGING_CONFIG: '',
  SERVING_LOGGING_LEVEL: '',
  SERVING_NAMESPACE: 'default',
  SERVING_SERVICE: 'hello',
  SERVING_CONFIGURATION: 'hello',
  SERVING_REVISION: 'hello-00001',
  SERVING_POD: 'hello-00001-deployment-abc',
  SERVING_POD_IP: '10.0.0.5',
};

describe('the environment', () => {
  it('that Knative’s controller sets is enough', () => {
    expect(readSettings([], knativeEnvironment)).toEqual({
      ok: true,
      problems: [],
      value: {
        containerConcurrency: 10,
        scalingTarget: 0,
        servingPort: 8012,
        tlsPort: 8112,
        tls: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', cipherSuites: [], curves: [] },
        certificateDirectory: '/var/lib/knative/certs',
        userPort: 8080,
        timeoutSeconds: 300,
        responseStartTimeoutSeconds: 0,
        idleTimeoutSeconds: 0,
        identity: {
          namespace: 'default',
          service: 'hello',
          configuration: 'hello',
          revision: 'hello-00001',
          pod: 'hello-00001-deployment-abc',
          podIp: '10.0.0.5',
        },
        probes: [{ target: { kind: 'tcp', port: 8080 }, periodSeconds: 0, timeoutSeconds: 1, successThreshold: 1 }],
        detectsHttp2: false,
        observability: { requestMetrics: { protocol: 'prometheus', endpoint: '', exportIntervalMs: 0 }, tracing: undefined, requestLog: undefined, isProfiling: false },
        metricNames: 'newest',
        rootCa: '',
        configService: undefined,
        adminPort: 8022,
        autoscalerMetricsPort: 9090,
        userMetricsPort: 9091,
        profilingPort: 8008,
        quietPeriodMs: 30_000,
        logLevel: 'info',
        transport: 'auto',
      },
    });
  });

  it('with problems tells all of them at once', () => {
    const { SERVING_POD: _, SERVING_LOGGING_LEVEL: __, ...rest } = knativeEnvironment;
    const checked = readSettings([], { ...rest, CONTAINER_CONCURRENCY: '-1', USER_PORT: '', SERVING_READINESS_PROBE: '{"exec":{}}' });
    expect(describeSettingProblems('queue-proxy', checked.problems)).toBe(
      [
        'queue-proxy: SERVING_READINESS_PROBE: must have httpGet, tcpSocket or grpc',
        'queue-proxy: SERVING_LOGGING_LEVEL: is required',
        'queue-proxy: CONTAINER_CONCURRENCY: must be a whole number, 0 or more, but was "-1"',
        'queue-proxy: USER_PORT: must be a whole number, from 0 to 65535, but was ""',
        'queue-proxy: SERVING_POD: is required',
        '',
      ].join('\n'),
    );
  });

  it('may be overruled by a flag where the quiet period is concerned', () => {
    const checked = readSettings(['--quiet-period-ms=500'], knativeEnvironment);
    expect(checked.ok && checked.value.quietPeriodMs).toBe(500);
  });

  it.each([
    ['debug', 'debug'],
    ['WARNING', 'warn'],
    ['fatal', 'error'],
    ['whatever', 'info'],
  ])('knows zap’s level %s as %s', (given, expected) => {
    const checked = readSettings([], { ...knativeEnvironment, SERVING_LOGGING_LEVEL: given });
    expect(checked.ok && checked.value.logLevel).toBe(expected);
  });

  it('takes TLS in Go’s words', () => {
    const checked = readSettings([], { ...knativeEnvironment, QUEUE_PROXY_TLS_MIN_VERSION: '1.2', QUEUE_PROXY_TLS_CIPHER_SUITES: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', QUEUE_PROXY_TLS_CURVE_PREFERENCES: 'X25519,CurveP256' });
    expect(checked.ok && checked.value.tls).toEqual({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256'], curves: ['X25519', 'P-256'] });
    const wrong = readSettings([], { ...knativeEnvironment, QUEUE_PROXY_TLS_CURVE_PREFERENCES: 'P1' });
    expect(describeSettingProblems('q', wrong.problems)).toBe('q: QUEUE_PROXY_TLS_CURVE_PREFERENCES: has "P1", which must be one of X25519, P256, P384, P521\n');
  });

  it('takes the observability that the controller has written down, whatever the case of its names', () => {
    const config = {
      Tracing: { protocol: 'http/protobuf', endpoint: 'http://otel:4318/v1/traces', sampling_rate: 0.25 },
      Metrics: { protocol: 'none' },
      Runtime: { profiling: 'enabled', export_interval: 15_000_000_000 },
      requestMetrics: { protocol: 'http/protobuf', endpoint: 'otel:4318/v1/metrics', export_interval: 30_000_000_000 },
      enableRequestLog: true,
      requestLogTemplate: '{{.Response.Code}}',
    };
    const checked = readSettings([], { ...knativeEnvironment, OBSERVABILITY_CONFIG: JSON.stringify(config) });
    expect(checked.ok && checked.value.observability).toEqual({
      requestMetrics: { protocol: 'http/protobuf', endpoint: 'otel:4318/v1/metrics', exportIntervalMs: 30_000 },
      tracing: { protocol: 'http/protobuf', endpoint: 'http://otel:4318/v1/traces', samplingRatio: 0.25 },
      requestLog: { template: '{{.Response.Code}}', logsProbes: false },
      isProfiling: true,
    });
  });

  it('takes what controllers of Knative up to 1.18 say by a variable for each thing, and measures under the names of their time', () => {
    const older = { SERVING_REQUEST_METRICS_BACKEND: 'prometheus', SERVING_ENABLE_REQUEST_LOG: 'true', SERVING_REQUEST_LOG_TEMPLATE: '{{.Response.Code}}', SERVING_ENABLE_PROBE_REQUEST_LOG: 'false', ENABLE_PROFILING: 'true', TRACING_CONFIG_BACKEND: 'none' };
    const checked = readSettings([], { ...knativeEnvironment, ...older });
    expect(checked.ok && [checked.value.metricNames, checked.value.observability]).toEqual([
      'older',
      { requestMetrics: { protocol: 'prometheus', endpoint: '', exportIntervalMs: 0 }, tracing: undefined, requestLog: { template: '{{.Response.Code}}', logsProbes: false }, isProfiling: true },
    ]);
    const newer = readSettings([], { ...knativeEnvironment, ...older, OBSERVABILITY_CONFIG: '{}' });
    expect(newer.ok && [newer.value.metricNames, newer.value.observability.requestMetrics.protocol, newer.value.observability.isProfiling]).toEqual(['newest', 'none', false]);
    const wrong = readSettings([], { ...knativeEnvironment, SERVING_REQUEST_METRICS_BACKEND: 'opencensus', TRACING_CONFIG_BACKEND: 'zipkin', SERVING_ENABLE_REQUEST_LOG: 'perhaps' });
    expect(describeSettingProblems('q', wrong.problems).split('\n').map((line) => line.split(':')[1]?.trim())).toEqual(['SERVING_REQUEST_METRICS_BACKEND', 'TRACING_CONFIG_BACKEND', 'SERVING_ENABLE_REQUEST_LOG', undefined]);
  });

  it('has further authorities for collectors, in PEM', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
    const checked = readSettings([], { ...knativeEnvironment, ROOT_CA: pem });
    expect(checked.ok && checked.value.rootCa).toBe(pem);
    expect(describeSettingProblems('q', readSettings([], { ...knativeEnvironment, ROOT_CA: 'root' }).problems)).toContain('ROOT_CA: must hold certificates in PEM');
  });

  it('has names for every wrong value of what can be wrong', () => {
    const wrong = {
      CONTAINER_CONCURRENCY: 'x', QUEUE_SERVING_PORT: '70000', QUEUE_SERVING_TLS_PORT: 'x', USER_PORT: 'x', REVISION_TIMEOUT_SECONDS: '-1', REVISION_RESPONSE_START_TIMEOUT_SECONDS: 'x', REVISION_IDLE_TIMEOUT_SECONDS: 'x',
      SERVING_READINESS_PROBE: '{', ENABLE_HTTP_FULL_DUPLEX: 'x', ENABLE_HTTP2_AUTO_DETECTION: 'x', ENABLE_MULTI_CONTAINER_PROBES: 'x', OBSERVABILITY_CONFIG: '[', ROOT_CA: 'x', PROFILING_PORT: 'x',
      QUEUE_PROXY_TLS_MIN_VERSION: '1.1', QUEUE_PROXY_TLS_MAX_VERSION: '2', QUEUE_PROXY_TLS_CIPHER_SUITES: 'x', QUEUE_PROXY_TLS_CURVE_PREFERENCES: 'x',
    };
    const named = new Set(describeSettingProblems('q', readSettings([], { ...knativeEnvironment, ...wrong }).problems).split('\n').map((line) => line.split(':')[1]?.trim()));
    expect(Object.keys(wrong).filter((name) => !named.has(name))).toEqual([]);
    const required = ['CONTAINER_CONCURRENCY', 'QUEUE_SERVING_PORT', 'QUEUE_SERVING_TLS_PORT', 'USER_PORT', 'REVISION_TIMEOUT_SECONDS', 'SERVING_LOGGING_CONFIG', 'SERVING_LOGGING_LEVEL', 'SERVING_NAMESPACE', 'SERVING_CONFIGURATION', 'SERVING_REVISION', 'SERVING_POD', 'SERVING_POD_IP'];
    expect(describeSettingProblems('q', readSettings([], {}).problems).split('\n').flatMap((line) => /^q: (.*): is required$/.exec(line)?.[1] ?? []).toSorted()).toEqual(required.toSorted());
  });

  it('with an observability that cannot be, says what of it', () => {
    const problemsOf = (text: string) => describeSettingProblems('q', readSettings([], { ...knativeEnvironment, OBSERVABILITY_CONFIG: text }).problems);
    expect(problemsOf('{"tracing":{"protocol":"grpc","sampling_rate":2},"requestMetrics":{"protocol":"statsd"}}')).toBe(
      'q: OBSERVABILITY_CONFIG: requestMetrics.protocol must be one of none, prometheus, http/protobuf, grpc, but was "statsd"\n' +
        'q: OBSERVABILITY_CONFIG: tracing.sampling_rate must be a number from 0 to 1, but was 2\n',
    );
    expect(problemsOf('{')).toMatch(/^q: OBSERVABILITY_CONFIG: must be JSON: /);
  });
});
