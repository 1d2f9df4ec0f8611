/** What a network filter at the end of a chain is given, and what it gives back. */
import type { Connection } from '@sluice/kernel';
import type { ConnectionInfo } from '../downstream/connection-info.ts';
import type { ConnectionOwner, DownstreamConnection } from '../downstream/downstream-connection.ts';
import type { Engine } from '../engine.ts';
import type { TurnHandler } from '../turn.ts';

/** One connection and what goes with it. */
export interface Serving {
  readonly engine: Engine;
  readonly owner: ConnectionOwner;
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  /** Unique in the process. */
  readonly id: number;
  readonly filterChainName: string;
}

export interface ServerConnection extends DownstreamConnection, TurnHandler {}
