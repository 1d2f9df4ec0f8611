/**
 * The autoscaler's end of the websockets from activators: takes `WireStatMessages`, answers pings, and tells clients to come
 * back when it stops. https://github.com/knative/serving/blob/main/pkg/autoscaler/statserver/server.go
 */
import { Buffer } from 'node:buffer';
import { CloseCode, closePayload, defaultHeadLimits, findUpgradeFault, FrameReader, incomplete, Opcode, refused, RequestReader, writeFrame, writeUpgradeResponse } from '@sluice/http';
import { formatAddress, type Address, type BoundListener, type Connection, type Counter, type Logger, type Meter, type Network, type Timer, type Timers } from '@sluice/kernel';
import { decodeStatMessages } from './stat-codec.ts';
import type { StatMessage } from './stat-message.ts';

export interface StatReceiverOptions {
  readonly network: Network;
  /** Port 8080 by Knative's convention. */
  readonly address: Address;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Called for each message, in the order of arrival. */
  readonly onMessages: (messages: readonly StatMessage[]) => void;
}

export interface StatReceiver {
  /** The address really bound. */
  listen(): Promise<Address>;
  /** Accepts nothing more, and closes each connection with status 1012, so that clients connect to somebody else at once. */
  stop(): Promise<void>;
  readonly connections: number;
}

/** How long a request to upgrade may take, in ms. Chosen: a client has nothing to think about. */
const handshakeMs = 10_000;
/** Bytes of a message, at most. Chosen: some forty thousand revisions of one activator. */
const messageBytesMax = 4 * 1024 * 1024;
/** Connections at once, at most. Chosen: a hundred activators and autoscalers, several times over. */
const connectionsMax = 1024;
/** How long goodbyes may take to leave, in ms. */
const farewellMs = 1000;
/** Silence after which the system looks for the peer, in ms. Knative's server has the same. */
const keepaliveMs = 180_000;

export function createStatReceiver(options: StatReceiverOptions): StatReceiver {
  const { network, address, timers, meter, logger } = options;
  const open = new Set<StatConnection>();
  let listener: BoundListener | undefined;
  const counters: StatCounters = {
    messages: meter.counter('sluice_stat_messages_received_total', 'messages with statistics that activators and other autoscalers sent'),
    refused: (reason) => meter.counter('sluice_stat_messages_refused_total', 'what was sent to the statistics port and not taken, by reason', { reason }),
  };
  meter.observedGauge('sluice_stat_connections', 'open connections that statistics come over', () => open.size);

  return {
    async listen() {
      listener = await network.listen(
        address,
        (connection) => {
          if (open.size >= connectionsMax) {
            counters.refused('too many connections').add();
            connection.handler = ignoring;
            connection.destroy();
            return;
          }
          const accepted = new StatConnection({ ...options, counters, connection, onOver: () => open.delete(accepted) });
          open.add(accepted);
        },
        { keepaliveMs },
      );
      logger.info('statistics port open', { address: formatAddress(listener.address) });
      return listener.address;
    },
    async stop() {
      await listener?.close();
      for (const connection of open) connection.close(CloseCode.serviceRestart, 'Restarting');
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = timers.after(farewellMs, () => {
        for (const connection of open) connection.destroy();
        resolve();
      });
      if (open.size === 0) {
        timer.cancel();
        resolve();
      }
      await promise;
    },
    get connections() {
      return open.size;
    },
  };
}

interface StatCounters {
  readonly messages: Counter;
  readonly refused: (reason: string) => Counter;
}

interface StatConnectionOptions extends StatReceiverOptions {
  readonly counters: StatCounters;
  readonly connection: Connection;
  readonly onOver: () => void;
}

const ignoring = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };

class StatConnection {
  readonly #options: StatConnectionOptions;
  readonly #connection: Connection;
  readonly #head = new RequestReader(defaultHeadLimits);
  readonly #frames: FrameReader;
  readonly #deadline: Timer;
  #state: 'handshake' | 'open' | 'closing' = 'handshake';

  constructor(options: StatConnectionOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#deadline = options.timers.after(handshakeMs, () => this.#connection.destroy());
    this.#frames = new FrameReader('server', messageBytesMax, {
      onMessage: (kind, payload) => this.#onMessage(kind, payload),
      onPing: (payload) => this.#write(writeFrame(Opcode.pong, payload)),
      onPong: () => {},
      // The answer to a close is a close (RFC 6455 5.5.1).
      onClose: () => this.close(CloseCode.normal, ''),
    });
    this.#connection.handler = {
      onData: (memory, length) => this.#onData(memory, length),
      onDrain: () => {},
      onEnd: () => this.#connection.destroy(),
      onClose: () => {
        this.#deadline.cancel();
        options.onOver();
      },
    };
  }

  close(code: number, reason: string): void {
    if (this.#state === 'closing') return;
    if (this.#state === 'open') this.#write(writeFrame(Opcode.close, closePayload(code, reason)));
    this.#state = 'closing';
    this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #onData(memory: Buffer, length: number): void {
    if (this.#state === 'closing') return;
    let at = 0;
    if (this.#state === 'handshake') {
      at = this.#head.read(memory, 0, length);
      if (at === incomplete) return;
      if (!this.#answer(at === refused)) return;
    }
    const fault = this.#frames.read(memory, at, length);
    if (!fault) return;
    this.#options.counters.refused('malformed frame').add();
    this.#options.logger.warn('statistics refused', { from: formatAddress(this.#connection.remote), reason: fault.reason });
    this.close(fault.code, fault.reason);
  }

  /** Whether the websocket is open from now on. */
  #answer(isMalformed: boolean): boolean {
    this.#deadline.cancel();
    const { head } = this.#head;
    if (!isMalformed && isKubeletProbe(head)) return this.#end('200 OK', '');
    const fault = isMalformed ? 'a malformed request' : findUpgradeFault(head);
    if (fault !== undefined) {
      this.#options.counters.refused('no websocket').add();
      return this.#end('400 Bad Request', `${fault}\n`);
    }
    this.#write(Buffer.from(writeUpgradeResponse(head.get('sec-websocket-key') ?? '')));
    this.#state = 'open';
    return true;
  }

  #end(status: string, body: string): false {
    this.#write(Buffer.from(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`));
    this.#state = 'closing';
    this.#connection.end();
    return false;
  }

  #onMessage(kind: 'text' | 'binary', payload: Buffer): void {
    const { counters, logger, onMessages } = this.#options;
    const messages = kind === 'binary' ? decodeStatMessages(payload) : undefined;
    if (!messages) {
      // Left out, as Knative's server does; the next one may be better.
      counters.refused('malformed message').add();
      logger.warn('statistics refused', { from: formatAddress(this.#connection.remote), reason: `no WireStatMessages in a ${kind} message` });
      return;
    }
    counters.messages.add();
    onMessages(messages);
  }

  #write(bytes: Buffer): void {
    this.#connection.write(bytes, 0, bytes.length);
  }
}

/** Knative's rule for what is answered like a probe of the kubelet. */
function isKubeletProbe(head: { get(name: string): string | undefined }): boolean {
  return head.get('user-agent')?.startsWith('kube-probe/') === true || (head.get('k-kubelet-probe') ?? '') !== '';
}
