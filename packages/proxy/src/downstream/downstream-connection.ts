/** What a listener and its connections know of each other, whatever protocol they speak. */
import type { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { OutcomeCode } from '../outcome.ts';
import type { RosterMember } from '../roster.ts';
import type { Sweepable } from '../sweep.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';

export interface DownstreamConnection extends Sweepable, RosterMember {
  /** Counts this connection for as long as it lives; undefined: nobody does. */
  readonly acceptedBy: { connectionsActive: number } | undefined;
  /** No more requests: now when there is none, else after those under way. */
  retire(): void;
  /** Now, whatever is under way. */
  cut(code: OutcomeCode): void;
}

/** The chain, as its connections see it. */
export interface DownstreamOwner extends ConnectionOwner {
  /** What serves the next request; undefined when the chain has gone. */
  readonly manager: ConnectionManager | undefined;
  /** It begins with the preface of HTTP/2, all of `firstBytes` included, and is another's to serve. */
  onHttp2(connection: HandedOver, transport: Connection, firstBytes: Buffer): void;
}

/** The same for connections of any protocol. */
export interface ConnectionOwner {
  onClosed(connection: DownstreamConnection): void;
}

/** What of a connection the codec that takes it over must know. */
export interface HandedOver extends DownstreamConnection {
  readonly id: number;
  readonly connectionInfo: ConnectionInfo | undefined;
}
