/** Filters that hold or change bodies do so whatever protocol the client speaks. */
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openTestClient, startFilterProxy, startRawUpstream, type FilterFixture, type RawPeer } from '../testing/index.ts';
import { unchunk } from '../testing/filter-fixture.ts';

const type = (name: string): object => ({ '@type': `type.googleapis.com/envoy.extensions.filters.http.${name}` });
const gzip = { name: 'text', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip' } };
const denied = { permissions: [{ url_path: { path: { exact: '/denied' } } }], principals: [{ any: true }] };
const text = 'the same words again and again. '.repeat(3000);

const filters = [
  { name: 'buffer', typed_config: { ...type('buffer.v3.Buffer'), max_request_bytes: 10 } },
  { name: 'compressor', typed_config: { ...type('compressor.v3.Compressor'), compressor_library: gzip } },
  { name: 'rbac', typed_config: { ...type('rbac.v3.RBAC'), rules: { action: 'DENY', policies: { denied } } } },
];

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request on an HTTP/2 connection of its own; its body comes in two pieces. */
async function ask(proxy: FilterFixture, headers: Record<string, string>, body = ''): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${proxy.address.port}`);
  try {
    const stream = session.request(headers, { endStream: body === '' });
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    let received: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (found) => (received = found));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ headers: received, body: Buffer.concat(chunks) }));
    stream.on('error', reject);
    if (body !== '') stream.write(body.slice(0, 2), () => stream.end(body.slice(2)));
    return await promise;
  } finally {
    session.close();
  }
}

test('a body is kept, a response compressed, and refusals are answers', async () => {
  const received: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    const length = /content-length: (\d+)/i.exec(await peer.readHead())?.[1];
    received.push((await peer.readBytes(Number(length))).toString());
    peer.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  };
  await using proxy = await startFilterProxy({ filters, upstream });
  const { headers, body } = await ask(proxy, { ':path': '/', ':method': 'POST', 'accept-encoding': 'gzip' }, 'hello');
  expect([headers[':status'], headers['content-encoding'], received]).toEqual([200, 'gzip', ['hello']]);
  expect(gunzipSync(body).toString() === text).toBe(true);
  expect((await ask(proxy, { ':path': '/', ':method': 'POST' }, 'more than ten bytes')).headers[':status']).toBe(413);
  expect((await ask(proxy, { ':path': '/denied' })).headers[':status']).toBe(403);
});

test('a service sees the beginning of what was compressed, and the upstream gets all of it', async () => {
  const questions: string[] = [];
  await using service = await startRawUpstream(async (peer) => {
    for (;;) {
      const length = Number(/content-length: (\d+)/i.exec(await peer.readHead())?.[1]);
      questions.push((await peer.readBytes(length)).toString());
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    }
  });
  const received: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    await peer.readHead();
    received.push(unchunk(Buffer.from(await peer.readUntil('0\r\n\r\n'), 'latin1')).toString());
    peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  };
  const decompressor_library = { name: 'text', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip' } };
  const http_service = { server_uri: { uri: 'authz', cluster: 'authz', timeout: '10s' } };
  const chain = [
    { name: 'decompressor', typed_config: { ...type('decompressor.v3.Decompressor'), decompressor_library } },
    { name: 'authz', typed_config: { ...type('ext_authz.v3.ExtAuthz'), http_service, with_request_body: { max_request_bytes: 5, allow_partial_message: true } } },
  ];
  await using proxy = await startFilterProxy({ filters: chain, upstream, services: { authz: service } });
  using client = openTestClient('h2', proxy.address);
  const { status } = await client.ask({ method: 'POST', headers: { 'content-encoding': 'gzip' }, body: gzipSync(text) });
  expect([status, questions, received[0] === text]).toEqual([200, ['the s'], true]);
});
