/** Checks over HTTP/2, gRPC's among them, against real servers. */
import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { decodeCluster } from '@sluice/resources';
import { staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test, vi } from 'vitest';
import { startTestUpstream } from '../../testing/http-peers.ts';
import { startTestProxy } from '../../testing/proxy-fixture.ts';
import { createTestConfig } from '../../testing/test-config.ts';
import { readServingStatus, writeHealthCheckRequest } from './grpc-health-messages.ts';

const times = { timeout: '5s', interval: '0.05s', no_traffic_interval: '0.05s', unhealthy_threshold: 2, healthy_threshold: 1 };

/** A server that is asked by this check; `answer` says what to each question. */
async function startChecked(health: Json, answer: (answer: ServerResponse, headers: IncomingHttpHeaders, body: Buffer) => void) {
  const server = await startTestUpstream('h2', (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => answer(response, request.headers, Buffer.concat(pieces)));
  });
  const { host, port } = server.address;
  const cluster = decodeCluster(staticClusterJson('backend', [`${host}:${port}`], { health_checks: [{ ...times, ...health }] }));
  if (!cluster.ok) throw new Error(JSON.stringify(cluster.problems));
  const proxy = await startTestProxy(createTestConfig({ upstreams: [server.address], cluster: { resource: cluster.value } }));
  return {
    server,
    flags: () => proxy.proxy.clusters()[0]?.hosts[0]?.healthFlags.join(),
    metric: (name: string) => proxy.metric(`envoy_cluster_health_check_${name}`),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const eventually = (assertion: () => void) => vi.waitFor(assertion, { timeout: 20_000, interval: 10 });

/** A `HealthCheckResponse` with this status, in its frame. */
function serving(status: number): Buffer {
  const message = status === 0 ? Buffer.alloc(0) : Buffer.from([0x08, status]);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
}

function answerGrpc(answer: ServerResponse, body: Buffer, grpcStatus: string): void {
  answer.writeHead(200, { 'content-type': 'application/grpc' });
  answer.addTrailers({ 'grpc-status': grpcStatus });
  answer.end(body);
}

test('a service that serves is well, and what it is asked is what gRPC says', async () => {
  const asked: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const grpc = { grpc_health_check: { service_name: 'orders', authority: 'orders.test', initial_metadata: [{ header: { key: 'X-Team', value: 'a' } }] } };
  await using checked = await startChecked(grpc, (response, headers, body) => {
    asked.push({ headers, body });
    answerGrpc(response, serving(1), '0');
  });
  await eventually(() => expect(checked.metric('success')).toBeGreaterThan(2));
  expect(checked.flags()).toBe('');
  expect(asked[0]?.headers).toMatchObject({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    ':authority': 'orders.test',
    'content-type': 'application/grpc',
    te: 'trailers',
    'x-team': 'a',
  });
  expect(asked[0]?.body).toEqual(writeHealthCheckRequest('orders'));
  expect(checked.server.connections.size).toBe(1);
});

test.each([
  ['does not serve', serving(2), '0'],
  ['is not known', serving(3), '0'],
  ['has an answer that cannot be read', Buffer.from([0, 0, 0, 0, 9, 8]), '0'],
  ['fails', Buffer.alloc(0), '12'],
])('a service that %s is ill at once', async (_, body, grpcStatus) => {
  let status = serving(1);
  let code = '0';
  await using checked = await startChecked({ grpc_health_check: {} }, (response) => answerGrpc(response, status, code));
  await eventually(() => expect(checked.flags()).toBe(''));
  [status, code] = [body, grpcStatus];
  await eventually(() => expect(checked.flags()).toBe('failed_active_hc'));
  [status, code] = [serving(1), '0'];
  await eventually(() => expect(checked.flags()).toBe(''));
});

test('a server that goes away and comes back on its connection only misses what was under way', async () => {
  await using checked = await startChecked({ grpc_health_check: {} }, (response) => answerGrpc(response, serving(1), '0'));
  await eventually(() => expect(checked.metric('success')).toBeGreaterThan(0));
  for (const socket of checked.server.connections) socket.destroy();
  const before = checked.metric('success');
  await eventually(() => expect(checked.metric('success')).toBeGreaterThan(before + 1));
  expect(checked.flags()).toBe('');
});

test('over HTTP/2 a status and a body are judged as over HTTP/1.1', async () => {
  const http = { path: '/healthz', codec_client_type: 'HTTP2', method: 'POST', send: { text: '70696e67' }, receive: [{ text: '6f6b' }, { binary: Buffer.from('go').toString('base64') }] };
  let answer = 'is ok, go';
  const bodies: string[] = [];
  await using checked = await startChecked({ http_health_check: http }, (response, _headers, body) => {
    bodies.push(String(body));
    response.end(answer);
  });
  await eventually(() => expect(checked.flags()).toBe(''));
  expect(bodies[0]).toBe('ping');
  answer = 'go, is ok';
  await eventually(() => expect(checked.flags()).toBe('failed_active_hc'));
});

test('messages: unknown fields are passed over, what is cut is not read', () => {
  const frame = (...message: number[]) => Buffer.from([0, 0, 0, 0, message.length, ...message]);
  expect(readServingStatus(frame())).toBe('UNKNOWN');
  expect(readServingStatus(frame(0x12, 2, 1, 1, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 2))).toBe('NOT_SERVING');
  expect(readServingStatus(frame(0x12, 9, 1))).toBeUndefined();
  expect(readServingStatus(frame(0x0b))).toBeUndefined();
  expect(readServingStatus(frame(0x08, 9))).toBeUndefined();
  expect(readServingStatus(Buffer.from([1, 0, 0, 0, 0]))).toBeUndefined();
  expect(writeHealthCheckRequest('x'.repeat(200)).subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01]));
});
