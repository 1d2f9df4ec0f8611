/**
 * One connection to whichever of several addresses answers first (happy eyeballs, RFC 8305): they are tried in order, the
 * next when the one before has failed or has had its head start. The first that opens is the connection; the others go.
 *
 *     racing → open → closed
 */
import type { Buffer } from 'node:buffer';
import type { Address, Connection, ConnectionHandler, ConnectOptions, MeshError, Network, Timer, Timers } from '@sluice/kernel';

/** Between two attempts, in ms, as Envoy and as RFC 8305 5 recommends for most. */
export const headStartMs = 300;

/** @param addresses at least two, in the order in which they are tried */
export function connectFirst(network: Network, timers: Timers, addresses: readonly Address[], handler: ConnectionHandler, options: ConnectOptions): Connection {
  return new RacingConnection(network, timers, addresses, handler, options);
}

class RacingConnection implements Connection {
  readonly #network: Network;
  readonly #timers: Timers;
  readonly #addresses: readonly Address[];
  readonly #options: ConnectOptions;
  readonly #attempts = new Set<Connection>();
  #handler: ConnectionHandler;
  /** Of `addresses`, the next to be tried. */
  #next = 0;
  #timer: Timer | undefined;
  #winner: Connection | undefined;
  #isOver = false;

  constructor(network: Network, timers: Timers, addresses: readonly Address[], handler: ConnectionHandler, options: ConnectOptions) {
    this.#network = network;
    this.#timers = timers;
    this.#addresses = addresses;
    this.#handler = handler;
    this.#options = options;
    this.#tryNext();
  }

  get handler(): ConnectionHandler {
    return this.#handler;
  }

  /** What is open speaks to its handler directly. */
  set handler(handler: ConnectionHandler) {
    this.#handler = handler;
    if (this.#winner) this.#winner.handler = handler;
  }

  get local(): Address {
    return this.#winner?.local ?? { host: '', port: 0 };
  }

  get remote(): Address {
    return this.#winner?.remote ?? (this.#addresses[0] as Address);
  }

  get pendingBytes(): number {
    return this.#winner?.pendingBytes ?? 0;
  }

  get tls(): Connection['tls'] {
    return this.#winner?.tls;
  }

  write(memory: Buffer, start: number, end: number): boolean {
    return this.#winner?.write(memory, start, end) ?? true;
  }

  end(): void {
    if (this.#winner) this.#winner.end();
    else this.destroy();
  }

  destroy(reset?: boolean): void {
    if (this.#winner) return this.#winner.destroy(reset);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    for (const attempt of this.#attempts) attempt.destroy(reset);
    this.#timers.after(0, () => this.#handler.onClose());
  }

  pause(): void {
    this.#winner?.pause();
  }

  resume(): void {
    this.#winner?.resume();
  }

  dedicateReadMemory(dedicated: boolean): void {
    this.#winner?.dedicateReadMemory(dedicated);
  }

  #tryNext(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const address = this.#addresses[this.#next];
    if (!address) return;
    this.#next += 1;
    const attempt: Connection = this.#network.connect(
      address,
      {
        onOpen: () => this.#onOpen(attempt),
        onData() {},
        onDrain() {},
        onEnd() {},
        onClose: (error) => this.#onClose(attempt, error),
      },
      this.#options,
    );
    this.#attempts.add(attempt);
    if (this.#next < this.#addresses.length) this.#timer = this.#timers.after(headStartMs, () => this.#tryNext());
  }

  #onOpen(attempt: Connection): void {
    if (this.#winner || this.#isOver) return attempt.destroy();
    this.#timer?.cancel();
    this.#attempts.delete(attempt);
    for (const other of this.#attempts) other.destroy();
    this.#winner = attempt;
    attempt.handler = this.#handler;
    this.#handler.onOpen?.();
  }

  #onClose(attempt: Connection, error: MeshError | undefined): void {
    this.#attempts.delete(attempt);
    if (this.#winner || this.#isOver) return;
    if (this.#next < this.#addresses.length) return this.#tryNext();
    if (this.#attempts.size > 0) return;
    this.#isOver = true;
    this.#handler.onClose(error);
  }
}
