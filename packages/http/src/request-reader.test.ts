import { describe, expect, test } from 'vitest';
import type { RequestHead } from './message-head.ts';
import { readRequest } from './testing/index.ts';

const withField = (field: string) => `POST / HTTP/1.1\r\nhost: a\r\n${field}\r\n\r\n`;
const withLine = (line: string) => `${line}\r\nhost: a\r\n\r\n`;

function accepted(bytes: string): RequestHead {
  const { head, fault } = readRequest(bytes);
  expect(fault).toBeUndefined();
  return head as RequestHead;
}

describe('what is refused', () => {
  const nul = '\u0000';
  const cases: Readonly<Record<string, readonly [fault: string, requests: readonly string[]]>> = {
    'two framings, in either order': ['conflicting-length', [withField('content-length: 5\r\ntransfer-encoding: chunked'), withField('transfer-encoding: chunked\r\ncontent-length: 5')]],
    'a repeated length, equal or not': ['conflicting-length', [withField('content-length: 5\r\ncontent-length: 5'), withField('content-length: 5\r\nCONTENT-LENGTH: 6')]],
    'a length that is no plain number': [
      'bad-content-length',
      ['+5', '-5', '0_5', '5a', '0x5', '0b101', '0o5', '5e0', '5.0', '"5"', 'five', '5 6', '5, 5', '5,6', '', '\u00b2', '5\u0085', '005', '010', '\r\n 5', '5\t', '5 \t', '9'.repeat(40), String(2n ** 64n + 5n)].map((value) => withField(`content-length: ${value}`)),
    ],
    'a repeated coding': ['bad-transfer-encoding', [withField('transfer-encoding: chunked\r\ntransfer-encoding: chunked'), withField('transfer-encoding: chunked\r\ntransfer-encoding: identity')]],
    'a coding that is not exactly chunked': [
      'bad-transfer-encoding',
      ['xchunked', '"chunked"', 'chunked;q=1', 'chunked, identity', 'chunked, chunked', 'identity', ',chunked', 'chunked,', 'chunked\u00a0', '\u0085chunked', 'cow', 'chunked\t', ''].map((value) => withField(`transfer-encoding: ${value}`)),
    ],
    'a coding that we do not have': ['unsupported-transfer-encoding', [withField('transfer-encoding: gzip')]],
    'a coding in HTTP/1.0': ['bad-transfer-encoding', ['POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n']],
    'bad field names': ['bad-field-name', [': x', 'a b: x', 'a\u00a0: x', 'a\u000b: x', `a${nul}: x`, 'a(: x', 'a/b: x', 'a{: x', 'transfer-encoding : chunked', 'transfer-encoding\t: chunked', 'no colon'].map(withField)],
    'control characters in values': ['bad-field-value', [`a: x${nul}y`, 'a: x\u0001', 'a: x\u007f', 'transfer-encoding: \u000bchunked', 'a: x\u0008y'].map(withField)],
    'line ends that are not CRLF': ['bad-line-end', ['POST / HTTP/1.1\r\nhost: a\nb: c\r\n\r\n', 'POST / HTTP/1.1\r\nhost: a\r\r\n\r\n', 'POST / HTTP/1.1\r\nhost: a\rb: c\r\n\r\n', 'POST / HTTP/1.1\r\nhost: a\r\n\rX', 'POST / HTTP/1.1\r\nhost: a\r\nb\n: c\r\n\r\n']],
    'folded lines': ['folded-line', [withField('a: x\r\n y'), withField('a: x\r\n\ty'), 'POST / HTTP/1.1\r\n host: a\r\n\r\n']],
    'hosts missing, repeated or malformed': [
      'bad-host',
      ['GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n', ...['', 'a b', 'a/b', 'u@a', 'a?b', 'a\\b', '[::1', 'a:b', 'a:1:2', 'a:-1', 'a:123456', '<a>', 'http://a', '"a"', 'a, b', '{a}', 'a|b', '[]', '[g]', ':80'].map((host) => `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)],
    ],
    'malformed methods': ['bad-method', [' GET / HTTP/1.1', 'G(T / HTTP/1.1', `G${nul}T / HTTP/1.1`, '\u00ffET / HTTP/1.1', 'G/T / HTTP/1.1', '\tGET / HTTP/1.1', `${'A'.repeat(20_000)} / HTTP/1.1`, '\u0016\u0003\u0001', '{"json": 1}', '\nGET / HTTP/1.1'].map(withLine)],
    'malformed targets': [
      'bad-target',
      ['GET  / HTTP/1.1', 'GET a HTTP/1.1', 'GET ?x HTTP/1.1', 'GET ! HTTP/1.1', 'GET a:80 HTTP/1.1', 'GET http:// HTTP/1.1', 'GET http:///p HTTP/1.1', 'GET http://u@a/ HTTP/1.1', 'GET ftp://a/ HTTP/1.1', 'GET /#f HTTP/1.1', 'GET /\u00ff HTTP/1.1', `GET /${nul} HTTP/1.1`, 'GET /\u007f HTTP/1.1', 'GET /\t HTTP/1.1', 'GET * HTTP/1.1', 'GET /\r\n', 'CONNECT /x HTTP/1.1'].map(withLine),
    ],
    'malformed versions': ['bad-version', ['GET / HTTP/1.10', 'GET / HTTP/1', 'GET / HTTP/1.', 'GET / HTTP/01.1', 'GET / http/1.1', 'GET / HTTPS/1.1', 'GET / HTTP/+1.1', 'GET / HTTP/4294967297.1', 'GET /  HTTP/1.1'].map(withLine)],
    'other versions': ['unsupported-version', ['GET / HTTP/2.0', 'GET / HTTP/0.9', 'GET / HTTP/9.9', 'GET / HTTP/1.2'].map(withLine)],
    'versions with something behind them': ['bad-line-end', ['GET / HTTP/1.1 ', 'GET / HTTP/1.1\t', 'GET / HTTP/1.1\r'].map(withLine)],
    'options of the connection that are no tokens': ['bad-connection', [withField('connection: close, a b'), withField('connection: "close"')]],
  };
  for (const [what, [fault, requests]] of Object.entries(cases)) {
    test.each(requests.map((bytes) => [JSON.stringify(bytes).slice(0, 120), bytes]))(`${what}: %s`, (_shown, bytes) => {
      expect(readRequest(bytes)).toMatchObject({ end: 'refused', fault });
    });
  }

  test('of what was refused nothing is left to be seen', () => {
    const { head } = readRequest(withField('x-secret: 1\r\nbad name: 2'));
    expect([head.entries(), head.count]).toEqual([[], 0]);
  });

  test('limits: a head too large, a first line too long, too many fields', () => {
    const limits = { headBytesMax: 200, fieldsMax: 3 };
    expect(readRequest(withField(`a: ${'x'.repeat(200)}`), [], limits).fault).toBe('head-too-large');
    expect(readRequest(withField(`a: ${'x'.repeat(200)}`), Array.from({ length: 300 }, () => 1), limits).fault).toBe('head-too-large');
    expect(readRequest(`GET /${'x'.repeat(300)}`, [100, 100, 100], limits).fault).toBe('first-line-too-long');
    expect(readRequest('GET / HTTP/1.1\r\nhost: a\r\nb: 1\r\nc: 1\r\nd: 1\r\n\r\n', [], limits).fault).toBe('too-many-fields');
  });
});

describe('what is understood', () => {
  test('the parts of a head', () => {
    const head = accepted('POST /a/b?c=d HTTP/1.1\r\nHost: a.test:8080\r\nContent-Length: 12\r\nX-Many: 1\r\nx-many:2  \r\nX-Bytes: \u00e4\t!\r\n\r\n');
    expect([head.method, head.path, head.authority, head.framing, head.contentLength, head.keepsAlive]).toEqual(['POST', '/a/b?c=d', 'a.test:8080', 'length', 12, true]);
    expect(head.get('x-many')).toBe('1, 2');
    expect(head.get('x-bytes')).toBe('\u00e4\t!');
    expect(head.get('x-none')).toBeUndefined();
    expect(head.count).toBe(5);
  });

  test.each([
    ['GET / HTTP/1.1\r\nhost: a\r\n\r\n', true],
    ['GET / HTTP/1.1\r\nhost: a\r\nconnection: Close\r\n\r\n', false],
    ['GET / HTTP/1.1\r\nhost: a\r\nconnection: x, close\r\nconnection: keep-alive\r\n\r\n', false],
    ['GET / HTTP/1.0\r\n\r\n', false],
    ['GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', true],
  ])('whether the connection lives on: %j', (bytes, keepsAlive) => {
    expect(accepted(bytes).keepsAlive).toBe(keepsAlive);
  });

  test('targets in absolute form replace the host, also in what is forwarded', () => {
    const head = accepted('GET http://real.test:81/x?y HTTP/1.1\r\nhost: claimed.test\r\n\r\n');
    expect([head.authority, head.path, head.get('host')]).toEqual(['real.test:81', '/x?y', 'real.test:81']);
    expect(accepted('GET http://a?x HTTP/1.1\r\nhost: a\r\n\r\n').path).toBe('/?x');
  });

  test('the other forms of targets', () => {
    expect(accepted('OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n').path).toBe('*');
    expect(accepted('CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n').path).toBe('a.test:443');
  });

  test('hosts of every kind', () => {
    for (const host of ['a', 'a.b-c.test', '127.0.0.1:80', '[::1]', '[fe80::1]:8080', 'a_b', 'x%20y', 'a:']) {
      expect(accepted(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`).authority).toBe(host);
    }
  });

  test('one empty line before a request is forgiven, a second is not', () => {
    expect(accepted('\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n').method).toBe('GET');
    expect(readRequest('\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n').fault).toBe('bad-method');
  });

  test('lower case is another method', () => {
    expect(accepted('get / HTTP/1.1\r\nhost: a\r\n\r\n').method).toBe('get');
    expect(accepted('post / HTTP/1.1\r\nhost: a\r\n\r\n').method).toBe('post');
  });

  test('a length of zero is no body', () => {
    expect(accepted(withField('content-length: 0')).framing).toBe('none');
  });

  test('another protocol is seen through before it ends a line', () => {
    expect(readRequest('\u0016\u0003\u0001\u0002').end).toBe('refused');
    expect(readRequest('GET / SSH').end).toBe('refused');
  });
});
