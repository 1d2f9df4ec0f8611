import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { startFilterProxy, startGrpcService, type FilterFixture, type GrpcAnswer, type GrpcQuestion } from '../../testing/index.ts';
import { unchunk } from '../../testing/filter-fixture.ts';

const filters = [{ name: 'web', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb' } }];

async function start(answer: (question: GrpcQuestion) => GrpcAnswer, chain: readonly object[] = filters): Promise<FilterFixture> {
  const service = await startGrpcService(answer);
  const routes = [{ match: { prefix: '/no' }, direct_response: { status: 403 } }, { match: { prefix: '/' }, route: { cluster: 'grpc' } }];
  const proxy = await startFilterProxy({ filters: chain, services: { grpc: { address: service.address, protocol: 'h2' } }, routes });
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

/** Sends these bytes on a connection of their own. */
async function call(proxy: FilterFixture, type: string, body: Buffer | string, path = '/a.B/C'): Promise<{ readonly head: string; readonly body: Buffer }> {
  const client = await proxy.connect();
  const bytes = Buffer.from(body);
  client.write(Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\naccept: ${type}\r\nconnection: close\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes]));
  const head = await client.readHead();
  const rest = await client.readToEnd();
  return { head, body: /transfer-encoding: chunked/i.test(head) ? unchunk(rest) : rest };
}

const frame = (flag: number, text: string): Buffer => Buffer.concat([Buffer.from([flag, 0, 0, 0, text.length]), Buffer.from(text)]);
const trailers = 'grpc-status: 0\r\ngrpc-message: \r\n';

test('a call in bytes reaches the service as gRPC, and its trailers come back as a frame', async () => {
  const asked: unknown[] = [];
  await using proxy = await start(({ headers, message }) => {
    asked.push([headers['content-type'], headers['te'], message.toString()]);
    return { message: Buffer.from('answer') };
  });
  const { head, body } = await call(proxy, 'application/grpc-web+proto', frame(0, 'question'));
  expect(asked).toEqual([['application/grpc+proto', 'trailers', 'question']]);
  expect(head).toMatch(/^content-type: application\/grpc-web\+proto\r$/m);
  expect(body.toString('latin1')).toBe(Buffer.concat([frame(0, 'answer'), frame(0x80, trailers)]).toString('latin1'));
});

test('a call in text is base64 in both directions', async () => {
  const asked: string[] = [];
  await using proxy = await start(({ message }) => {
    asked.push(message.toString());
    return { message: Buffer.from('answer') };
  });
  // Two pieces, each with its padding.
  const framed = frame(0, 'question');
  const { head, body } = await call(proxy, 'application/grpc-web-text', framed.subarray(0, 4).toString('base64') + framed.subarray(4).toString('base64'));
  expect([asked, /^content-type: application\/grpc-web-text\+proto\r$/m.test(head)]).toEqual([['question'], true]);
  const pieces = (body.toString().match(/[^=]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, 'base64'));
  expect(Buffer.concat(pieces).toString('latin1')).toBe(Buffer.concat([frame(0, 'answer'), frame(0x80, trailers)]).toString('latin1'));
});

test('those who count calls behind it see how they ended', async () => {
  const stats = { name: 'stats', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', stats_for_all_methods: true } };
  await using proxy = await start(() => ({ message: Buffer.from('x'), status: 5 }), [...filters, stats]);
  await call(proxy, 'application/grpc-web', frame(0, 'q'));
  const labels = { envoy_grpc_bridge_service: 'a.B', envoy_grpc_bridge_method: 'C' };
  expect(['5', 'failure', 'request_message_count', 'response_message_count'].map((name) => proxy.metric(`envoy_cluster_grpc_${name}`, labels))).toEqual([1, 1, 1, 1]);
});

test('what is no base64 is refused, and refusals are readable for pages', async () => {
  await using proxy = await start(() => ({ message: Buffer.from('x') }));
  expect((await call(proxy, 'application/grpc-web-text', '????')).head).toMatch(/grpc-status: 13/);
  const { head } = await call(proxy, 'application/grpc-web', frame(0, ''), '/no');
  expect(head).toMatch(/^HTTP\/1\.1 200[^]*content-type: application\/grpc-web\+proto\r\n/);
  expect(head).toMatch(/^grpc-status: 7\r$/m);
});
