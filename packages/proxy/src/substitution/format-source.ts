/** What a format string is filled in from: a stream, or as much of one as exists when a header is written. */
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { StreamInfo } from '../stream-info.ts';

export interface FormatSource {
  readonly info: StreamInfo;
  readonly request: RequestHead;
  readonly response: ResponseHead | undefined;
}

/** What an operator stands for. Undefined where there is nothing to say: shown as `-`, or left out. */
export type FieldReader = (source: FormatSource) => string | number | undefined;
