import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { decodeClusterLoadAssignment } from './cluster-load-assignment.ts';
import { assignmentJson, endpointJson, staticClusterJson } from './testing/sample-resources.ts';

const times = { timeout: '1s', interval: '5s', unhealthy_threshold: 3, healthy_threshold: 2 };
const http = { http_health_check: { path: '/healthz' } };

const decode = (check: Readonly<Record<string, unknown>>) => decodeCluster(staticClusterJson('a', [], { health_checks: [check] }));
const problemsOf = (check: Readonly<Record<string, unknown>>) => decode(check).problems.map(({ path, message }) => `${path}: ${message}`);

test('intervals that are not set follow from those that are', () => {
  expect(decode({ ...times, ...http, unhealthy_interval: '9s' })).toMatchObject({
    ok: true,
    value: {
      healthCheck: {
        question: { kind: 'http', path: '/healthz', method: 'GET', host: '', expectedStatuses: [{ start: 200, end: 201 }] },
        timeoutMs: 1000,
        intervalMs: 5000,
        unhealthyIntervalMs: 9000,
        unhealthyEdgeIntervalMs: 9000,
        healthyEdgeIntervalMs: 5000,
        noTrafficIntervalMs: 60_000,
        noTrafficHealthyIntervalMs: 60_000,
      },
    },
  });
});

test('gRPC is asked for a service, or for the server', () => {
  const grpc = { grpc_health_check: { service_name: 'a', initial_metadata: [{ header: { key: 'X-A', value: '1' } }] } };
  expect(decode({ ...times, ...grpc })).toMatchObject({
    ok: true,
    problems: [],
    value: { healthCheck: { question: { kind: 'grpc', serviceName: 'a', authority: '', metadata: { 'x-a': '1' } }, reusesConnection: true } },
  });
});

test('an HTTP check may speak HTTP/2, send a body and look at the answer’s', () => {
  const fields = { path: '/', method: 'POST', codec_client_type: 'HTTP2', send: { binary: 'AP8=' }, receive: [{ text: '6F6B' }], service_name: 'orders' };
  expect(decode({ ...times, http_health_check: fields })).toMatchObject({
    ok: true,
    problems: [],
    value: { healthCheck: { question: { speaksHttp2: true, send: '00ff', receive: ['6f6b'], answerBytesMax: 1024, serviceName: { kind: 'prefix', value: 'orders' } } } },
  });
});

test('what is sent and awaited over TCP is bytes in hex', () => {
  const tcp = { tcp_health_check: { send: { text: '50494E47' }, receive: [{ text: '504f4e47' }] } };
  expect(decode({ ...times, ...tcp })).toMatchObject({
    ok: true,
    value: { healthCheck: { question: { kind: 'tcp', send: '50494e47', receive: ['504f4e47'] } } },
  });
});

test.each([
  [{ ...times, ...http, timeout: '0s' }, 'health_checks[0].timeout: must be more than 0'],
  [{ timeout: '1s', interval: '1s', healthy_threshold: 1, ...http }, 'health_checks[0].unhealthy_threshold: is required'],
  [{ ...times }, 'health_checks[0]: must have one of http_health_check, tcp_health_check, grpc_health_check, custom_health_check'],
  [
    { ...times, custom_health_check: { name: 'x' } },
    'health_checks[0].custom_health_check: is not supported: hosts are asked over HTTP, gRPC or TCP, and it would change what happens to traffic',
  ],
  [{ ...times, http_health_check: { path: '/', send: { text: '00' } } }, 'health_checks[0].http_health_check.send: is set, but method is GET'],
  [
    { ...times, http_health_check: { path: '/', service_name_matcher: { safe_regex: { regex: 'a' } } } },
    'health_checks[0].http_health_check.service_name_matcher.safe_regex: is not supported: names of services are compared, not matched',
  ],
  [{ ...times, http_health_check: { path: 'healthz' } }, 'health_checks[0].http_health_check.path: is "healthz", must begin with /'],
  [
    { ...times, http_health_check: { path: '/', expected_statuses: [{ start: 300, end: 300 }] } },
    'health_checks[0].http_health_check.expected_statuses[0].end: is 300, must be more than start, which is 300',
  ],
  [{ ...times, tcp_health_check: { send: { text: 'abc' } } }, 'health_checks[0].tcp_health_check.send.text: is "abc", must be bytes in hex'],
])('%j is refused', (check, problem) => {
  expect(problemsOf(check)).toEqual([problem]);
});

test('an endpoint may be asked elsewhere, or not at all', () => {
  const endpoint = endpointJson('10.0.0.1:80');
  const inner = endpoint['endpoint'] as Readonly<Record<string, unknown>>;
  const asked = { endpoint: { ...inner, health_check_config: { port_value: 8080, disable_active_health_check: true } } };
  expect(decodeClusterLoadAssignment(assignmentJson('a', [asked, endpoint]))).toMatchObject({
    ok: true,
    value: {
      localities: [
        { endpoints: [{ healthCheck: { port: 8080, hostname: '', isDisabled: true } }, { healthCheck: { port: 0, isDisabled: false } }] },
      ],
    },
  });
});

test('a cluster has one check', () => {
  const checks = [{ ...times, ...http }, { ...times, ...http }];
  expect(decodeCluster(staticClusterJson('a', [], { health_checks: checks })).problems).toMatchObject([
    { path: 'health_checks', message: 'has 2 entries, must have at most one' },
  ]);
});
