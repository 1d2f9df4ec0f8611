/** What a connection manager is told about whom to believe, compiled. */
import type { RequestHead } from '@sluice/http';
import type { CidrRange } from '../ip-address.ts';

/** How the connection manager knows its own. */
export interface InternalAddresses {
  readonly unixSockets: boolean;
  readonly ranges: readonly CidrRange[];
}

/** Finds the client's address; undefined: not this way. */
export interface ClientDetection {
  /** A status answers in place of going on. */
  detect(head: RequestHead): DetectedClient | number | undefined;
  readonly appendsForwardedFor: boolean;
}

export interface DetectedClient {
  readonly host: string;
  /** Whether the request may be internal because of it. */
  readonly mayBeInternal: boolean;
}
