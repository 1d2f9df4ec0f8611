/**
 * One request and its answer, whose body comes piece by piece. The client and the reflector stand on this
 * and on nothing below it, so the same code talks over sockets, to a server in the same process, and to a
 * simulated one.
 */
export interface Transport {
  /**
   * Sends one request. Settles when the head of the answer is there. Rejects when no answer came at all; an
   * answer with an error status is an answer.
   */
  send(request: ApiRequest): Promise<ApiResponse>;
  /** Gives up idle connections. Requests under way are ended. */
  close?(): Promise<void>;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query: `/api/v1/pods?watch=true`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The answer's body may be silent for long, as that of a watch is: no time limit applies to it. */
  readonly streaming?: boolean;
  /** Aborting ends the exchange, also while the body is being read. */
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end, or the request aborted. Throws when the peer went away before the end. */
  readonly body: AsyncIterable<Uint8Array>;
}
