/** Streams to a config service over gRPC. */
import assert from 'node:assert';

import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';

import { Client, connectivityState, credentials, Metadata, status, type ChannelCredentials, type ClientDuplexStream } from '@grpc/grpc-js';
import type { MessageStream, MessageStreamHandler, StreamStatus, Timers } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { ConfigServiceTransport } from '../transport.ts';
import type { TypeUrl } from '../type-urls.ts';
import { keepAliveOptions, sharedChannelOptions, type KeepAlive } from './channel-options.ts';
import { configServiceMethods, type StreamMethod } from './methods.ts';

export interface GrpcTransportOptions {
  /** `host:port`. */
  readonly address: string;
  readonly codec: Codec;
  /** How to secure connections; asked whenever a stream is opened, so that new certificates count from then on. Default: not at all. */
  readonly tls?: (() => GrpcTls) | undefined;
  /** With it, certificates are looked at anew also while a stream waits for a connection, which may be for want of new ones. */
  readonly timers?: Timers;
  /**
   * Whether a stream that is opened while there is no connection waits for one. Default true. Else it fails, which whoever
   * has other servers to try wants to know.
   */
  readonly waitsForConnection?: boolean;
  readonly keepAlive?: KeepAlive;
}

/** All in PEM. */
export interface GrpcTls {
  /** Equal where everything is the same. */
  readonly version: string;
  /** What the server's chain must lead to. Undefined: anybody is believed. */
  readonly trustedCa: string | undefined;
  readonly identity: { readonly certificateChain: string; readonly privateKey: string; readonly password: string | undefined } | undefined;
  /** The name asked for; empty for the address's own. */
  readonly serverName: string;
  /** What speaks against a certificate, given in DER, whose chain is good. Undefined: nothing. */
  readonly findFault: (certificate: Uint8Array) => string | undefined;
}

/** How often, in ms. Chosen: as often as a server that is away is asked for. */
const lookAgainMs = 1_000;

/** A channel that connects when the first stream is opened. */
export function createGrpcTransport({ address, codec, tls, timers, waitsForConnection = true, keepAlive }: GrpcTransportOptions): ConfigServiceTransport {
  let secured = tls?.();
  let client = createClient(address, secured, keepAlive);
  const methods = configServiceMethods(codec);
  const open = new Set<ClientStream<never, never>>();

  function openStream<Request, Response>(method: StreamMethod<Request, Response>): MessageStream<Response, Request> {
    renew();
    const call = client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      // A stream that is opened while there is no connection waits for one instead of failing, so that it is there as soon
      // as the service is: the growing delays between streams are for services that answer badly.
      new Metadata({ waitForReady: waitsForConnection }),
      {},
    );
    const stream = new ClientStream(call, () => open.delete(stream as never));
    open.add(stream as never);
    return stream;
  }

  /** Streams that are open keep the connection they began with: closing a client lets them end. */
  function renew(): void {
    const now = tls?.();
    if (now?.version === secured?.version) return;
    client.close();
    secured = now;
    client = createClient(address, now, keepAlive);
  }

  /** A server that has changed its authority is not reached with the old one, and streams that wait would wait for ever. */
  const waiting = tls && timers?.every(lookAgainMs, () => {
    if (open.size > 0 && client.getChannel().getConnectivityState(false) !== connectivityState.READY) renew();
  });

  return {
    openAds: () => openStream(methods.ads),
    openDeltaAds: () => openStream(methods.deltaAds),
    openType: (typeUrl) => openStream(methodOf(methods.types, typeUrl)),
    openDeltaType: (typeUrl) => openStream(methodOf(methods.deltaTypes, typeUrl)),
    openLoadStats: () => openStream(methods.loadStats),
    openLoad: () => openStream(methods.load),
    close() {
      waiting?.cancel();
      for (const stream of open) stream.end();
      client.close();
    },
  };
}

function createClient(address: string, tls: GrpcTls | undefined, keepAlive: KeepAlive | undefined): Client {
  return new Client(address, tls ? credentialsOf(tls) : credentials.createInsecure(), {
    ...sharedChannelOptions,
    ...keepAliveOptions(keepAlive),
    ...(tls ? { 'grpc.ssl_target_name_override': askedName(tls.serverName, address) } : {}),
    // A service that has been restarted is found again within a second; gRPC adds jitter of its own.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    // Two proxies in one process do not share connections, and a proxy's own traffic goes through no other.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  });
}

/**
 * The name in the handshake. Left to itself the library takes an address for one, which Node (from 26) refuses to send; a name that nobody can
 * have stands for none, since it has no way to say none. What the certificate must be for is looked at elsewhere.
 */
function askedName(serverName: string, address: string): string {
  if (serverName !== '') return serverName;
  const host = address.replace(/^(ipv4|ipv6|dns):/, '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 && !address.startsWith('unix:') ? host : 'nameless.invalid';
}

function credentialsOf({ trustedCa, identity, findFault }: GrpcTls): ChannelCredentials {
  const context = createSecureContext({
    ...(trustedCa === undefined ? {} : { ca: trustedCa }),
    ...(identity ? { cert: identity.certificateChain, key: identity.privateKey } : {}),
    ...(identity?.password === undefined ? {} : { passphrase: identity.password }),
    minVersion: 'TLSv1.2',
  });
  return credentials.createFromSecureContext(context, {
    // Whether the certificate is for the name is part of what is asked by configuration, not a matter of course.
    checkServerIdentity(_hostName, certificate) {
      const fault = findFault(certificate.raw);
      return fault === undefined ? undefined : new Error(fault);
    },
    rejectUnauthorized: trustedCa !== undefined,
  });
}

function methodOf<Method>(methods: ReadonlyMap<TypeUrl, Method>, typeUrl: TypeUrl): Method {
  const method = methods.get(typeUrl);
  assert(method !== undefined, `no service carries ${typeUrl} alone`);
  return method;
}

class ClientStream<Request, Response> implements MessageStream<Response, Request> {
  readonly #call: ClientDuplexStream<Request, Response>;
  readonly #onGone: () => void;
  #handler: MessageStreamHandler<Response> | undefined;
  #ended: StreamStatus | undefined;
  #isOver = false;

  constructor(call: ClientDuplexStream<Request, Response>, onGone: () => void) {
    this.#call = call;
    this.#onGone = onGone;
    // Every failure also comes as a status; an `error` event nobody listens to would end the process.
    call.on('error', () => {});
    call.on('status', ({ code, details }) => this.#finish({ code, details }));
    call.on('drain', () => {
      if (!this.#isOver) this.#handler?.onDrain?.();
    });
  }

  listen(handler: MessageStreamHandler<Response>): void {
    this.#handler = handler;
    if (this.#ended !== undefined) {
      handler.onEnd(this.#ended);
      return;
    }
    // The call holds its messages until somebody listens.
    this.#call.on('data', (message: Response) => {
      if (!this.#isOver) handler.onMessage(message);
    });
  }

  send(message: Request): boolean {
    return this.#isOver ? false : this.#call.write(message);
  }

  /** A client has no status to give; the server sees a cancelled call. */
  end(): void {
    if (this.#isOver) return;
    this.#finish({ code: status.OK, details: '' });
    this.#call.cancel();
  }

  #finish(given: StreamStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended = given;
    this.#onGone();
    this.#handler?.onEnd(given);
  }
}
