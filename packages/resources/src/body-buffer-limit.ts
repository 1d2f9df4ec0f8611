/** How much of a request body is kept for further tries and for mirrors: the two fields by which routes and virtual hosts say it. */
import type { MessageReader } from './decode/message-reader.ts';

export interface BodyBufferLimit {
  readonly bytesMax: number;
  /** Whether it may be more than the listener's buffer. Only `request_body_buffer_limit` may. */
  readonly mayExceedListener: boolean;
}

export function readBodyBufferLimit(reader: MessageReader): BodyBufferLimit | undefined {
  const bytesMax = reader.integer('request_body_buffer_limit', { min: 0 });
  const older = reader.uint32('per_request_buffer_limit_bytes');
  if (bytesMax !== undefined) return { bytesMax, mayExceedListener: true };
  return older === undefined ? undefined : { bytesMax: older, mayExceedListener: false };
}
