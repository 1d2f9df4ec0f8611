import { Buffer } from 'node:buffer';
import { RequestHead } from '@sluice/http';
import { expect, test } from 'vitest';
import { callUnary, type UnaryResult } from '../grpc/grpc-unary.ts';
import { createTestConfig, startGrpcService, startRawUpstream, startTestProxy, type GrpcAnswer, type ProxyFixture, type RawPeer } from '../testing/index.ts';
import type { AsyncRequest, AsyncResult } from './async-client.ts';

function send({ proxy }: ProxyFixture, request: Partial<AsyncRequest> = {}): Promise<AsyncResult> {
  const { promise, resolve } = Promise.withResolvers<AsyncResult>();
  proxy.upstreams.send({ clusterName: 'backend', head: RequestHead.of('POST', 'asked', '/a'), timeoutMs: 10_000, ...request }, resolve);
  return promise;
}

const kindOf = (result: AsyncResult): string => (result.kind === 'failed' ? `${result.code}: ${result.reason}` : `${result.head.status} ${result.body.toString()}`);

test('a request goes through the cluster with its body, and the whole answer comes back', async () => {
  const asked: string[] = [];
  await using upstream = await startRawUpstream(async (peer) => {
    asked.push(`${await peer.readHead()}${(await peer.readBytes(4)).toString()}`);
    peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nx-last: 1\r\n\r\n');
  });
  await using fixture = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const result = await send(fixture, { body: Buffer.from('ping') });
  expect(asked[0]).toMatch(/^POST \/a HTTP\/1\.1\r\nhost: asked\r\ncontent-length: 4\r\n\r\nping$/);
  expect([kindOf(result), result.kind === 'answered' && result.trailers?.get('x-last')]).toEqual(['200 abc', '1']);
  expect(fixture.metric('envoy_cluster_upstream_rq_total')).toBe(1);
});

test('what cannot be answered fails, with the reason', async () => {
  const silent = async (peer: RawPeer): Promise<void> => {
    const head = await peer.readHead();
    if (head.includes('/large')) peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n${'x'.repeat(20)}`);
  };
  await using upstream = await startRawUpstream(silent);
  await using fixture = await startTestProxy(createTestConfig({ upstreams: [upstream.address], cluster: { requestsMax: 1 } }));
  expect(kindOf(await send(fixture, { clusterName: 'nowhere' }))).toBe('no-cluster: there is no cluster nowhere');
  expect(kindOf(await send(fixture, { head: RequestHead.of('GET', 'a', '/large'), answerBytesMax: 10 }))).toMatch(/^upstream-protocol-error: the answer has more than 10 bytes/);
  const late = send(fixture, { timeoutMs: 300 });
  expect(kindOf(await send(fixture))).toMatch(/^upstream-overflow/);
  expect(kindOf(await late)).toBe('upstream-timeout: no answer within 300 ms');
  expect(fixture.metric('envoy_cluster_upstream_rq_active')).toBe(0);
});

test('a call that is cancelled is never answered, and lets go of its connection', async () => {
  await using upstream = await startRawUpstream(async (peer) => void (await peer.readHead()));
  await using fixture = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const results: AsyncResult[] = [];
  const call = fixture.proxy.upstreams.send({ clusterName: 'backend', head: RequestHead.of('GET', 'a', '/'), timeoutMs: 0 }, (result) => results.push(result));
  while (upstream.peers.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  call.cancel();
  await upstream.peers[0]?.readToEnd();
  expect(results).toEqual([]);
});

test('a unary gRPC call has its message framed, its status read and its failures named', async () => {
  const answers: GrpcAnswer[] = [{ message: Buffer.from([8, 1]) }, { body: Buffer.from([0, 0, 0, 0, 9, 8]) }, { status: 16, text: 'who are you' }];
  const asked: unknown[] = [];
  await using upstream = await startGrpcService(({ path, headers, message }) => {
    asked.push([path, headers['content-type'], headers['te'], headers['grpc-timeout'], headers['x-key'], message.toString('hex')]);
    return answers.shift();
  });
  await using fixture = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2' }));
  const call = (): Promise<UnaryResult> => {
    const { promise, resolve } = Promise.withResolvers<UnaryResult>();
    callUnary(fixture.proxy.upstreams, { clusterName: 'backend', authority: '', path: '/a.B/C', message: Buffer.from([8, 5]), timeoutMs: 5000, metadata: [['x-key', '1']] }, resolve);
    return promise;
  };
  expect(await call()).toEqual({ kind: 'ok', message: Buffer.from([8, 1]) });
  expect(await call()).toEqual({ kind: 'failed', reason: 'the answer is not one whole message' });
  expect(await call()).toEqual({ kind: 'failed', reason: 'gRPC status 16: who are you' });
  expect(asked[0]).toEqual(['/a.B/C', 'application/grpc', 'trailers', '5000m', '1', '0805']);
});
