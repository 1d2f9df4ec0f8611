/** Where access-log lines end up: the standard streams or a file that is appended to. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Counter } from '@sluice/kernel';
import type { AccessLogOutput } from '../proxy-options.ts';

/** Bytes that may wait for a slow disk or pipe; what comes on top is dropped. Chosen: seconds of a busy log. */
const pendingBytesMax = 16 * 1024 * 1024;

/** Gives the opener for `ProxyOptions.openAccessLog`. A log that cannot keep up or be written never holds traffic up. */
export function createAccessLogOpener(dropped: Counter, failed: Counter): (path: string) => AccessLogOutput {
  return (path) => {
    if (path === '/dev/stdout') return writeTo(process.stdout, dropped);
    if (path === '/dev/stderr') return writeTo(process.stderr, dropped);
    const open = () => {
      const opened = createWriteStream(path, { flags: 'a' });
      opened.on('error', () => failed.add());
      return opened;
    };
    let file = open();
    return {
      write: (lines) => writeTo(file, dropped).write(lines),
      close: () => file.end(),
      reopen() {
        file.end();
        file = open();
      },
    };
  };
}

function writeTo(stream: Writable, dropped: Counter): AccessLogOutput {
  return {
    write(lines) {
      if (stream.destroyed || stream.writableLength > pendingBytesMax) dropped.add();
      else stream.write(lines);
    },
  };
}
