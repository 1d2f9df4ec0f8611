/** What serves a connection at the end of its chain, where that is not the HTTP connection manager. */
import type { Buffer } from 'node:buffer';

export type NetworkServerConfig =
  /** Sends what came back to where it came from. */
  | { readonly kind: 'echo' }
  /** Sends this, then closes. */
  | { readonly kind: 'direct-response'; readonly response: Buffer };
