/** A connection whose transport socket is not ready yet: it counts, and it can be late or be cut. */
import type { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { ConnectionInfo } from './connection-info.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { TransportSocket } from './transport-socket.ts';

export interface SecuringOwner {
  /** Called once. `secured` is undefined when nothing came of it. */
  onSecured(securing: SecuringConnection, secured: Connection | undefined): void;
  onSecuringLate(): void;
}

export class SecuringConnection implements DownstreamConnection {
  deadline: number;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly acceptedBy = undefined;
  readonly info: ConnectionInfo;
  readonly #connection: Connection;
  readonly #owner: SecuringOwner;

  constructor(owner: SecuringOwner, connection: Connection, info: ConnectionInfo, deadline: number) {
    this.#owner = owner;
    this.#connection = connection;
    this.info = info;
    this.deadline = deadline;
  }

  start(socket: TransportSocket, firstBytes: Buffer | undefined): void {
    socket.secure(this.#connection, firstBytes, this.info, (secured) => this.#owner.onSecured(this, secured));
  }

  /** What has begun is finished: the chain that goes retires the connection when it is ready. */
  retire(): void {}

  /** The transport socket hears of it by the connection's end. */
  cut(): void {
    this.#connection.destroy();
  }

  onDeadline(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#owner.onSecuringLate();
    this.cut();
  }

  onCrash(): void {
    this.cut();
  }
}
