/** One connection of the direct-response filter: the response, the end, and a moment for the client to take it. */
import type { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { ConnectionOwner } from '../downstream/downstream-connection.ts';
import type { Serving, ServerConnection } from './server-connection.ts';

/** How long a client may take to end its side, in ms. Envoy's `delayed_close_timeout`. */
const lingerMs = 1_000;

export class DirectResponseConnection implements ServerConnection {
  deadline: number;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly acceptedBy = undefined;
  readonly #connection: Connection;
  readonly #owner: ConnectionOwner;

  constructor({ connection, owner, engine }: Serving, response: Buffer) {
    this.#connection = connection;
    this.#owner = owner;
    this.deadline = engine.turn.now() + lingerMs;
    // The bytes belong to the configuration and are never written to, so a write that lasts may keep them.
    if (response.length > 0) connection.write(response, 0, response.length);
    connection.end();
  }

  onData(): void {}
  onDrain(): void {}
  onEnd(): void {}

  onClose(): void {
    this.#owner.onClosed(this);
  }

  retire(): void {}

  cut(): void {
    this.#connection.destroy();
  }

  onDeadline(): void {
    this.#connection.destroy();
  }

  onCrash(): void {
    this.#connection.destroy();
  }
}
