/**
 * The network as the connections to one host see it where TLS is spoken: what connects through it has shaken hands, and
 * its host's certificate has been found good, before anybody hears that it is open.
 */
import {
  MeshError,
  type Address,
  type BoundListener,
  type Connection,
  type ConnectionHandler,
  type ConnectOptions,
  type ListenOptions,
  type Network,
  type Timers,
} from '@sluice/kernel';
import { describeTlsFailure } from '../tls/tls-failure.ts';
import type { BegunHandshake, ClientTls, ClientWish } from '../tls/client-tls.ts';
import { withNetwork, type UpstreamContext } from './upstream-context.ts';

/** What connections through a secured network want beyond an address. */
export interface SecuredWish extends ClientWish {
  /** The protocol the host has to choose; undefined: any. */
  readonly alpnProtocol?: string | undefined;
  /** The host has chosen another. */
  readonly onOtherProtocol?: () => void;
}

/** The same context, but whoever connects by it speaks TLS. */
export function securedContext(context: UpstreamContext, tls: ClientTls, wish: SecuredWish): UpstreamContext {
  return withNetwork(context, new SecuredNetwork(context.network, context.timers, tls, wish));
}

/** For whoever needs no more than a network. */
export class SecuredNetwork implements Network {
  readonly #network: Network;
  readonly #timers: Timers;
  readonly #tls: ClientTls;
  readonly #wish: SecuredWish;

  constructor(network: Network, timers: Timers, tls: ClientTls, wish: SecuredWish) {
    this.#network = network;
    this.#timers = timers;
    this.#tls = tls;
    this.#wish = wish;
  }

  listen(address: Address, accept: (connection: Connection) => void, options?: ListenOptions): Promise<BoundListener> {
    return this.#network.listen(address, accept, options);
  }

  connect(address: Address, handler: ConnectionHandler, options: ConnectOptions = {}): Connection {
    const begun = this.#tls.begin(this.#wish);
    if (!begun) {
      this.#tls.statistics.secretsNotReady.add();
      return new UnmadeConnection(address, handler, this.#timers);
    }
    const securing = new SecuringHandler(begun, this.#tls, this.#wish, handler);
    securing.connection = this.#network.connect(address, securing, { ...options, tls: begun.options });
    return securing.connection;
  }
}

/** Handles a connection until its host is known to be the right one; then the handler it is for goes on. */
class SecuringHandler implements ConnectionHandler {
  connection: Connection | undefined;
  readonly #begun: BegunHandshake;
  readonly #tls: ClientTls;
  readonly #wish: SecuredWish;
  readonly #handler: ConnectionHandler;
  #refusal: string | undefined;

  constructor(begun: BegunHandshake, tls: ClientTls, wish: SecuredWish, handler: ConnectionHandler) {
    this.#begun = begun;
    this.#tls = tls;
    this.#wish = wish;
    this.#handler = handler;
  }

  onOpen(): void {
    const connection = this.connection as Connection;
    const facts = connection.tls;
    if (!facts) throw new TypeError('a handshake is over, and nothing is known of it');
    const verdict = this.#begun.judge(facts);
    const { alpnProtocol, onOtherProtocol } = this.#wish;
    if (verdict.kind === 'bad') {
      this.#tls.statistics.countFault(verdict.fault);
      this.#refusal = `CERTIFICATE_VERIFY_FAILED:${verdict.detail}`;
    } else if (alpnProtocol !== undefined && (facts.alpnProtocol || 'http/1.1') !== alpnProtocol) {
      this.#refusal = `the host speaks ${facts.alpnProtocol || 'http/1.1'}, not ${alpnProtocol}`;
      onOtherProtocol?.();
    }
    if (this.#refusal !== undefined) return connection.destroy();
    this.#tls.statistics.countHandshake(facts);
    connection.handler = this.#handler;
    this.#handler.onOpen?.();
  }

  /** Nothing is asked of the host before it is known, so what it sends then is not for anybody. */
  onData(): void {}

  onDrain(): void {}

  onEnd(): void {
    this.connection?.destroy();
  }

  onClose(error?: MeshError): void {
    if (this.#refusal !== undefined) {
      this.#handler.onClose(new MeshError('tls-failed', describeTlsFailure(this.#refusal), { source: 'upstream', retry: 'always-safe' }));
      return;
    }
    if (error?.code === 'tls-failed') this.#tls.statistics.connectionErrors.add();
    this.#handler.onClose(error);
  }
}

/** A connection that cannot be made, because it is not known with what. */
class UnmadeConnection implements Connection {
  readonly local: Address = { host: '', port: 0 };
  readonly remote: Address;
  readonly pendingBytes = 0;
  handler: ConnectionHandler;

  constructor(remote: Address, handler: ConnectionHandler, timers: Timers) {
    this.remote = remote;
    this.handler = handler;
    const error = new MeshError('tls-failed', describeTlsFailure('Secret is not supplied by SDS'), { source: 'upstream', retry: 'always-safe' });
    timers.after(0, () => this.handler.onClose(error));
  }

  write(): boolean {
    return true;
  }

  end(): void {}

  /** Its end is on its way already. */
  destroy(): void {}

  pause(): void {}

  resume(): void {}

  dedicateReadMemory(): void {}
}
