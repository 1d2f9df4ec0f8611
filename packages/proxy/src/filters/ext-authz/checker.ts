/** Who is asked about requests: an HTTP or a gRPC service behind a cluster. */
import type { Buffer } from 'node:buffer';
import type { Stream } from '../../stream.ts';
import type { AsyncCall } from '../../upstream/async-client.ts';
import type { CheckVerdict } from './check-verdict.ts';

/** What is asked about. */
export interface CheckSubject {
  readonly stream: Stream;
  /** As much of the body as the service gets to see; undefined where it gets none. */
  readonly body: Buffer | undefined;
  /** More of the body follows. */
  readonly isPartial: boolean;
  /** What the route tells the service. */
  readonly contextExtensions: ReadonlyMap<string, string>;
}

export interface Checker {
  /** Calls back once, possibly before it returns. */
  check(subject: CheckSubject, onVerdict: (verdict: CheckVerdict) => void): AsyncCall;
}

/** Tells a service whether it has seen all of a body. */
export const partialBodyHeader = 'x-envoy-auth-partial-body';
