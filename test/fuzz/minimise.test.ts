import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { minimise } from './minimise.ts';
import { escape, readCorpus } from './read-corpus.ts';

test('what is left is what makes it fail', () => {
  const fails = (bytes: Buffer) => /a.*b/s.test(bytes.toString('latin1'));
  expect(minimise(Buffer.from('xxxxaxxxxxxbxx'), fails).toString()).toBe('ab');
});

test('a message that is kept is read as it was', () => {
  const [entry] = readCorpus('http1/request').filter(({ name }) => name === 'te-vertical-tab');
  expect(entry?.bytes.toString('latin1')).toBe('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n');
  expect(escape(entry?.bytes ?? Buffer.alloc(0))).toContain('Transfer-Encoding: \\x0bchunked\\r\\n\n');
});
