/**
 * Connections to the program, asked for again while it refuses them or gives no answer: one that crashed and is being
 * started again costs its clients time and not an error. Nothing has been sent by then, so trying again does no harm.
 */
import type { Address, BoundListener, Connection, ConnectionHandler, ConnectOptions, ListenOptions, MeshError, Network, Random, Timer, Timers } from '@sluice/kernel';

/**
 * Knative's `backOffTemplate` (https://github.com/knative/pkg/blob/main/network/transports.go): 15 tries, the last of
 * them some 14 s after the first where each is refused at once.
 */
const backoff = { firstMs: 50, factor: 1.4, jitterRatio: 0.1, triesMax: 15 };

const mendingCodes: ReadonlySet<string> = new Set(['connection-refused', 'connect-timeout']);

export interface PatientNetworkOptions {
  readonly timers: Timers;
  readonly random: Random;
}

export class PatientNetwork implements Network {
  readonly #network: Network;
  readonly #options: PatientNetworkOptions;

  constructor(network: Network, options: PatientNetworkOptions) {
    this.#network = network;
    this.#options = options;
  }

  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener> {
    return this.#network.listen(address, accept, options);
  }

  /** `timeoutMs` is for each try. */
  connect(address: Address, handler: ConnectionHandler, options?: ConnectOptions): Connection {
    return new PatientConnection((first) => this.#network.connect(address, first, options), handler, this.#options);
  }
}

/** connecting ⇄ waiting, → open or closed. Once it is open, what comes goes to its owner's handler without a detour. */
class PatientConnection implements Connection {
  readonly #dial: (handler: ConnectionHandler) => Connection;
  readonly #options: PatientNetworkOptions;
  #handler: ConnectionHandler;
  #try: Connection;
  #tries = 1;
  #pauseMs = backoff.firstMs;
  #waiting: Timer | undefined;
  #isOpen = false;
  #isDestroyed = false;

  constructor(dial: (handler: ConnectionHandler) => Connection, handler: ConnectionHandler, options: PatientNetworkOptions) {
    this.#dial = dial;
    this.#handler = handler;
    this.#options = options;
    this.#try = dial(this.#untilOpen());
  }

  get handler(): ConnectionHandler {
    return this.#handler;
  }

  set handler(handler: ConnectionHandler) {
    this.#handler = handler;
    if (this.#isOpen) this.#try.handler = handler;
  }

  get local(): Address {
    return this.#try.local;
  }

  get remote(): Address {
    return this.#try.remote;
  }

  get pendingBytes(): number {
    return this.#try.pendingBytes;
  }

  /** Only once it is open: a try that fails would take along what was written to it. */
  write(memory: Parameters<Connection['write']>[0], start: number, end: number): boolean {
    return this.#try.write(memory, start, end);
  }

  end(): void {
    this.#try.end();
  }

  destroy(reset?: boolean): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    if (!this.#waiting) return this.#try.destroy(reset);
    this.#waiting.cancel();
    this.#options.timers.after(0, () => this.#handler.onClose());
  }

  pause(): void {
    this.#try.pause();
  }

  resume(): void {
    this.#try.resume();
  }

  dedicateReadMemory(dedicated: boolean): void {
    this.#try.dedicateReadMemory(dedicated);
  }

  /** Hears how a try goes; the owner's handler takes its place when it went well. */
  #untilOpen(): ConnectionHandler {
    return {
      onOpen: () => {
        if (this.#isDestroyed) return;
        this.#isOpen = true;
        this.#try.handler = this.#handler;
        this.#handler.onOpen?.();
      },
      onData: (memory, length) => this.#handler.onData(memory, length),
      onDrain: () => this.#handler.onDrain(),
      onEnd: () => this.#handler.onEnd(),
      onClose: (error) => this.#onFailed(error),
    };
  }

  #onFailed(error: MeshError | undefined): void {
    if (this.#isDestroyed || error === undefined || !mendingCodes.has(error.code) || this.#tries >= backoff.triesMax) {
      return this.#handler.onClose(error);
    }
    const { timers, random } = this.#options;
    this.#waiting = timers.after(this.#pauseMs * (1 + backoff.jitterRatio * random.next()), () => {
      this.#waiting = undefined;
      this.#tries += 1;
      this.#try = this.#dial(this.#untilOpen());
    });
    this.#pauseMs *= backoff.factor;
  }
}
