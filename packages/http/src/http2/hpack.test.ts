/** HPACK against the examples of RFC 7541 Appendix C, its limits, and ourselves. */
import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestHead, ResponseHead, Trailers } from '../message-head.ts';
import { encodeFields, encodeInteger, encodeString, requestHeaders } from '../testing/http2-bytes.ts';
import { HeadDecoder } from './head-decoder.ts';
import { HeadEncoder } from './head-encoder.ts';
import { HeaderTable, createTableField } from './header-table.ts';
import { decodeHuffman } from './huffman.ts';

const limits = { headBytesMax: 60 * 1024, fieldsMax: 100 };
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function readRequest(decoder: HeadDecoder, bytes: Buffer) {
  const head = new RequestHead();
  const verdict = decoder.readRequest(bytes, 0, bytes.length, head, true);
  return { verdict, head, fields: { method: head.method, authority: head.authority, path: head.path, ...Object.fromEntries(head.entries().filter(([name]) => name !== 'host')) } };
}

function readResponse(decoder: HeadDecoder, bytes: Buffer) {
  const head = new ResponseHead();
  const verdict = decoder.readResponse(bytes, 0, bytes.length, head);
  return { verdict, head, fields: { status: head.status, ...Object.fromEntries(head.entries()) } };
}

const firstRequest = { method: 'GET', authority: 'www.example.com', path: '/' };

describe.each([
  ['C.3, plain', ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', '8286 84be 5808 6e6f 2d63 6163 6865', '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65']],
  ['C.4, Huffman', ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', '8286 84be 5886 a8eb 1064 9cbf', '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf']],
])('requests of %s', (_section, blocks) => {
  test('are read with the table they build', () => {
    const decoder = new HeadDecoder(4096, limits);
    const read = blocks.map((block) => readRequest(decoder, hex(block)).fields);
    expect(read).toEqual([firstRequest, { ...firstRequest, 'cache-control': 'no-cache' }, { ...firstRequest, path: '/index.html', 'custom-key': 'custom-value' }]);
  });
});

const firstResponse = { status: 302, 'cache-control': 'private', date: 'Mon, 21 Oct 2013 20:13:21 GMT', location: 'https://www.example.com' };

describe.each([
  ['C.5, plain', [
    '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '4803 3330 37c1 c0bf',
    '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
  ]],
  ['C.6, Huffman', [
    '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
    '4883 640e ffc1 c0bf',
    '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
  ]],
])('responses of %s', (_section, blocks) => {
  test('are read with a table of 256 bytes that forgets', () => {
    const decoder = new HeadDecoder(4096, limits);
    const [first = '', ...others] = blocks;
    const read = [Buffer.concat([encodeInteger(256, 5, 0x20), hex(first)]), ...others.map(hex)].map((block) => readResponse(decoder, block).fields);
    expect(read).toEqual([
      firstResponse,
      { ...firstResponse, status: 307 },
      { ...firstResponse, status: 200, date: 'Mon, 21 Oct 2013 20:13:22 GMT', 'content-encoding': 'gzip', 'set-cookie': 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1' },
    ]);
  });
});

describe('the table', () => {
  const field = (name: string, value: string) => createTableField(Buffer.from(name + value), 0, name.length, name.length, name.length + value.length);

  test('counts 32 bytes more than a field has, and forgets the oldest', () => {
    const table = new HeaderTable(4096);
    table.resize(100);
    for (const value of ['1', '2', '3']) table.add(field('name', value));
    expect([table.count, table.bytes]).toEqual([2, 74]);
    expect([table.at(62)?.line.toString(), table.at(63)?.line.toString(), table.at(64)]).toEqual(['name: 3\r\n', 'name: 2\r\n', undefined]);
  });

  test('is empty after a field that is larger than itself', () => {
    const table = new HeaderTable(4096);
    table.resize(64);
    table.add(field('a', 'b'));
    table.add(field('a', 'b'.repeat(64)));
    expect([table.count, table.bytes]).toEqual([0, 0]);
  });

  test('keeps its indices right over thousands of fields', () => {
    const table = new HeaderTable(4096);
    const model: string[] = [];
    for (let number = 0; number < 5000; number += 1) {
      const value = 'v'.repeat(number % 37);
      table.add(field('name', value));
      model.unshift(value);
      let bytes = 0;
      const kept = model.findIndex((each) => (bytes += 36 + each.length) > 4096);
      if (kept !== -1) model.length = kept;
      expect(table.count).toBe(model.length);
      expect(table.at(61 + model.length)?.size).toBe(36 + (model.at(-1) ?? '').length);
    }
  });
});

describe('what is no HPACK', () => {
  test.each<readonly [string, Buffer]>([
    ['index 0', hex('80')],
    ['an index beyond both tables', hex('be')],
    ['the name of an index beyond both tables', hex('7e 01 61')],
    ['a size of the table behind a field', hex('82 20')],
    ['a size of the table beyond what is allowed', encodeInteger(4097, 5, 0x20)],
    ['a string that ends early', hex('00 05 61')],
    ['an integer that ends early', hex('ff')],
    ['an integer without end', hex('ff ff ff ff ff ff ff ff 01')],
    ['Huffman padding of eight bits', hex('00 82 1f ff 01 61')],
    ['Huffman padding of zeros', hex('00 81 18 01 61')],
    ['the end of a string within it', hex('00 84 ff ff ff ff 01 61')],
  ])('%s', (_what, bytes) => {
    expect(readRequest(new HeadDecoder(4096, limits), bytes).verdict).toBe('bad-code');
  });

  test('a table that goes on being larger than was allowed', () => {
    const decoder = new HeadDecoder(0, limits);
    const good = encodeFields(requestHeaders());
    expect(readRequest(decoder, good).verdict).toBe('whole');
    decoder.allowTable(0);
    expect(readRequest(decoder, good).verdict).toBe('bad-code');
    expect(readRequest(decoder, Buffer.concat([hex('20'), good])).verdict).toBe('whole');
  });
});

describe('limits', () => {
  test('what is beyond them is read to its end, and the next head is read right', () => {
    const decoder = new HeadDecoder(4096, { headBytesMax: 2048, fieldsMax: 20 });
    const indexed = Buffer.concat([hex('40'), encodeString('x-kept'), encodeString('yes')]);
    const large = Buffer.concat([encodeFields([...requestHeaders(), ['x-large', 'a'.repeat(3000)]]), indexed]);
    expect(readRequest(decoder, large)).toMatchObject({ verdict: 'too-large' });
    const next = readRequest(decoder, Buffer.concat([encodeFields(requestHeaders()), hex('be')]));
    expect(next).toMatchObject({ verdict: 'whole', fields: { 'x-kept': 'yes' } });
  });

  test('a bomb of references costs nothing to keep', () => {
    const decoder = new HeadDecoder(4096, limits);
    const entry = Buffer.concat([hex('40'), encodeString('x-bomb'), encodeString('a'.repeat(3900))]);
    const { verdict, head } = readRequest(decoder, Buffer.concat([encodeFields(requestHeaders()), entry, Buffer.alloc(4000, 0xbe)]));
    expect(verdict).toBe('too-many-fields');
    expect(head.memory.length).toBeLessThan(128 * 1024);
  });
});

test('crumbs of a cookie become one field', () => {
  const { fields } = readRequest(new HeadDecoder(4096, limits), encodeFields([...requestHeaders(), ['cookie', 'a=1'], ['x', 'y'], ['cookie', 'b=2']]));
  expect(fields).toMatchObject({ cookie: 'a=1; b=2', x: 'y' });
});

test('trailers lose what would route or frame', () => {
  const decoder = new HeadDecoder(4096, limits);
  const trailers = new Trailers();
  const bytes = encodeFields([['grpc-status', '0'], ['content-length', '5'], ['host', 'b'], ['authorization', 'x']]);
  expect(decoder.readTrailers(bytes, 0, bytes.length, trailers)).toBe('whole');
  expect(trailers.entries()).toEqual([['grpc-status', '0']]);
});

describe('what the encoder writes the decoder reads', () => {
  const name = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,40}$/).filter((text) => !/^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|te|host|content-length|http2-settings|cookie)$/.test(text));
  const value = fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]{0,200}[\x21-\x7e\x80-\xff])?$/);
  const fields = fc.array(fc.tuple(name, value), { maxLength: 30 });

  test('requests', () => {
    fc.assert(fc.property(fields, fc.constantFrom('GET', 'POST', 'PATCH'), fc.webPath(), (extra, method, webPath) => {
      const path = `/${webPath.replaceAll(/[^!-~]|#/g, '')}`;
      const head = RequestHead.of(method, 'a.test:80', path);
      for (const [each, text] of extra) head.add(each.toUpperCase(), text);
      const target = Buffer.alloc(HeadEncoder.requestBytesMax(head));
      const end = new HeadEncoder().writeRequest(head, 'http', '', target, 0);
      const read = readRequest(new HeadDecoder(4096, limits), target.subarray(0, end));
      expect(read.verdict).toBe('whole');
      expect([read.head.method, read.head.path, read.head.authority]).toEqual([method, path, 'a.test:80']);
      expect(read.head.entries().filter(([each]) => each !== 'host')).toEqual(extra);
    }), { seed: 7541, numRuns: 300 });
  });

  test('responses', () => {
    fc.assert(fc.property(fields, fc.integer({ min: 100, max: 599 }), (extra, status) => {
      const head = ResponseHead.of(status);
      for (const [each, text] of extra) head.add(each, text);
      const target = Buffer.alloc(HeadEncoder.bytesMax(head));
      const read = readResponse(new HeadDecoder(4096, limits), target.subarray(0, new HeadEncoder().writeResponse(head, target, 0)));
      expect([read.verdict, read.head.status, read.head.entries()]).toEqual(['whole', status, extra]);
    }), { seed: 7541, numRuns: 300 });
  });
});

test('any bytes at all are read without harm, and Huffman never writes beyond its bound', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const target = Buffer.alloc(Math.floor((bytes.length * 8) / 5) + 1, 0xdb);
    const end = decodeHuffman(bytes, 0, bytes.length, target, 0);
    expect(end).toBeLessThan(target.length);
    expect(target[target.length - 1]).toBe(0xdb);
    const decoder = new HeadDecoder(4096, limits);
    expect(['whole', 'malformed', 'too-large', 'too-many-fields', 'bad-code']).toContain(readRequest(decoder, Buffer.from(bytes)).verdict);
  }), { seed: 7541, numRuns: 2000 });
});
