/**
 * Requests of the proxy's own, through its clusters: what filters and others ask services about goes by the same picks,
 * limits and pools as the requests of clients.
 */
import type { Buffer } from 'node:buffer';
import type { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import type { OutcomeCode } from '../outcome.ts';

export interface AsyncRequest {
  readonly clusterName: string;
  /** The client's from now on. Its framing is set here, by the body. */
  readonly head: RequestHead;
  /** Default: none. */
  readonly body?: Buffer;
  /** Until the whole answer is here, in ms. 0 waits for as long as the host does. */
  readonly timeoutMs: number;
  /** Larger answers are failures. Default 1 MiB. Chosen: what is asked about are verdicts and keys. */
  readonly answerBytesMax?: number;
  /** Whether it wants HTTP/2 of hosts that speak either. */
  readonly prefersHttp2?: boolean;
}

export type AsyncResult =
  | { readonly kind: 'answered'; readonly head: ResponseHead; readonly body: Buffer; readonly trailers: Trailers | undefined }
  /** `reason` is a sentence without its subject, for logs. */
  | { readonly kind: 'failed'; readonly code: OutcomeCode; readonly reason: string };

/** A request under way. */
export interface AsyncCall {
  /** The answer is not wanted any more; the callback is not called. */
  cancel(): void;
}

export interface AsyncClient {
  /** Calls back once, possibly before it returns; never after `cancel`. */
  send(request: AsyncRequest, onDone: (result: AsyncResult) => void): AsyncCall;
  hasCluster(name: string): boolean;
}

/** Of a request that is over already. */
export const overCall: AsyncCall = { cancel() {} };

/** For proxies that are not there: every cluster is missing. */
export const noAsyncClient: AsyncClient = {
  send(request, onDone) {
    onDone(missingCluster(request.clusterName));
    return overCall;
  },
  hasCluster: () => false,
};

export function missingCluster(name: string): AsyncResult {
  return { kind: 'failed', code: 'no-cluster', reason: `there is no cluster ${name}` };
}
