/** A whole message through the readers, with the bytes cut into pieces as a test likes. */
import { Buffer } from 'node:buffer';
import { BodyReader } from '../body-reader.ts';
import { defaultHeadLimits, incomplete, refused, type HeadLimits } from '../head-reader.ts';
import type { RequestHead, ResponseHead } from '../message-head.ts';
import { RequestReader } from '../request-reader.ts';
import { ResponseReader } from '../response-reader.ts';

export interface ReadMessage {
  readonly head: RequestHead | ResponseHead;
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  /** Complete, or waiting for more, or refused and why. */
  readonly end: 'complete' | 'more' | 'refused';
  readonly fault: string | undefined;
  /** Bytes after the message. */
  readonly rest: string;
}

/** @param cuts sizes of the pieces; what remains comes in one */
export function readRequest(bytes: string | Buffer, cuts: readonly number[] = [], limits: HeadLimits = defaultHeadLimits): ReadMessage {
  return readMessage(new RequestReader(limits), bytes, cuts, limits);
}

export function readResponse(bytes: string | Buffer, requestMethod = 'GET', cuts: readonly number[] = [], limits: HeadLimits = defaultHeadLimits): ReadMessage {
  const reader = new ResponseReader(limits);
  reader.requestMethod = requestMethod;
  return readMessage(reader, bytes, cuts, limits);
}

function readMessage(reader: RequestReader | ResponseReader, bytes: string | Buffer, cuts: readonly number[], limits: HeadLimits): ReadMessage {
  const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const body = new BodyReader(limits);
  const parts: string[] = [];
  let headDone = false;
  let used = 0;
  const result = (end: ReadMessage['end'], fault?: string): ReadMessage => ({
    head: reader.head,
    body: parts.join(''),
    trailers: end === 'complete' ? (body.trailers?.entries() ?? []) : [],
    end,
    fault,
    rest: all.toString('latin1', used),
  });
  for (const piece of pieces(all, cuts)) {
    let at = 0;
    if (!headDone) {
      const headEnd = reader.read(piece, 0, piece.length);
      if (headEnd === refused) return result('refused', reader.fault);
      if (headEnd === incomplete) {
        used += piece.length;
        continue;
      }
      headDone = true;
      body.start(reader.head.framing, reader.head.contentLength);
      at = headEnd;
    }
    for (;;) {
      const event = body.next(piece, at, piece.length);
      if (event === 'refused') return result('refused', body.fault);
      at = body.position;
      if (event === 'data') parts.push(piece.toString('latin1', body.dataStart, body.dataEnd));
      if (event === 'end') {
        used += at;
        return result('complete');
      }
      if (event === 'more') break;
    }
    used += piece.length;
  }
  return result('more');
}

/** Each piece is memory of its own that is overwritten afterwards, so that nobody can keep a range of it. */
function* pieces(all: Buffer, cuts: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (const size of [...cuts, all.length]) {
    if (at >= all.length) return;
    const piece = Buffer.from(all.subarray(at, at + Math.max(1, size)));
    at += piece.length;
    yield piece;
    piece.fill(0xdb);
  }
}
