/** How the network cuts a stream of bytes says nothing about what they mean. */
import * as fc from 'fast-check';
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { RequestHead, ResponseHead } from './message-head.ts';
import { requestHeadBytesMax, responseHeadBytesMax, writeChunkSize, writeLastChunk, writeRequestHead, writeResponseHead } from './head-writer.ts';
import { readRequest, readResponse } from './testing/index.ts';

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/).filter((name) => !['host', 'connection', 'upgrade', 'te', 'expect', 'trailer'].includes(name) && !name.startsWith('content-l') && !name.startsWith('transfer'));
const value = fc.stringMatching(/^[!-~\u00a0-\u00ff]([ -~\u00a0-\u00ff]{0,20}[!-~])?$/);
const fields = fc.array(fc.tuple(token, value), { maxLength: 12 });
const body = fc.uint8Array({ maxLength: 300 });
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });

function chunk(data: Uint8Array, sizes: readonly number[]): Buffer {
  const target = Buffer.alloc(data.length * 20 + 100);
  let at = 0;
  let read = 0;
  for (const size of [...sizes, data.length]) {
    const piece = data.subarray(read, read + size);
    if (piece.length === 0) break;
    at = writeChunkSize(piece.length, target, at);
    target.set(piece, at);
    at += piece.length;
    target.write('\r\n', at);
    at += 2;
    read += piece.length;
  }
  return target.subarray(0, writeLastChunk(undefined, target, at));
}

test('a request that is written and read in any pieces is the same request', () => {
  fc.assert(
    fc.property(fields, body, fc.boolean(), cuts, cuts, (headers, content, isChunked, sizes, pieces) => {
      const head = new RequestHead();
      head.method = 'POST';
      head.path = '/p?q';
      head.setAuthority('a.test');
      for (const [name, text] of headers) head.add(name, text);
      head.add(isChunked ? 'transfer-encoding' : 'content-length', isChunked ? 'chunked' : String(content.length));
      const target = Buffer.alloc(requestHeadBytesMax(head));
      const headBytes = target.subarray(0, writeRequestHead(head, target, 0));
      const message = Buffer.concat([headBytes, isChunked ? chunk(content, sizes) : content, Buffer.from('after')]);
      const read = readRequest(message, pieces);
      expect(read).toMatchObject({ end: 'complete', body: Buffer.from(content).toString('latin1') });
      expect('after'.endsWith(read.rest) || read.rest === 'after').toBe(true);
      expect(read.head.entries()).toEqual(head.entries());
      expect(read.head).toMatchObject({ method: 'POST', path: '/p?q', authority: 'a.test' });
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a response likewise', () => {
  fc.assert(
    fc.property(fields, body, fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304), cuts, (headers, content, status, pieces) => {
      const head = ResponseHead.of(status);
      for (const [name, text] of headers) head.add(name, text);
      head.add('content-length', String(content.length));
      const target = Buffer.alloc(responseHeadBytesMax(head));
      const message = Buffer.concat([target.subarray(0, writeResponseHead(head, target, 0)), content]);
      const read = readResponse(message, 'GET', pieces);
      expect(read).toMatchObject({ end: 'complete', body: Buffer.from(content).toString('latin1'), head: { status } });
      expect(read.head.entries()).toEqual(head.entries());
    }),
    { seed: 2, numRuns: 300 },
  );
});

test('arbitrary bytes are read without an exception, and in any pieces with the same verdict', () => {
  const soup = fc.array(fc.constantFrom('GET ', '/', ' HTTP/1.1', '\r\n', '\r', '\n', ':', ' ', 'host: a', 'content-length: ', '5', 'transfer-encoding: chunked', 'connection: close', ';', '"', '\u0000', '\u00ff', '0', 'a'), { maxLength: 30 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(soup, cuts, (start, pieces) => {
      // With a line end last, nothing can be hidden in a line that is still awaited.
      const bytes = `${start}\r\n\r\n`;
      const whole = readRequest(bytes);
      const cut = readRequest(bytes, pieces);
      expect([cut.end, cut.fault, cut.body]).toEqual([whole.end, whole.fault, whole.body]);
    }),
    { seed: 3, numRuns: 2_000 },
  );
});
