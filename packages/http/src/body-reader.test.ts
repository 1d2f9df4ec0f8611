import { describe, expect, test } from 'vitest';
import { readRequest } from './testing/index.ts';

const head = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
const chunked = (body: string) => readRequest(head + body);

describe('chunks that are refused', () => {
  test.each([
    ...['0x5', '+5', '-5', ' 5', '0_5', 'g', '', '5.0', '5h', '5\u0000', '5\u000b', '"5"', 'f'.repeat(16), (2n ** 64n + 5n).toString(16), '5 hello', '5 ', '5\t'].map((size) => ['bad-chunk-size', `${size}\r\nhello\r\n0\r\n\r\n`]),
    ['bad-chunk-size', '5\nhello\r\n0\r\n\r\n'],
    ['bad-chunk-end', '5\r\r\nhello\r\n'],
    ['bad-chunk-end', '5\rXhello'],
    ['bad-chunk-end', '5\r\nhello\n0\r\n\r\n'],
    ['bad-chunk-end', '5\r\nhelloXX0\r\n\r\n'],
    ['bad-chunk-end', '5\r\nhello6\r\n'],
    ['bad-chunk-end', '5\r\nhell\r\n0\r\n\r\n'],
    ['bad-chunk-end', '4\r\nhello\r\n0\r\n\r\n'],
    ['bad-chunk-size', '5\r\nhello\r\n\r\n0\r\n\r\n'],
    ['bad-chunk-size', '5\r\nhello\r\n0\n\r\n'],
    ['bad-chunk-size', '-0\r\n\r\n'],
    ['bad-chunk-size', '0x0\r\n\r\n'],
    ['bad-chunk-size', '0 junk\r\n\r\n'],
    ['bad-chunk-extension', '5;a\nb\r\nhello\r\n'],
    ['bad-chunk-extension', '5;a\u0000\r\nhello\r\n'],
    ['bad-chunk-extension', '5;a="x\r\nhello\r\n'],
    ['bad-chunk-end', '5;a\rb\r\nhello\r\n'],
    ['chunk-overhead', `5;${'x'.repeat(1 << 20)}\r\nhello\r\n0\r\n\r\n`],
    ['chunk-overhead', `1;${'x'.repeat(1000)}\r\na\r\n`.repeat(1000)],
    ['bad-chunk-extension', '5;\r\nhello\r\n'],
    ['bad-chunk-extension', '5; a\r\nhello\r\n'],
    ['bad-chunk-extension', '5;a="x"y\r\nhello\r\n'],
    ['conflicting-length', '0\r\ncontent-length: 5\r\n\r\n'],
    ['conflicting-length', '0\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['bad-field-name', '0\r\nno colon\r\n\r\n'],
    ['bad-field-name', '0\r\nx : y\r\n\r\n'],
    ['bad-field-value', '0\r\nx: \u0000\r\n\r\n'],
    ['folded-line', '0\r\nx: y\r\n z\r\n\r\n'],
    ['first-line-too-long', `0\r\nx: ${'y'.repeat(1 << 20)}\r\n\r\n`],
  ])('%s: %j', (fault, body) => {
    const read = chunked(body);
    expect(read.end).toBe('refused');
    expect(fault === 'first-line-too-long' ? /too/.test(read.fault ?? '') : read.fault === fault).toBe(true);
  });
});

describe('chunks that are understood', () => {
  test('sizes in either case, leading zeros, extensions', () => {
    expect(chunked(`00A\r\n0123456789\r\na;x=y;z="q;\\"r"\r\n0123456789\r\n0\r\n\r\n`)).toMatchObject({ end: 'complete', body: '01234567890123456789', rest: '' });
  });

  test('trailers, without those that may not be there', () => {
    const { trailers } = chunked('0\r\nX-Sum: 1\r\nHost: evil\r\nAuthorization: x\r\nx-envoy-internal: true\r\n\r\n');
    expect(trailers).toEqual([['x-sum', '1']]);
  });

  test('what follows is left alone', () => {
    expect(chunked('1\r\na\r\n0\r\n\r\nGET / HTTP/1.1')).toMatchObject({ end: 'complete', rest: 'GET / HTTP/1.1' });
  });

  test('many small chunks are not refused for their framing', () => {
    expect(chunked(`${'1\r\na\r\n'.repeat(50_000)}0\r\n\r\n`)).toMatchObject({ end: 'complete', body: 'a'.repeat(50_000) });
  });
});
