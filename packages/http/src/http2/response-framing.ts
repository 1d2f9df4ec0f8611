/** What the head of a response says of its body, beside what HTTP says (RFC 9110 6.4.1, RFC 9113 8.1). */
import type { ResponseHead } from '../message-head.ts';
import type { Http2Stream } from './http2-stream.ts';

/** Sets the head's framing and what its stream expects. Gives why the two cannot be; undefined when they can. */
export function frameResponse(head: ResponseHead, stream: Http2Stream, endsStream: boolean): string | undefined {
  const { status, contentLength: length } = head;
  const isInterim = status < 200;
  if (isInterim && (endsStream || status === 101)) return `interim status ${status}`;
  const isBodyless = endsStream || isInterim || stream.answersHead || status === 204 || status === 304;
  if (endsStream && length > 0 && !stream.answersHead && status !== 304) return 'content-length without a body';
  head.framing = isBodyless ? 'none' : length < 0 ? 'chunked' : 'length';
  head.contentLength = Math.max(length, 0);
  if (isInterim) return undefined;
  stream.hasResponse = true;
  stream.missingBytes = isBodyless ? 0 : length;
  return undefined;
}
