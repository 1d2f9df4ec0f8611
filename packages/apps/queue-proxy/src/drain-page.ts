/**
 * `GET /wait-for-drain`, for hooks that run before a container stops. It is there as soon as requests are: a pod may be told to go in its
 * first second, and a hook that finds nobody lets the program be ended with its requests. So it stands on what the engine has loaded
 * anyway, and not on an HTTP server.
 */
import { Buffer } from 'node:buffer';
import { defaultHeadLimits, incomplete, refused, RequestReader } from '@sluice/http';
import type { Address, BoundListener, Connection, ConnectionHandler, Network, Timer } from '@sluice/kernel';
import { waitForDrain, type WaitForDrainOptions } from './wait-for-drain.ts';

/** For the question to come. Knative's read-header timeout. Milliseconds. */
const HEAD_TIMEOUT_MS = 60_000;

/** For whoever has its answer to close. Envoy's delayed close. Milliseconds. */
const CLOSE_WAIT_MS = 1000;

/** At once. A pod has one hook for each of its containers. Chosen: far above that. */
const CONNECTIONS_MAX = 64;

/** Listens; rejects when the port cannot be had. Each connection is for one question. */
export function openDrainPage(network: Network, address: Address, options: WaitForDrainOptions): Promise<BoundListener> {
  let open = 0;
  return network.listen(address, (connection) => {
    if (open >= CONNECTIONS_MAX) return connection.destroy();
    open += 1;
    connection.handler = new HookExchange(connection, options, () => (open -= 1));
  });
}

class HookExchange implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #options: WaitForDrainOptions;
  readonly #onClosed: () => void;
  readonly #head = new RequestReader(defaultHeadLimits);
  #timer: Timer;
  /** The question has come. */
  #isAsked = false;
  #isClosed = false;

  constructor(connection: Connection, options: WaitForDrainOptions, onClosed: () => void) {
    this.#connection = connection;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#timer = options.timers.after(HEAD_TIMEOUT_MS, () => connection.destroy());
  }

  onData(memory: Buffer, length: number): void {
    if (this.#isAsked) return;
    const end = this.#head.read(memory, 0, length);
    if (end === incomplete) return;
    this.#isAsked = true;
    this.#timer.cancel();
    if (end === refused) return this.#answer('400 Bad Request');
    if (this.#head.head.path.split('?')[0] !== '/wait-for-drain') return this.#answer('404 Not Found');
    waitForDrain(this.#options, () => this.#answer('200 OK'));
  }

  onDrain(): void {}

  /** Whoever has asked may have nothing more to say, and waits. */
  onEnd(): void {
    if (!this.#isAsked) this.#connection.destroy();
  }

  onClose(): void {
    this.#isClosed = true;
    this.#timer.cancel();
    this.#onClosed();
  }

  #answer(status: string): void {
    if (this.#isClosed) return;
    const answer = Buffer.from(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`, 'latin1');
    this.#connection.write(answer, 0, answer.length);
    this.#connection.end();
    this.#timer = this.#options.timers.after(CLOSE_WAIT_MS, () => this.#connection.destroy());
  }
}
