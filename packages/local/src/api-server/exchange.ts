/**
 * One request and its answer as values. The HTTP shell, clients in the same process and a simulation all
 * speak to the server in this form.
 */

import type { UserInfo } from './request/user.ts';

export interface ApiRequest {
  /** `GET`, `POST`, `PUT`, `PATCH` or `DELETE`. Others are answered with 405. */
  readonly method: string;
  /** Path and query as in the request line: `/api/v1/namespaces/default/pods?limit=500`. */
  readonly path: string;
  /** Names in lower case. What is read: accept, content-type, if-none-match, user-agent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Empty or absent when there is none. */
  readonly body?: string | Uint8Array;
  /** On whose behalf; the person at this machine when nobody is named. */
  readonly user?: UserInfo;
}

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case; `content-type` is always there when there is a body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ApiBody;
  /** The answer is not to arrive whole. Only fault switches ask for this. */
  readonly breakOff?: BreakOff;
}

/** After so many bytes of the body the connection goes, or nothing comes any more. */
export interface BreakOff {
  readonly how: 'cut' | 'silence';
  readonly afterBytes: number;
}

/**
 * `text` is a whole body, JSON included: it comes from a cache of serialised objects, and whoever parses
 * it gets a value that nobody else holds. `stream` is a watch or a followed log.
 */
export type ApiBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'stream'; readonly stream: TextStream };

/** Text that arrives over time. Of a watch, each piece is one or more whole lines. */
export interface TextStream {
  /** Sets who hears, once. What came before is delivered then, and never while `listen` itself runs. */
  listen(sink: TextSink): void;
  /** Nobody listens any more. Nothing is delivered afterwards, `onEnd` neither. */
  close(): void;
}

export interface TextSink {
  onText(text: string): void;
  /** The server ended it, in order. Called at most once. */
  onEnd(): void;
}
