/** What a listener and its connections know of each other, whatever protocol they speak. */
import type { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { OutcomeCode } from '../outcome.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { Sweepable } from '../sweep.ts';
import type { ConnectionManager } from './connection-manager.ts';

export interface DownstreamConnection extends Sweepable {
  /** Counts this connection for as long as it lives. */
  readonly acceptedBy: DownstreamStatistics;
  /** No more requests: now when there is none, else after those under way. */
  retire(): void;
  /** Now, whatever is under way. */
  cut(code: OutcomeCode): void;
}

/** The listener, as its connections see it. */
export interface DownstreamOwner {
  /** What serves the next request; undefined when the listener has gone. */
  readonly manager: ConnectionManager | undefined;
  onClosed(connection: DownstreamConnection): void;
  /** It begins with the preface of HTTP/2, all of `firstBytes` included, and is another's to serve. */
  onHttp2(connection: DownstreamConnection & { readonly id: number }, transport: Connection, firstBytes: Buffer): void;
}
