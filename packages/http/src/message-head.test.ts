import { expect, test } from 'vitest';
import type { RequestHead } from './message-head.ts';
import { readRequest } from './testing/index.ts';

test('a copy of a request says all that the request said, when that is long something else', () => {
  const head = readRequest('POST http://a.test:81/b?c HTTP/1.0\r\nHost: a.test:81\r\nX-One: 1\r\nConnection: x-two, close\r\nContent-Length: 7\r\n\r\n').head as RequestHead;
  const { method, path, authority, absoluteScheme, minorVersion, framing, contentLength, keepsAlive, connectionOptions } = head;
  const fields: string[] = [];
  head.forEach((name, value) => fields.push(`${name}: ${value}`));
  const copy = head.copy();
  head.reset();
  expect(copy).toMatchObject({ method, path, authority, absoluteScheme, minorVersion, framing, contentLength, keepsAlive, connectionOptions });
  expect([method, path, absoluteScheme, contentLength, connectionOptions.length, fields.length]).toEqual(['POST', '/b?c', 'http', 7, 2, 4]);
  const copied: string[] = [];
  copy.forEach((name, value) => copied.push(`${name}: ${value}`));
  expect(copied).toEqual(fields);
});
