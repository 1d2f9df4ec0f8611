/**
 * Answers of a hostile or broken upstream, each by name. Whatever comes, the client gets one well-formed answer or sees
 * that it was cut, and no byte of it reaches the answer to another request.
 */

export interface ResponseCase {
  readonly name: string;
  /** What the upstream writes when the request is there, in latin1. */
  readonly bytes: string;
  /** The status the client gets. */
  readonly status: number;
  /** Body, where one comes through. */
  readonly body?: string;
  /** The client sees that the answer was cut: more was announced than came. */
  readonly isCut?: boolean;
  /** Whether the upstream ends its side after the bytes. Default true. */
  readonly closes?: boolean;
  readonly method?: string;
}

const ok = (fields: string, body = '') => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const chunked = 'Transfer-Encoding: chunked\r\n';
const bad = (name: string, bytes: string): ResponseCase => ({ name, bytes, status: 502 });
const eachBad = (name: string, values: readonly string[], make: (value: string) => string): ResponseCase[] => values.map((value) => bad(`${name} ${JSON.stringify(value)}`, make(value)));

export const framingCases: readonly ResponseCase[] = [
  ...eachBad('two lengths', ['5\r\nContent-Length: 6', '5, 6', '\r\nContent-Length: 5'], (value) => ok(`Content-Length: ${value}\r\n`, 'hello!')),
  ...eachBad('CL of value', ['+5', '-5', '0x5', '5e0', '5 5', '', '18446744073709551621', '5\x00'], (value) => ok(`Content-Length: ${value}\r\n`, 'hello')),
  bad('both framings', ok(`Content-Length: 3\r\n${chunked}`, '0\r\n\r\n')),
  ...eachBad('TE of value', ['xchunked', 'chunked, gzip', 'chunked, chunked', ',chunked', '\x0bchunked', 'identity'], (value) => ok(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n')),
  bad('TE by a name with a space before its colon', ok('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')),
  { name: 'a chunk of a bad size cuts the answer', bytes: ok(chunked, '5\r\nhello\r\n0x5\r\nhello\r\n0\r\n\r\n'), status: 200, isCut: true },
  { name: 'an end before the last chunk cuts the answer', bytes: ok(chunked, '5\r\nhello\r\n'), status: 200, isCut: true },
  { name: 'an end within the length cuts the answer', bytes: ok('Content-Length: 10\r\n', 'hello'), status: 200, isCut: true },
  { name: 'a body until the end of the connection', bytes: ok('', 'hello'), status: 200, body: 'hello' },
];

export const headCases: readonly ResponseCase[] = [
  ...eachBad('status line', ['HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 000 OK', 'HTTP/1.1 099 OK', 'HTTP/2.0 200 OK', 'ICY 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 abc', 'hello'], (line) => `${line}\r\nContent-Length: 0\r\n\r\n`),
  ...eachBad('value with', ['\x00', 'a\rb', 'a\x00b'], (value) => ok(`X: ${value}\r\nContent-Length: 0\r\n`)),
  bad('a reason with NUL', 'HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n'),
  bad('a folded field', ok('X: a\r\n b\r\nContent-Length: 0\r\n')),
  bad('a head of bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'),
  bad('a field without a colon', ok('Nothing\r\nContent-Length: 0\r\n')),
  bad('a head of 200 kB', ok(`X: ${'a'.repeat(200_000)}\r\nContent-Length: 0\r\n`)),
  bad('twenty thousand fields', ok(`${'X: y\r\n'.repeat(20_000)}Content-Length: 0\r\n`)),
  bad('a head without end', `HTTP/1.1 200 OK\r\n${`X: ${'a'.repeat(1000)}\r\n`.repeat(2_000)}`),
  { ...bad('no head at all', ''), status: 503 },
  bad('a 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
];

/** Bytes beyond the answer, or after one that has none: never given to the next request. */
export const extraCases: readonly ResponseCase[] = [
  { name: 'a second answer in the same piece', bytes: `${ok('Content-Length: 5\r\n', 'hello')}${ok('Content-Length: 8\r\n', 'poisoned')}`, status: 200, body: 'hello', closes: false },
  { name: 'garbage after the answer', bytes: `${ok('Content-Length: 5\r\n', 'hello')}garbage`, status: 200, body: 'hello', closes: false },
  { name: 'a body on a 204', bytes: `HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\npoisoned`, status: 204, closes: false },
  { name: 'a body on a 304', bytes: `HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\npoisoned`, status: 304, closes: false },
  { name: 'a body on the answer to a HEAD', bytes: ok('Content-Length: 8\r\n', 'poisoned'), status: 200, method: 'HEAD', closes: false },
  { name: 'interim answers before the real one', bytes: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('Content-Length: 5\r\n', 'hello')}`, status: 200, body: 'hello', closes: false },
  { name: 'a flood of interim answers', bytes: `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3_000)}${ok('Content-Length: 5\r\n', 'hello')}`, status: 502, closes: false },
];
