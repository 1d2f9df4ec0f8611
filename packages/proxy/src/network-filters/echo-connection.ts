/** One connection of the echo filter. */
import { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { ConnectionOwner } from '../downstream/downstream-connection.ts';
import type { Serving, ServerConnection } from './server-connection.ts';

export class EchoConnection implements ServerConnection {
  deadline = Number.POSITIVE_INFINITY;
  sweepIndex = -1;
  rosterIndex = -1;
  readonly acceptedBy = undefined;
  readonly #connection: Connection;
  readonly #owner: ConnectionOwner;

  constructor({ connection, owner }: Serving) {
    this.#connection = connection;
    this.#owner = owner;
  }

  onData(memory: Buffer, length: number): void {
    const copy = Buffer.from(memory.subarray(0, length));
    if (!this.#connection.write(copy, 0, length)) this.#connection.pause();
  }

  onDrain(): void {
    this.#connection.resume();
  }

  onEnd(): void {
    this.#connection.end();
  }

  onClose(): void {
    this.#owner.onClosed(this);
  }

  /** It has no end of its own to wait for. */
  retire(): void {
    this.#connection.end();
  }

  cut(): void {
    this.#connection.destroy();
  }

  onDeadline(): void {}

  onCrash(): void {
    this.#connection.destroy();
  }
}
