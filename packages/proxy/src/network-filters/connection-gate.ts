/** What decides whether a connection goes on to the end of its chain, before the first byte is served. */
import type { ConnectionInfo } from '../downstream/connection-info.ts';

export interface ConnectionGate {
  /** False: the connection is closed. May write into `info`. */
  admit(info: ConnectionInfo): boolean;
  /** A connection that was admitted has ended. */
  release?(): void;
}
