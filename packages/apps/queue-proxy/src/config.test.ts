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
        servingPort: 8012,
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
        configService: undefined,
        adminPort: 8022,
        autoscalerMetricsPort: 9090,
        userMetricsPort: 9091,
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
});
