/** What a route asks of the router beyond one plain try, compiled. Routes that ask for nothing of it have none. */
import type { RequestHead } from '@sluice/http';
import type { BodyBufferLimit } from '@sluice/resources';
import type { RetryRule } from './retry-rule.ts';

/** A mirror of a route. */
export interface Mirror {
  /** The name of the cluster. Undefined when the request names none. */
  readonly clusterOf: (head: RequestHead) => string | undefined;
  /** The share of requests it gets, as of now. Undefined: all. */
  readonly ratio: (() => number) | undefined;
  /** `-shadow` behind the host, so that whoever gets the copy knows. */
  readonly appendsShadow: boolean;
  /** In place of the host. */
  readonly hostLiteral: string | undefined;
}

export interface TryPolicy {
  readonly retry: RetryRule | undefined;
  /** At the per-try timeout another try begins, and the late one goes on. */
  readonly hedges: boolean;
  /** Who else gets the request, without anybody waiting for them. */
  readonly mirrors: readonly Mirror[];
  /** Of bodies kept for another try or a mirror; undefined leaves it to the listener. */
  readonly bodyLimit: BodyBufferLimit | undefined;
  /** Tells upstreams which try it is: `x-envoy-attempt-count`. */
  readonly announcesAttempt: boolean;
  /** Tells upstreams whether a further try was made for a timeout: `x-envoy-is-timeout-retry`. */
  readonly announcesTimeoutRetry: boolean;
  /** Names the chosen endpoint as the host. `isFirst`: what the client had said is to be noted. */
  readonly rewriteToEndpoint: ((head: RequestHead, hostname: string, isFirst: boolean) => void) | undefined;
}

/** Where a route says nothing, but a request or a cluster does. */
export const plainTryPolicy: TryPolicy = {
  retry: undefined,
  hedges: false,
  mirrors: [],
  bodyLimit: undefined,
  announcesAttempt: false,
  announcesTimeoutRetry: false,
  rewriteToEndpoint: undefined,
};

/** Bytes of a body that may be kept. `listenerBytesMax`: what the listener buffers for a connection. */
export function bodyBytesMaxOf({ bodyLimit }: TryPolicy, listenerBytesMax: number): number {
  if (!bodyLimit) return listenerBytesMax;
  return bodyLimit.mayExceedListener ? bodyLimit.bytesMax : Math.min(bodyLimit.bytesMax, listenerBytesMax);
}
