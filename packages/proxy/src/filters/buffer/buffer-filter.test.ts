import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FilterFixtureOptions, type RawPeer } from '../../testing/index.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer';
const buffer = (max_request_bytes: number): object => ({ name: 'buffer', typed_config: { '@type': typeName, max_request_bytes } });
const perRoute = (fields: object): object => ({ typed_per_filter_config: { buffer: { '@type': `${typeName}PerRoute`, ...fields } } });
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** The upstream keeps all that it is sent, and answers when the body of a known length is there. */
async function start(options: Partial<FilterFixtureOptions> = {}): Promise<{ proxy: FilterFixture; received: string[] }> {
  const received: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    for (;;) {
      const head = await peer.readHead();
      const length = /^content-length: (\d+)/im.exec(head)?.[1];
      const body = length === undefined ? await peer.readUntil('\r\n\r\n') : (await peer.readBytes(Number(length))).toString();
      received.push(head, body);
      peer.write(ok);
    }
  };
  return { proxy: await startFilterProxy({ filters: [buffer(10)], upstream, ...options }), received };
}

test('the upstream hears nothing until the body is complete, and then of its length', async () => {
  const { proxy, received } = await start();
  await using _ = proxy;
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(proxy.metric('envoy_cluster_upstream_rq_total')).toBe(0);
  client.write('4\r\ndefg\r\n0\r\n\r\n');
  expect(await client.readUntil('ok')).toMatch(/^HTTP\/1\.1 200/);
  expect(received[0]).toMatch(/content-length: 7\r\n/);
  expect(received[0]).not.toMatch(/transfer-encoding/);
  expect(received[1]).toBe('abcdefg');
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi');
  expect(await client.readUntil('ok')).toMatch(/^HTTP\/1\.1 200/);
  expect(received[3]).toBe('hi');
});

test('trailers stay behind their chunks', async () => {
  const { proxy, received } = await start();
  await using _ = proxy;
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n');
  expect(await client.readUntil('ok')).toMatch(/^HTTP\/1\.1 200/);
  expect(received[1]).toBe('3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n');
});

test('what is too large is refused, as soon as that is known', async () => {
  const { proxy, received } = await start();
  await using _ = proxy;
  const declared = await proxy.connect();
  declared.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\nexpect: 100-continue\r\n\r\n');
  expect((await declared.readToEnd()).toString()).toMatch(/^HTTP\/1\.1 413 Content Too Large\r\n[^]*connection: close\r\n\r\nPayload Too Large$/);
  expect(await proxy.nextLog()).toBe('413 - request_payload_too_large');
  const found = await proxy.connect();
  found.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n');
  expect(await found.readHead()).toMatch(/^HTTP\/1\.1 413/);
  expect(proxy.metric('envoy_http_downstream_rq_too_large')).toBe(2);
  expect(received).toEqual([]);
});

test('a client that waits to be asked is asked here', async () => {
  const { proxy } = await start();
  await using _ = proxy;
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n');
  expect(await client.readHead()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  client.write('body');
  expect(await client.readUntil('ok')).toMatch(/^HTTP\/1\.1 200/);
});

test('a route has a limit of its own, or none of it', async () => {
  const { proxy } = await start({
    routes: [
      { match: { prefix: '/small' }, route: { cluster: 'backend' }, ...perRoute({ buffer: { max_request_bytes: 3 } }) },
      { match: { prefix: '/off' }, route: { cluster: 'backend' }, ...perRoute({ disabled: true }) },
    ],
  });
  await using _ = proxy;
  const body = 'twelve bytes';
  expect((await proxy.request({ method: 'POST', path: '/off', body })).status).toBe(200);
  expect((await proxy.request({ method: 'POST', path: '/small', body: 'four' })).status).toBe(413);
});

test('other filters may wait before and behind it, and the smaller of two limits counts', async () => {
  const delay = (name: string): object => ({
    name,
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', delay: { fixed_delay: '0.02s', percentage: { numerator: 100 } } },
  });
  const { proxy, received } = await start({ filters: [delay('one'), buffer(10), delay('two'), { ...buffer(5), name: 'small' }] });
  await using _ = proxy;
  expect((await proxy.request({ method: 'POST', body: 'hello' })).status).toBe(200);
  expect(received[1]).toBe('hello');
  expect((await proxy.request({ method: 'POST', body: 'hello!' })).status).toBe(413);
  expect((await proxy.request({ method: 'POST', headers: { 'content-length': '0' } })).status).toBe(200);
});

test('a client that leaves in the midst of its body ends the stream', async () => {
  const { proxy } = await start();
  await using _ = proxy;
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf');
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.reset();
  expect(await proxy.nextLog()).toBe('0 DC downstream_remote_disconnect');
});
