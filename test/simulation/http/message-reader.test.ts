import { expect, test } from 'vitest';
import { MessageReader, type HttpMessage } from './message-reader.ts';

function read(kind: 'request' | 'response', pieces: readonly string[], ends = false) {
  const messages: HttpMessage[] = [];
  const problems: string[] = [];
  const reader = new MessageReader(kind, { onMessage: (message) => messages.push(message), onProblem: (problem) => problems.push(problem) });
  for (const piece of pieces) reader.push(Buffer.from(piece, 'latin1'));
  if (ends) reader.end();
  return { bodies: messages.map(({ body }) => body), messages, problems };
}

test('reads bodies by length, in chunks and until the end, however the bytes are cut', () => {
  const text =
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-trailer: 1\r\n\r\n' +
    'HTTP/1.1 200 OK\r\n\r\nthe rest';
  expect(read('response', [text], true).bodies).toEqual(['hello', 'abcde', 'the rest']);
  expect(read('response', [...text], true).bodies).toEqual(['hello', 'abcde', 'the rest']);
});

test('a request without a length has no body', () => {
  const { messages } = read('request', ['GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n']);
  expect(messages.map(({ startLine }) => startLine)).toEqual(['GET /a HTTP/1.1', 'GET /b HTTP/1.1']);
  expect(messages[0]?.headers.get('host')).toBe('x');
});

test('a message that stops in the middle, a wrong start and a bad chunk are problems', () => {
  expect(read('response', ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel'], true).problems).toEqual(['ended in the middle of a message']);
  expect(read('response', ['nonsense\r\n\r\n']).problems).toEqual(['start line "nonsense"']);
  expect(read('response', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n']).problems).toEqual(['chunk size "zz"']);
});
