/**
 * The activator's end of the websocket to an autoscaler: connected for ever, as long as it is wanted. What is sent while
 * there is no connection is lost, since a second later there is more to say.
 *
 *     waiting ──back-off over──► connecting ──101──► open
 *        ▲                          │  refused, too slow  │  closed, no pong
 *        └──────────────────────────┴─────────────────────┘
 *
 * Paths, times and their spread are Knative's: https://github.com/knative/pkg/blob/main/websocket/connection.go
 */
import { Buffer } from 'node:buffer';
import { CloseCode, closePayload, createWebSocketKey, defaultHeadLimits, FrameReader, incomplete, isUpgradeAccepted, Opcode, refused, ResponseReader, writeFrame, writeUpgradeRequest } from '@sluice/http';
import { formatAddress, type Address, type Connection, type Logger, type Meter, type Network, type Random, type Timer, type Timers } from '@sluice/kernel';
import { encodeStatMessages } from './stat-codec.ts';
import type { StatMessage } from './stat-message.ts';

export interface StatSenderOptions {
  readonly network: Network;
  /** Where the autoscaler listens: `autoscaler.<system namespace>.svc.<domain>`, port 8080. */
  readonly address: Address;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Called with whether there is a connection, when that changes. */
  readonly onConnection?: (isConnected: boolean) => void;
}

export interface StatSender {
  /** Connects, and goes on connecting until stopped. */
  start(): void;
  /** Closes in order. */
  stop(): void;
  /** Sends one message with all of these; false when it is lost. */
  send(messages: readonly StatMessage[]): boolean;
  readonly connected: boolean;
}

/** How long a handshake may take, in ms. */
const handshakeMs = 3000;
/** How long a connection may be silent, in ms, and how often it is asked to speak. */
const pongMs = 10_000;
const pingMs = pongMs / 3;
/** The first pause before connecting again, in ms, its growth, and the steps after which it begins anew. */
const pauseMs = 100;
const pauseFactor = 1.3;
const pauseSteps = 20;
const pauseJitter = 0.5;
/** Bytes that may wait for a slow autoscaler. Chosen: several seconds of a thousand revisions; older news is worth less than newer. */
const pendingBytesMax = 1024 * 1024;
/** What an autoscaler may say in one message: it has nothing to say. */
const messageBytesMax = 64 * 1024;

export function createStatSender(options: StatSenderOptions): StatSender {
  const { network, address, timers, random, meter } = options;
  const logger = options.logger.child({ autoscaler: formatAddress(address) });
  const sent = meter.counter('sluice_stat_messages_sent_total', 'messages with statistics that were sent to an autoscaler');
  const lost = meter.counter('sluice_stat_messages_lost_total', 'messages with statistics that could not be sent to an autoscaler');
  let link: StatLink | undefined;
  let retry: Timer | undefined;
  let attempts = 0;
  let isStarted = false;
  let isConnected = false;

  function setConnected(connected: boolean, reason?: string): void {
    if (connected === isConnected) return;
    isConnected = connected;
    logger.info(connected ? 'statistics connected' : 'statistics lost', reason === undefined ? {} : { reason });
    options.onConnection?.(connected);
  }

  function connect(): void {
    const opened = new StatLink({
      network,
      address,
      timers,
      random,
      onOpen: () => {
        attempts = 0;
        setConnected(true);
      },
      onOver: (reason) => {
        if (link !== opened) return;
        link = undefined;
        setConnected(false, reason);
        if (!isStarted) return;
        const delayMs = pauseMs * pauseFactor ** (attempts % pauseSteps) * (1 + pauseJitter * random.next());
        attempts += 1;
        logger.debug('statistics not connected', { reason, delayMs });
        retry = timers.after(delayMs, connect);
      },
    });
    link = opened;
  }

  return {
    start() {
      if (isStarted) return;
      isStarted = true;
      connect();
    },
    stop() {
      isStarted = false;
      retry?.cancel();
      link?.close();
    },
    send(messages) {
      const isSent = link?.send(encodeStatMessages(messages)) === true;
      (isSent ? sent : lost).add();
      return isSent;
    },
    get connected() {
      return isConnected;
    },
  };
}

interface StatLinkOptions extends Pick<StatSenderOptions, 'network' | 'address' | 'timers' | 'random'> {
  readonly onOpen: () => void;
  /** Called once. */
  readonly onOver: (reason: string) => void;
}

/** One connection, from its beginning to its end. */
class StatLink {
  readonly #options: StatLinkOptions;
  readonly #connection: Connection;
  readonly #key: string;
  readonly #head = new ResponseReader(defaultHeadLimits);
  readonly #frames: FrameReader;
  #isOpen = false;
  #reason = 'closed by the autoscaler';
  /** Ends a handshake, then a silence, that takes too long. */
  #deadline: Timer;
  #pinger: Timer | undefined;

  constructor(options: StatLinkOptions) {
    this.#options = options;
    this.#key = createWebSocketKey(options.random);
    this.#frames = new FrameReader('client', messageBytesMax, {
      onMessage: () => {},
      onPing: (payload) => this.#write(writeFrame(Opcode.pong, payload, options.random)),
      onPong: () => this.#restartDeadline(),
      onClose: (code, reason) => this.#fail(`closed by the autoscaler: ${code} ${reason}`.trimEnd()),
    });
    this.#deadline = options.timers.after(handshakeMs, () => this.#fail('the handshake took too long'));
    this.#connection = options.network.connect(
      options.address,
      {
        onOpen: () => this.#write(Buffer.from(writeUpgradeRequest(formatAddress(options.address), '/', this.#key))),
        onData: (memory, length) => this.#onData(memory, length),
        onDrain: () => {},
        onEnd: () => this.#connection.destroy(),
        onClose: (error) => this.#onClose(error?.message),
      },
      { timeoutMs: handshakeMs },
    );
  }

  send(payload: Buffer): boolean {
    if (!this.#isOpen || this.#connection.pendingBytes > pendingBytesMax) return false;
    this.#write(writeFrame(Opcode.binary, payload, this.#options.random));
    return true;
  }

  /** Says goodbye, as a client may, without waiting for the answer. */
  close(): void {
    this.#reason = 'stopped';
    if (!this.#isOpen) {
      this.#connection.destroy();
      return;
    }
    this.#isOpen = false;
    this.#write(writeFrame(Opcode.close, closePayload(CloseCode.normal, ''), this.#options.random));
    this.#connection.end();
  }

  #onData(memory: Buffer, length: number): void {
    let at = 0;
    if (!this.#isOpen) {
      at = this.#head.read(memory, 0, length);
      if (at === incomplete) return;
      if (at === refused || !isUpgradeAccepted(this.#head.head, this.#key)) {
        this.#fail(at === refused ? `no answer of HTTP: ${this.#head.fault}` : `no upgrade: status ${this.#head.head.status}`);
        return;
      }
      this.#isOpen = true;
      this.#restartDeadline();
      this.#pinger = this.#options.timers.every(pingMs, () => this.#write(writeFrame(Opcode.ping, Buffer.alloc(0), this.#options.random)));
      this.#options.onOpen();
    }
    const fault = this.#frames.read(memory, at, length);
    if (fault) this.#fail(fault.reason);
  }

  #restartDeadline(): void {
    this.#deadline.cancel();
    this.#deadline = this.#options.timers.after(pongMs, () => this.#fail(`silent for ${pongMs / 1000} s`));
  }

  #fail(reason: string): void {
    this.#reason = reason;
    this.#isOpen = false;
    this.#connection.destroy();
  }

  #onClose(message: string | undefined): void {
    this.#deadline.cancel();
    this.#pinger?.cancel();
    this.#isOpen = false;
    this.#options.onOver(message ?? this.#reason);
  }

  #write(bytes: Buffer): void {
    this.#connection.write(bytes, 0, bytes.length);
  }
}
