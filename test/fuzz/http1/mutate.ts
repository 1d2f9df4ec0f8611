/** Messages that are nearly right: good ones, changed in a few places by pieces that parsers have stumbled over. */
import { Buffer } from 'node:buffer';
import { randomInt, type Random } from '@sluice/kernel';

const pieces: readonly string[] = [
  '\r', '\n', '\r\n', '\r\n\r\n', '\n\n', ' ', '\t', '\u000b', '\u000c', '\u0000', '\u0085', '\u00a0', '\u00ff', ':', ' :', ';', '"', ',', '0', '1', '5', '-1', '+5', '0x5', 'f', '00', '9999999999999999999',
  'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'content-length : 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding:\r\n chunked\r\n',
  'Host: b\r\n', 'Connection: close\r\n', 'Connection: upgrade\r\nUpgrade: websocket\r\n', 'X: y\r\n', 'X-Very-Long: '.padEnd(200, 'z'), '0\r\n\r\n', '5\r\nhello\r\n', 'chunked', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', '{', '#', '%00', '\\',
];

/** One to four changes to a message of the corpus. */
export function mutate(corpus: readonly string[], random: Random): Buffer {
  let text = pick(corpus, random);
  for (let changes = 1 + randomInt(random, 4); changes > 0; changes -= 1) text = change(text, corpus, random);
  return Buffer.from(text, 'latin1');
}

function change(text: string, corpus: readonly string[], random: Random): string {
  const at = randomInt(random, text.length + 1);
  const length = 1 + randomInt(random, 6);
  switch (randomInt(random, 7)) {
    case 0:
      return text.slice(0, at) + pick(pieces, random) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + pick(pieces, random) + text.slice(at + length);
    case 3:
      return text.slice(0, at) + String.fromCharCode(randomInt(random, 256)) + text.slice(at + 1);
    case 4:
      return text.slice(0, at) + text.slice(Math.max(0, at - length * 4));
    case 5:
      return text.slice(0, at) + pick(corpus, random).slice(randomInt(random, 40));
    default: {
      // At a line's start, where fields are.
      const lineStart = text.indexOf('\r\n', at) + 2;
      return lineStart < 2 ? text : text.slice(0, lineStart) + pick(pieces, random) + text.slice(lineStart);
    }
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[randomInt(random, items.length)] as T;
}
