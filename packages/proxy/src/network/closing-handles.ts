/**
 * Handles that are being closed. Each could be given somebody to call, but telling Node whom costs more than closing, so those of
 * one round of the event loop are told by the first of them: their descriptors are closed when `close` returns, and what is left is
 * to say so when whoever closed them is done.
 */
import type { SocketHandle } from './stream-wrap.ts';

export interface ClosingConnection {
  onHandleClosed(): void;
}

export class ClosingHandles {
  #closing: ClosingConnection[] = [];

  close(handle: SocketHandle, connection: ClosingConnection): void {
    this.#closing.push(connection);
    if (this.#closing.length === 1) handle.close(this.#onClosed);
    else handle.close();
  }

  readonly #onClosed = (): void => {
    const closed = this.#closing;
    this.#closing = [];
    for (const connection of closed) connection.onHandleClosed();
  };
}
