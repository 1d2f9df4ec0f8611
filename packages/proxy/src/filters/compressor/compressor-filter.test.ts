import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FilterFixtureOptions, type RawPeer } from '../../testing/index.ts';
import { unchunk } from '../../testing/filter-fixture.ts';
import { acceptsCoding } from './accept-encoding.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor';
const gzip = { name: 'text', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip' } };
const brotli = { name: 'text', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.compression.brotli.compressor.v3.Brotli', quality: 5 } };
const text = 'the same words again and again. '.repeat(2000);

/** The upstream answers with this head and the text. */
function start(head: string, config: object = {}, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture & { heads: string[] }> {
  const heads: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    for (;;) {
      heads.push(await peer.readHead());
      peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n${head}\r\n${text}`);
    }
  };
  const filters = [{ name: 'compressor', typed_config: { '@type': typeName, compressor_library: gzip, ...config } }];
  return startFilterProxy({ filters, upstream, ...more }).then((proxy) => Object.assign(proxy, { heads }));
}

const accepting = (coding: string): { headers: Record<string, string> } => ({ headers: { 'accept-encoding': coding } });
const plain = 'content-type: text/plain; charset=utf-8\r\n';

test.each([
  ['gzip', 'gzip', true],
  ['br;q=1.0, gzip;q=0.5', 'gzip', true],
  ['gzip;q=0', 'gzip', false],
  ['*', 'gzip', true],
  ['*;q=0', 'br', false],
  ['gzip;q=0, *', 'gzip', false],
  ['identity', 'gzip', false],
  ['GZIP ; q=0.1', 'gzip', true],
  ['gzip;q=x', 'gzip', false],
  ['', 'gzip', false],
])('%j lets %s be used: %s', (value, coding, expected) => {
  expect(acceptsCoding(value, coding)).toBe(expected);
});

test('a client that takes gzip gets it, one that does not gets the text, and both hear that it varies', async () => {
  await using proxy = await start(plain);
  const small = await proxy.request(accepting('gzip, br'));
  expect(gunzipSync(small.body).toString()).toBe(text);
  expect(small.body.length).toBeLessThan(text.length / 10);
  expect([small.headers['content-encoding'], small.headers.vary, small.headers['content-length']]).toEqual(['gzip', 'Accept-Encoding', undefined]);
  const large = await proxy.request();
  expect([large.body.toString() === text, large.headers['content-encoding'], large.headers.vary]).toEqual([true, undefined, 'Accept-Encoding']);
  const counted = ['compressed', 'not_compressed', 'no_accept_header', 'total_uncompressed_bytes', 'total_compressed_bytes'].map((name) => proxy.metric(`envoy_http_compressor_text_gzip_${name}`));
  expect(counted).toEqual([1, 1, 1, text.length, small.body.length]);
});

test('brotli, too; and the upstream need not know', async () => {
  await using proxy = await start(plain, { compressor_library: brotli, response_direction_config: { remove_accept_encoding_header: true } });
  const { body, headers } = await proxy.request(accepting('br'));
  expect([brotliDecompressSync(body).toString() === text, headers['content-encoding']]).toEqual([true, 'br']);
  expect(proxy.heads[0]).not.toMatch(/accept-encoding/i);
});

test.each([
  ['of another type', 'content-type: image/png\r\n', {}],
  ['without a type', '', {}],
  ['that is compressed already', `${plain}content-encoding: br\r\n`, {}],
  ['that nobody may transform', `${plain}cache-control: public, no-transform\r\n`, {}],
  ['that is too short', plain, { response_direction_config: { common_config: { min_content_length: text.length + 1 } } }],
  ['with an etag, where that matters', `${plain}etag: "1"\r\n`, { response_direction_config: { disable_on_etag_header: true } }],
  ['with a status that shall not be', plain, { response_direction_config: { uncompressible_response_codes: [200] } }],
  ['while it is switched off', plain, { response_direction_config: { common_config: { enabled: { default_value: false } } } }],
])('a response %s stays as it is', async (_, head, config) => {
  await using proxy = await start(head, config);
  const { body, headers } = await proxy.request(accepting('gzip'));
  expect([body.toString() === text, headers.vary, headers['content-length']]).toEqual([true, undefined, String(text.length)]);
});

test('etags that promise the same bytes are removed, or weakened where asked for', async () => {
  const etags = async (head: string, config: object): Promise<unknown> => {
    await using proxy = await start(`${plain}${head}`, config);
    return (await proxy.request(accepting('gzip'))).headers.etag;
  };
  expect(await etags('etag: "a"\r\n', {})).toBeUndefined();
  expect(await etags('etag: W/"a"\r\n', {})).toBe('W/"a"');
  expect(await etags('etag: "a"\r\n', { response_direction_config: { weaken_etag_on_compress: true } })).toBe('W/"a"');
});

test('parts of a response come out as they come in', async () => {
  const { promise: go, resolve: finish } = Promise.withResolvers<void>();
  const upstream = async (peer: RawPeer): Promise<void> => {
    await peer.readHead();
    peer.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n');
    await go;
    peer.write('6\r\nsecond\r\n0\r\n\r\n');
  };
  await using proxy = await start('', {}, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  await client.readHead();
  // The first part is there, with its flush, before the second was sent.
  expect(await client.readUntil('\x00\x00\xff\xff\r\n')).toMatch(/^[0-9a-f]+\r\n/);
  finish();
  await client.readUntil('0\r\n\r\n');
  expect(await proxy.nextLog()).toBe('200 - via_upstream');
});

test('a client that leaves, an upstream that breaks off: both end the stream', async () => {
  const upstream = async (peer: RawPeer, kind = 0): Promise<void> => {
    const head = await peer.readHead();
    peer.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(1000 + kind)}`);
    if (head.startsWith('GET /break')) peer.reset();
  };
  await using proxy = await start('', {}, { upstream });
  const left = await proxy.connect();
  left.write('GET /stay HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  await left.readHead();
  left.reset();
  expect(await proxy.nextLog()).toBe('200 DC downstream_remote_disconnect');
  const broken = await proxy.connect();
  broken.write('GET /break HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  await broken.readToEnd();
  expect(await proxy.nextLog()).toMatch(/^200 UC upstream_reset_after_response_started/);
});

test('20 MB pass whole a client that takes rests', async () => {
  const blob = text.repeat(320);
  const upstream = async (peer: RawPeer): Promise<void> => {
    await peer.readHead();
    peer.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${blob.length}\r\n\r\n`);
    peer.write(blob);
  };
  const library = { ...gzip, typed_config: { ...gzip.typed_config, compression_strategy: 'HUFFMAN_ONLY' } };
  await using proxy = await start('', { compressor_library: library }, { upstream });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n');
  const rests = setInterval(() => (client.socket.isPaused() ? client.socket.resume() : client.socket.pause()), 3);
  const head = await client.readHead();
  const body = unchunk(await client.readToEnd());
  clearInterval(rests);
  expect(head).toMatch(/content-encoding: gzip/);
  expect(gunzipSync(body).toString() === blob).toBe(true);
});

test('a route can do without; local replies are left alone', async () => {
  await using off = await start(plain, {}, { route: { typed_per_filter_config: { compressor: { '@type': `${typeName}PerRoute`, disabled: true } } } });
  expect((await off.request(accepting('gzip'))).headers['content-encoding']).toBeUndefined();
  await using local = await start(plain, {}, { routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: text.slice(0, 3000) } } }] });
  expect((await local.request(accepting('gzip'))).body.toString()).toBe(text.slice(0, 3000));
});

test('zstd, too', async () => {
  const zstd = { name: 'text', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.compression.zstd.compressor.v3.Zstd', compression_level: 5, enable_checksum: true } };
  await using proxy = await start(plain, { compressor_library: zstd });
  const { headers, body } = await proxy.request(accepting('zstd'));
  expect([headers['content-encoding'], zstdDecompressSync(body).toString() === text]).toEqual(['zstd', true]);
  expect(proxy.metric('envoy_http_compressor_text_zstd_compressed')).toBe(1);
});

test.each([
  ['gzip, br', {}, 'gzip'],
  ['gzip;q=0.5, br', {}, 'br'],
  ['br;q=0.9, *;q=0.1', {}, 'br'],
  ['gzip, br', { choose_first: true }, 'br'],
])('of several compressors %s chooses, with %j, %s', async (accepted, last, coding) => {
  const filters = [gzip, brotli].map((compressor_library, index) => ({ name: `c${index}`, typed_config: { '@type': typeName, compressor_library, ...(index === 1 ? last : {}) } }));
  await using proxy = await start(plain, {}, { filters });
  expect((await proxy.request(accepting(accepted))).headers['content-encoding']).toBe(coding);
});

test('requests, too, where that is wanted', async () => {
  const received: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    for (;;) {
      const head = await peer.readHead();
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      const body = /chunked/.test(head) ? gunzipSync(unchunk(Buffer.from(await peer.readUntil('0\r\n\r\n'), 'latin1'))) : await peer.readBytes(length);
      received.push(`${/^content-encoding: (\w+)/im.exec(head)?.[1]} ${body.toString() === text}`);
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    }
  };
  const request_direction_config = { common_config: { enabled: { default_value: true }, min_content_length: 100 } };
  await using proxy = await start(plain, { request_direction_config }, { upstream });
  await proxy.request({ method: 'POST', headers: { 'content-type': 'text/plain' }, body: text });
  await proxy.request({ method: 'POST', headers: { 'content-type': 'image/png' }, body: text });
  await proxy.request({ method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'short' });
  expect(received).toEqual(['gzip true', 'undefined true', 'undefined false']);
  const metric = (name: string): number => proxy.metric(`envoy_http_compressor_text_gzip_request_${name}`);
  expect([metric('compressed'), metric('not_compressed'), metric('content_length_too_small'), metric('total_uncompressed_bytes')]).toEqual([1, 1, 1, text.length]);
});

test('a route may have a library of its own, and say whether the upstream may compress', async () => {
  const overrides = { response_direction_config: { remove_accept_encoding_header: true }, compressor_library: brotli };
  await using proxy = await start(plain, {}, { route: { typed_per_filter_config: { compressor: { '@type': `${typeName}PerRoute`, overrides } } } });
  const { headers } = await proxy.request(accepting('gzip, br'));
  expect([headers['content-encoding'], /accept-encoding/i.test(proxy.heads[0] ?? '')]).toEqual(['br', false]);
});

test('a response may tell what became of it', async () => {
  await using proxy = await start(plain, { response_direction_config: { status_header_enabled: true } });
  const told = [(await proxy.request(accepting('gzip'))).headers, (await proxy.request(accepting('br'))).headers];
  expect(told.map((headers) => headers['x-envoy-compression-status'])).toEqual(['gzip;Compressed', 'gzip;NotCompressed']);
});

test('what it cannot do is refused', async () => {
  const library = (name: string, fields: object = {}): object => ({ compressor_library: { name: 'z', typed_config: { '@type': `type.googleapis.com/${name}`, ...fields } } });
  await expect(start(plain, library('a.B'))).rejects.toThrow(/compressor_library\.typed_config\.@type: is a\.B, which is not known/);
  await expect(start(plain, library('envoy.extensions.compression.zstd.compressor.v3.Zstd', { dictionary: { inline_string: 'a' } }))).rejects.toThrow(/dictionary: is not supported/);
});

test('a connection that already serves the next one takes neither head nor trailers from a response that is still being compressed', async () => {
  let answered = 0;
  const upstream = async (peer: RawPeer): Promise<void> => {
    for (;;) {
      await peer.readHead();
      answered += 1;
      peer.write(`HTTP/1.1 200 OK\r\n${plain}x-answer: ${answered}\r\ntransfer-encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\nx-end: ${answered}\r\n\r\n`);
    }
  };
  const cluster = { circuit_breakers: { thresholds: [{ max_connections: 1 }] } };
  await using proxy = await start('', {}, { upstream, cluster, logFormat: '%RESP(X-ANSWER)% %TRAILER(X-END)%' });
  await Promise.all(Array.from({ length: 8 }, () => proxy.request(accepting('gzip'))));
  const logged: string[] = [];
  for (let count = 0; count < 8; count += 1) logged.push(await proxy.nextLog());
  expect(logged.toSorted()).toEqual(Array.from({ length: 8 }, (_, index) => `${index + 1} ${index + 1}`));
});
