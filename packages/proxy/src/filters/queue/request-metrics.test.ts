import { createMeter, type MetricSample } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { createTestStream } from '../../testing/index.ts';
import { RequestMetrics, type MetricNames } from './request-metrics.ts';

function createMetrics(names: MetricNames = 'newest', isProgram = true) {
  const meter = createMeter();
  const metrics = new RequestMetrics({ meter, names, client: { server_address: '127.0.0.1', server_port: '8080' }, isProgram, olderPrefix: 'revision', olderLabels: { revision_name: 'hello-00001' } });
  function answer({ status = 200, method = 'GET', headers = {}, letInAt = 1100, upstreamFailure = '' } = {}): void {
    const stream = createTestStream({ method, headers });
    Object.assign(stream.info, { status, upstreamFailure, startAt: 1000, endAt: 1300, bytesReceived: 7, bytesSent: 30 });
    metrics.onEnd(stream, letInAt);
  }
  const family = (name: string): readonly MetricSample[] => meter.collect().find((one) => one.name === name)?.samples ?? [];
  return { answer, family, names: () => meter.collect().map(({ name }) => name) };
}

test('an answer is measured from its first byte, from being let in, and in bytes', () => {
  const { answer, family } = createMetrics();
  answer();
  const labels = { http_request_method: 'GET', http_response_status_code: '200', kn_route_tag: 'kn:disabled', network_protocol_name: 'http', network_protocol_version: '1.1', url_scheme: 'http' };
  expect(family('http_server_request_duration_seconds')).toMatchObject([{ labels, value: 0.3, count: 1 }]);
  expect(family('kn_serving_invocation_duration_seconds')).toMatchObject([{ labels: { http_response_status_code: '200' }, value: 0.2, count: 1 }]);
  expect(family('http_server_request_body_size_bytes')).toMatchObject([{ labels, value: 7 }]);
  expect(family('http_server_response_body_size_bytes')).toMatchObject([{ labels, value: 30 }]);
});

test('the call behind it is measured too, by whom it went to and what came of it', () => {
  const { answer, family } = createMetrics();
  answer();
  answer({ status: 502, upstreamFailure: 'connection refused' });
  const target = { server_address: '127.0.0.1', server_port: '8080', http_request_method: 'GET', url_scheme: 'http' };
  expect(family('http_client_request_duration_seconds')).toMatchObject([
    { labels: { ...target, http_response_status_code: '200' }, value: 0.2, count: 1 },
    { labels: { ...target, error_type: '_OTHER' }, value: 0.2, count: 1 },
  ]);
});

test('who does not ask the program itself does not say how long it ran', () => {
  const { answer, names } = createMetrics('both', false);
  answer();
  expect(names()).toContain('http_client_request_duration_seconds');
  expect(names().filter((name) => /invocation|_app_/.test(name))).toEqual([]);
});

test('who was refused at the door has not run', () => {
  const { answer, family } = createMetrics();
  answer({ status: 503, letInAt: 0 });
  expect(family('http_server_request_duration_seconds')).toHaveLength(1);
  expect(family('kn_serving_invocation_duration_seconds')).toEqual([]);
});

test.each([
  [{ 'knative-serving-tag': 'blue' }, 'blue', 'blue'],
  [{ 'knative-serving-default-route': 'true' }, 'kn:default', 'DEFAULT'],
  [{ 'knative-serving-tag': 'gone', 'knative-serving-default-route': 'true' }, 'kn:undefined', 'UNDEFINED'],
  [{}, 'kn:disabled', 'DISABLED'],
])('%j is the tag %s, and was %s', (headers, today, older) => {
  const { answer, family } = createMetrics('both');
  answer({ headers: headers as Record<string, string> });
  expect(family('http_server_request_duration_seconds')[0]?.labels['kn_route_tag']).toBe(today);
  expect(family('revision_request_count')[0]?.labels['route_tag']).toBe(older);
});

test('the older names alone carry whose they are on each line', () => {
  const { answer, family, names } = createMetrics('older');
  answer();
  answer({ status: 404 });
  expect(names()).toEqual(['revision_request_count', 'revision_request_latencies', 'revision_app_request_count', 'revision_app_request_latencies']);
  expect(family('revision_request_count').map(({ labels, value }) => [labels['revision_name'], labels['response_code'], labels['response_code_class'], value])).toEqual([
    ['hello-00001', '200', '2xx', 1],
    ['hello-00001', '404', '4xx', 1],
  ]);
  expect(family('revision_app_request_latencies')[0]).toMatchObject({ value: 200, count: 1 });
});

test('what clients invent does not fill the page', () => {
  const { answer, family } = createMetrics();
  for (let index = 0; index < 200; index += 1) answer({ headers: { 'knative-serving-tag': `t${index}` }, method: index % 2 === 0 ? 'GET' : `M${index}` });
  const samples = family('http_server_request_duration_seconds');
  expect(new Set(samples.map(({ labels }) => labels['kn_route_tag'])).size).toBe(65);
  expect(new Set(samples.map(({ labels }) => labels['http_request_method']))).toEqual(new Set(['GET', '_OTHER']));
  expect(samples.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(200);
});
