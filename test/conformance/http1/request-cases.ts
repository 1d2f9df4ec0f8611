/**
 * Requests that parsers have disagreed about, each by name. What must come of them: RFC 9112 and 9110, and where those
 * leave a choice, refusing.
 */

export interface RequestCase {
  readonly name: string;
  /** What one client connection sends, in latin1. */
  readonly bytes: string;
  /** Targets of the requests that a back end may see, in order. Empty: refused. */
  readonly forwarded: readonly string[];
  /** Bodies of those, where that is the point. */
  readonly bodies?: readonly string[];
  /** Whether the connection is refused after those: an error answer, and the end. Default: when nothing is forwarded. */
  readonly ends?: boolean;
  /** Whether the client ends its side after the bytes: a message that is cut off. */
  readonly isCutOff?: boolean;
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n';
const head = (fields: string, target = '/x', method = 'POST', version = 'HTTP/1.1') => `${method} ${target} ${version}\r\nHost: a\r\n${fields}\r\n`;
const post = (fields: string, body = '') => `${head(fields)}${body}`;
const get = (fields = '', target = '/x') => head(fields, target, 'GET');

const refused = (name: string, bytes: string): RequestCase => ({ name, bytes, forwarded: [] });
const cutOff = (name: string, bytes: string): RequestCase => ({ name, bytes, forwarded: [], isCutOff: true, ends: true });
const taken = (name: string, bytes: string, more: Partial<RequestCase> = {}): RequestCase => ({ name, bytes, forwarded: ['/x'], ...more });
const eachRefused = (name: string, values: readonly string[], make: (value: string) => string): RequestCase[] => values.map((value) => refused(`${name} ${JSON.stringify(value)}`, make(value)));

/** 2^64 + 5 and friends: numbers that wrap. */
const hugeNumbers = ['18446744073709551621', '9'.repeat(49)];

export const framingCases: readonly RequestCase[] = [
  refused('CL.TE: length first, and a request inside', post(`Content-Length: ${5 + smuggled.length}\r\n${chunked}`, `0\r\n\r\n${smuggled}`)),
  refused('TE.CL: coding first, and a request inside', post(`${chunked}Content-Length: 4\r\n`, `5c\r\n${smuggled}`)),
  ...eachRefused('TE.TE: a second line', ['chunked', 'identity', 'cow', 'gzip'], (value) => post(`${chunked}Transfer-Encoding: ${value}\r\n`, `0\r\n\r\n${smuggled}`)),
  ...eachRefused(
    'TE of value',
    ['xchunked', '"chunked"', 'chunked;q=1', 'chunked, identity', 'chunked, chunked', ',chunked', 'chunked,', '\x0bchunked', 'chunked\x0c', 'chunked\x00', '\x85chunked', '\xa0chunked', '\xffchunked', 'cow, chunked', 'identity', ''],
    (value) => post(`Transfer-Encoding: ${value}\r\n`, `0\r\n\r\n${smuggled}`),
  ),
  taken('TE in capitals is the same coding', post('Transfer-Encoding: CHUNKED\r\n', '5\r\nhello\r\n0\r\n\r\n'), { bodies: ['hello'] }),
  ...eachRefused('TE by a name like it:', ['Transfer-Encoding :', 'Transfer-Encoding\t:', ' Transfer-Encoding:', 'Transfer-Encoding\x00:', 'Transfer\xa0Encoding:', 'Transfer-Encoding\x0b:', 'Transfer-\r\nEncoding:'], (name) => post(`${name} chunked\r\n`, `0\r\n\r\n${smuggled}`)),
  refused('TE in HTTP/1.0', head(chunked, '/x', 'POST', 'HTTP/1.0') + `0\r\n\r\n${smuggled}`),
  taken('a length is always consumed, also on a GET', `${get('Content-Length: 5\r\n')}hello${get('', '/y')}`, { forwarded: ['/x', '/y'], bodies: ['hello', ''] }),
  ...eachRefused('two lengths', ['5\r\nContent-Length: 6', '5\r\ncontent-length: 6', '\r\nContent-Length: 5', '5, 6'], (value) => post(`Content-Length: ${value}\r\n`, 'hello!')),
  ...eachRefused(
    'CL of value',
    ['+5', '-5', '-0', '5a', '0x5', '0b101', '0o5', '5e0', '5.0', '0_5', '"5"', 'five', '5 5', '5\t5', '5\x00', '\x0b5', '5\x0c', '5\x85', '\xa05', '', ...hugeNumbers],
    (value) => post(`Content-Length: ${value}\r\n`, 'hello'),
  ),
  ...eachRefused('CL with leading zeros', ['005', '010'], (value) => post(`Content-Length: ${value}\r\n`, `0123456789${get('', '/y')}`)),
  ...eachRefused('chunk size', ['0x5', '+5', '-5', ' 5', '0_5', 'g', '', '5.0', '5h', '5\x00', '5\x0b', '"5"', '16 F', '10000000000000005', '5 hello'], (size) => post(chunked, `${size}\r\nhello\r\n0\r\n\r\n`)),
  ...eachRefused('chunk line ended by', ['\n', '\r\r\n', '\rX', '\n\r', 'XX', ''], (end) => post(chunked, `5${end}hello\r\n0\r\n\r\n`)),
  ...eachRefused('chunk data ended by', ['\n', 'XX', '\r\r\n', '', '\n\r'], (end) => post(chunked, `5\r\nhello${end}0\r\n\r\n`)),
  refused('chunk with one byte too many', post(chunked, '4\r\nhello\r\n0\r\n\r\n')),
  ...eachRefused('last chunk', ['0\n\r\n', '-0\r\n\r\n', '0x0\r\n\r\n', '0 junk\r\n\r\n', '\r\n0\r\n\r\n'], (last) => post(chunked, `5\r\nhello\r\n${last}`)),
  ...eachRefused('chunk extension with', ['\n', '\r', '\x00', '"\r\n"'], (odd) => post(chunked, `5;a${odd}b\r\nhello\r\n0\r\n\r\n`)),
  taken('chunk extensions are not passed on', post(chunked, '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'), { bodies: ['hello'] }),
  refused('a chunk extension of 1 MiB', post(chunked, `5;${'a'.repeat(1024 * 1024)}\r\nhello\r\n0\r\n\r\n`)),
  refused('a thousand chunks of one byte with 1 kB of extension each', post(chunked, `${`1;${'a'.repeat(1024)}\r\nx\r\n`.repeat(1000)}0\r\n\r\n`)),
  ...eachRefused('trailer', ['NoColon', 'A : b', 'A: b\x00', ' folded'], (line) => post(chunked, `0\r\n${line}\r\n\r\n`)),
  refused('trailers of 1 MiB', post(chunked, `0\r\nA: ${'b'.repeat(1024 * 1024)}\r\n\r\n`)),
  ...eachRefused('trailer that frames:', ['Content-Length: 30', 'Transfer-Encoding: chunked'], (line) => post(chunked, `0\r\n${line}\r\n\r\n${get('', '/y')}`)),
  taken('trailers that route or grant are dropped', `${post(chunked, '0\r\nHost: b\r\nAuthorization: x\r\nX-Forwarded-For: y\r\n\r\n')}${get('', '/y')}`, { forwarded: ['/x', '/y'] }),
  taken('trailers go on as trailers, not as fields of the head', `${post(chunked, '0\r\nX-Admin: yes\r\n\r\n')}${get('', '/y')}`, { forwarded: ['/x', '/y'] }),
  cutOff('cut off within the length', post('Content-Length: 10\r\n', 'hello')),
  cutOff('cut off within a chunk', post(chunked, '5\r\nhel')),
  cutOff('cut off before the last chunk', post(chunked, '5\r\nhello\r\n')),
  cutOff('cut off before the end of the last chunk', post(chunked, '5\r\nhello\r\n0\r\n')),
  taken('garbage after a message: the first is answered, the rest refused', `${get()}\x00\x01garbage\r\n\r\n`, { ends: true }),
  taken('a bad request after a good one is refused by the same rules', `${get()}${post(`Content-Length: 5\r\n${chunked}`, '0\r\n\r\n')}`, { ends: true }),
];

export const headCases: readonly RequestCase[] = [
  refused('a head of bare LF', 'GET /x HTTP/1.1\nHost: a\n\n'),
  refused('one line ended by bare LF', 'GET /x HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n'),
  refused('LF LF in a value', get('X: a\n\nGET /smuggled HTTP/1.1\r\n')),
  ...eachRefused('bare CR', ['GET /x HTTP/1.1\rHost: a\r\r', get('X: a\rb\r\n'), get('X: a\r\r\n'), 'GET /x HTTP/1.1\r\nHost: a\r\n\r\rX'], (bytes) => bytes),
  ...eachRefused('folded', ['Host: a\r\n b', 'Content-Length:\r\n 5', 'Transfer-Encoding:\r\n\tchunked', 'X: a\r\n '], (field) => `POST /x HTTP/1.1\r\n${field}\r\n\r\nhello`),
  refused('a first field line that begins with a space', 'GET /x HTTP/1.1\r\n Host: a\r\n\r\n'),
  ...eachRefused('field name', ['', 'A B', 'A\x00', 'A\x80', 'A(', 'A<', 'A@', 'A,', 'A;', 'A"', 'A/', 'A[', 'A?', 'A{', 'A='], (name) => get(`${name}: b\r\n`)),
  refused('a field without a colon', get('Nothing\r\n')),
  ...eachRefused('value with', ['\x00', '\x00b', 'a\x00b'], (value) => get(`X: ${value}\r\n`)),
  taken('bytes above 0x7f in a value pass untouched', get('X: \x80\xff\r\n')),
  ...eachRefused('request line', ['GET  /x HTTP/1.1', 'GET\t/x\tHTTP/1.1', ' GET /x HTTP/1.1', 'GET /x HTTP/1.1 ', 'GET /x\n HTTP/1.1', 'GET /x', 'GET /x HTTP/1.1\r'], (line) => `${line}\r\nHost: a\r\n\r\n`),
  ...eachRefused('version', ['HTTP/1.10', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/9.9', 'HTTP/1', 'HTTP/1.', 'HTTP/01.1', 'http/1.1', 'HTTPS/1.1', 'HTTP/+1.1', 'HTTP/4294967297.1'], (version) => `GET /x ${version}\r\nHost: a\r\n\r\n`),
  ...eachRefused('method', ['G\x00T', 'G(T', 'G"T', 'G\xffT', 'G/T', 'G:T', 'G{T', 'G@T', 'G=T', 'A'.repeat(20_000)], (method) => `${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`),
  ...eachRefused('target', ['/\x00', '/\x01', '/\x7f', '/a b', '/a\tb', 'x', '!', '?x', '', 'a:80', 'http://', 'http:///p', '/x#fragment', '/\xff'], (target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`),
  refused('a target of 100 kB', get('', `/${'a'.repeat(100_000)}`)),
  refused('a field of 100 kB', get(`X: ${'a'.repeat(100_000)}\r\n`)),
  refused('ten thousand fields', get('X: y\r\n'.repeat(10_000))),
  refused('a name of 64 kB', get(`${'a'.repeat(65_536)}: b\r\n`)),
  refused('4 MB of head', get(`X: ${'a'.repeat(1000)}\r\n`.repeat(4_000))),
  refused('a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(300, '\x00')),
  refused('a response', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  refused('JSON', '{"method":"GET"}\r\n\r\n'),
];

export const hostCases: readonly RequestCase[] = [
  refused('no Host', 'GET /x HTTP/1.1\r\n\r\n'),
  refused('two Hosts', get('Host: b\r\n')),
  refused('an empty Host beside another', 'GET /x HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n'),
  ...eachRefused('Host', ['a b', 'a/b', 'u@a', 'a?b', 'a#b', 'a\\b', '[::1', 'a:x', 'a:1:2', 'a\x00', 'a\tb', '<a>', 'http://a', '"a"', 'a,b', '{a}', 'a|b', 'a:-1'], (host) => `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  taken('absolute-form: its authority replaces Host', 'GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('CONNECT, and what would be tunnelled', `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${smuggled}`),
  refused('GET *', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'),
];

export const connectionCases: readonly RequestCase[] = [
  taken('fields that Connection names are not passed on', get('Connection: close, X-Hop\r\nX-Hop: 1\r\n'), { ends: true }),
  taken('Connection cannot take the length away', `${post('Connection: keep-alive, Content-Length, Host\r\nContent-Length: 5\r\n', 'hello')}${get('', '/y')}`, { forwarded: ['/x', '/y'], bodies: ['hello', ''] }),
  taken('Connection cannot take the coding away', `${post(`Connection: keep-alive, Transfer-Encoding\r\n${chunked}`, '5\r\nhello\r\n0\r\n\r\n')}${get('', '/y')}`, { forwarded: ['/x', '/y'], bodies: ['hello', ''] }),
  taken('an upgrade in HTTP/1.0 is no upgrade', head('Connection: Upgrade\r\nUpgrade: websocket\r\n', '/x', 'GET', 'HTTP/1.0'), { ends: true }),
];

export const expectCases: readonly RequestCase[] = [
  taken('Expect with a body that comes at once', post('Expect: 100-continue\r\nContent-Length: 5\r\n', `hello${get('', '/y')}`), { forwarded: ['/x', '/y'], bodies: ['hello', ''] }),
  taken('Expect without a body', `${get('Expect: 100-continue\r\n')}${get('', '/y')}`, { forwarded: ['/x', '/y'] }),
];
