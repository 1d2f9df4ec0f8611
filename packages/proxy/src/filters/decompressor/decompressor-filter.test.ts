import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FilterFixtureOptions, type RawPeer } from '../../testing/index.ts';
import { unchunk } from '../../testing/filter-fixture.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor';
const library = (name: string, fields: object = {}): object => ({ name: 'text', typed_config: { '@type': `type.googleapis.com/envoy.extensions.compression.${name}`, ...fields } });
const gzip = library('gzip.decompressor.v3.Gzip');

/** An upstream that remembers bodies in chunks and answers with these bytes. */
function start(answer: { readonly head: string; readonly body: Buffer }, config: object = {}, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture & { readonly received: string[] }> {
  const received: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    for (;;) {
      const head = await peer.readHead();
      const body = /transfer-encoding: chunked/i.test(head) ? unchunk(Buffer.from(await peer.readUntil('0\r\n\r\n'), 'latin1')).toString() : '';
      received.push(`${head}${body}`);
      peer.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.body.length}\r\n${answer.head}\r\n`), answer.body]));
    }
  };
  const filters = [{ name: 'decompressor', typed_config: { '@type': typeName, decompressor_library: gzip, ...config } }];
  return startFilterProxy({ filters, upstream, ...more }).then((proxy) => Object.assign(proxy, { received }));
}

const plain = { head: '', body: Buffer.from('hello') };
const text = 'some words. '.repeat(1000);

test.each([
  ['gzip', gzip, gzipSync],
  ['br', library('brotli.decompressor.v3.Brotli'), brotliCompressSync],
  ['zstd', library('zstd.decompressor.v3.Zstd'), zstdCompressSync],
] as const)('a response in %s comes out as it was before', async (coding, decompressor_library, compress) => {
  await using proxy = await start({ head: `content-encoding: ${coding}\r\n`, body: compress(Buffer.from(text)) }, { decompressor_library });
  const { headers, body } = await proxy.request();
  expect([headers['content-encoding'], headers['transfer-encoding'], body.toString() === text]).toEqual([undefined, 'chunked', true]);
  // The upstream hears that it may use the coding.
  expect(proxy.received[0]).toMatch(new RegExp(`^accept-encoding: ${coding}\r$`, 'm'));
});

test('a request comes out, too, and the codings behind it stay', async () => {
  await using proxy = await start(plain);
  const client = await proxy.connect();
  const body = gzipSync('hello upstream');
  client.write(Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: br, gzip\r\ncontent-length: ${body.length}\r\n\r\n`), body]));
  expect(await client.readHead()).toMatch(/^HTTP\/1\.1 200/);
  expect(proxy.received[0]).toMatch(/content-encoding: br\r\n[^]*\r\n\r\nhello upstream$/);
  expect(proxy.received[0]).not.toMatch(/content-length/i);
});

test('other codings, and what must not be transformed, are left alone', async () => {
  const body = gzipSync('abc');
  await using other = await start({ head: 'content-encoding: br\r\n', body: Buffer.from('x') });
  expect((await other.request()).headers['content-encoding']).toBe('br');
  await using kept = await start({ head: 'content-encoding: gzip\r\ncache-control: no-transform\r\n', body });
  expect((await kept.request()).headers['content-encoding']).toBe('gzip');
  await using ignored = await start({ head: 'content-encoding: gzip\r\ncache-control: no-transform\r\n', body }, { response_direction_config: { common_config: { ignore_no_transform_header: true } } });
  expect((await ignored.request()).body.toString()).toBe('abc');
  await using off = await start({ head: 'content-encoding: gzip\r\n', body }, { response_direction_config: { common_config: { enabled: { default_value: false } } } });
  expect((await off.request()).headers['content-encoding']).toBe('gzip');
  expect(off.received[0]).not.toMatch(/accept-encoding/);
});

test('a body that grows beyond measure ends its request', async () => {
  await using proxy = await start(plain);
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  const client = await proxy.connect();
  client.write(Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`), bomb]));
  expect(await client.readHead()).toMatch(/^HTTP\/1\.1 400/);
  expect(proxy.metric('envoy_http_decompressor_text_gzip_decompressor_library_zlib_data_error')).toBe(1);
  expect(proxy.metric('envoy_http_decompressor_text_gzip_request_total_uncompressed_bytes')).toBeLessThan(16 << 20);
});

test('a body that is broken ends its request, or its response', async () => {
  await using proxy = await start({ head: 'content-encoding: gzip\r\n', body: Buffer.from('no gzip at all') });
  const broken = await proxy.connect();
  broken.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nnot gzip!');
  expect(await broken.readHead()).toMatch(/^HTTP\/1\.1 400/);
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.readToEnd();
  expect([await proxy.nextLog(), await proxy.nextLog()].map((line) => line.slice(0, 3)).sort()).toEqual(['200', '400']);
});

test('mistakes are told', async () => {
  await expect(start(plain, { decompressor_library: library('a.B') })).rejects.toThrow(/decompressor_library\.typed_config\.@type: is .*a\.B, which is not known/);
  await expect(start(plain, { decompressor_library: library('gzip.decompressor.v3.Gzip', { max_inflate_ratio: 2000 }) })).rejects.toThrow(/max_inflate_ratio: is 2000/);
});
