import { describe, expect, test } from 'vitest';
import { readResponse } from './testing/index.ts';

const withFields = (fields: string, body = '') => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

describe('what is refused', () => {
  test.each([
    ['bad-version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['bad-version', 'SSH-2.0-x\r\n'],
    ['bad-version', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['bad-version', 'http/1.1 200 OK\r\n\r\n'],
    ['bad-status', 'HTTP/1.1 000 X\r\n\r\n'],
    ['bad-status', 'HTTP/1.1 099 X\r\n\r\n'],
    ['bad-status', 'HTTP/1.1 600 X\r\n\r\n'],
    ['bad-status', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['bad-status', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['bad-status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['bad-line-end', 'HTTP/1.1 200 O\u0000K\r\n\r\n'],
    ['bad-line-end', 'HTTP/1.1 200 OK\nx: y\r\n\r\n'],
    ['conflicting-length', withFields('content-length: 1\r\ncontent-length: 1\r\n')],
    ['conflicting-length', withFields('content-length: 1\r\ntransfer-encoding: chunked\r\n')],
    ['conflicting-length', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['bad-transfer-encoding', withFields('transfer-encoding: gzip, chunked\r\n')],
    ['bad-content-length', withFields('content-length: +1\r\n')],
    ['folded-line', withFields('x: y\r\n z\r\n')],
    ['bad-field-name', withFields('x : y\r\n')],
    ['bad-field-value', withFields('x: \u0000\r\n')],
  ])('%s: %j', (fault, bytes) => {
    expect(readResponse(bytes)).toMatchObject({ end: 'refused', fault });
  });
});

describe('what is understood', () => {
  test.each([
    ['a body by length', withFields('content-length: 3\r\n', 'abcrest'), 'GET', 'abc', 'rest'],
    ['chunks', withFields('transfer-encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\nrest'), 'GET', 'abc', 'rest'],
    ['nothing for HEAD', withFields('content-length: 3\r\n', 'rest'), 'HEAD', '', 'rest'],
    ['nothing for 204', 'HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\nrest', 'GET', '', 'rest'],
    ['nothing for 304', 'HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\nrest', 'GET', '', 'rest'],
    ['nothing for 1xx', 'HTTP/1.1 103 Early Hints\r\n\r\nrest', 'GET', '', 'rest'],
  ])('%s', (_what, bytes, method, body, rest) => {
    expect(readResponse(bytes, method)).toMatchObject({ end: 'complete', body, rest });
  });

  test('a body without a length goes on until the connection closes', () => {
    const read = readResponse('HTTP/1.1 200 OK\r\n\r\nand so on');
    expect(read).toMatchObject({ end: 'more', body: 'and so on' });
    expect(read.head).toMatchObject({ framing: 'until-close', keepsAlive: false });
  });

  test('a status line without a reason, and an unknown one', () => {
    expect(readResponse('HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n').end).toBe('complete');
    expect(readResponse('HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n').head).toMatchObject({ status: 299 });
  });
});
