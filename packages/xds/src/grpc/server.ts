/** A config service behind a gRPC port. */
import { Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js';
import { MeshError, type MessageStream, type MessageStreamHandler, type StreamStatus, type Timers } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { ConfigServiceHandlers } from '../transport.ts';
import { keepAliveOptions, sharedChannelOptions, type KeepAlive } from './channel-options.ts';
import { knowsClientStatus, registerClientStatus } from './client-status.ts';
import { createHealthService, healthMethods } from './health.ts';
import { configServiceMethods, type StreamMethod } from './methods.ts';
import { registerReflection } from './reflection.ts';
import { RenewedCredentials, type ServerTls } from './renewed-credentials.ts';

export interface GrpcServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly codec: Codec;
  readonly handlers: ConfigServiceHandlers;
  readonly timers: Timers;
  /**
   * Absent: without TLS. A function is asked again every `tlsLookMs`; what it then gives counts for connections from then on. It must not
   * throw, nor give what cannot be used: where it has nothing new it gives the same object as before.
   */
  readonly tls?: ServerTls | (() => ServerTls);
  /**
   * After about so long, give or take a tenth, a connection is ended and its client comes back, to whichever replica is
   * there by then; in ms. Absent: never. Streams get `lastCallMs` to end by themselves.
   */
  readonly connectionAgeMaxMs?: number;
  readonly keepAlive?: KeepAlive;
}

export interface GrpcServer {
  /** The port really bound. */
  readonly port: number;
  /** What the gRPC health service answers. False until set. */
  setServing(serving: boolean): void;
  /** Takes no more streams, waits up to `graceMs` for those that are open to end, then ends them. */
  stop(graceMs?: number): Promise<void>;
}

/** Binds and serves. Rejects with code `listen-failed` when the address cannot be had. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { address, codec, handlers, timers, tls, connectionAgeMaxMs } = options;
  const server = new Server({
    ...sharedChannelOptions,
    ...keepAliveOptions(options.keepAlive),
    ...(connectionAgeMaxMs === undefined
      ? {}
      : { 'grpc.max_connection_age_ms': connectionAgeMaxMs, 'grpc.max_connection_age_grace_ms': lastCallMs }),
  });
  const methods = configServiceMethods(codec);
  const health = createHealthService();
  const open: OpenStreams = new Set();
  register(server, methods.ads, open, (stream) => handlers.onAds(stream));
  if (handlers.onDeltaAds) register(server, methods.deltaAds, open, (stream) => handlers.onDeltaAds?.(stream));
  for (const [typeUrl, method] of handlers.onType ? methods.types : []) {
    register(server, method, open, (stream) => handlers.onType?.(typeUrl, stream));
  }
  for (const [typeUrl, method] of handlers.onDeltaType ? methods.deltaTypes : []) {
    register(server, method, open, (stream) => handlers.onDeltaType?.(typeUrl, stream));
  }
  register(server, methods.loadStats, open, (stream) => handlers.onLoadStats(stream));
  register(server, methods.load, open, (stream) => handlers.onLoad(stream));
  const { onClientStatus } = handlers;
  if (onClientStatus && knowsClientStatus(codec)) registerClientStatus(server, codec, (request) => onClientStatus(request));
  server.addService(healthMethods, health.implementation);
  registerReflection(server, (service) => isOffered(service, handlers));
  let current = typeof tls === 'function' ? tls() : tls;
  const credentials = current && new RenewedCredentials(current);

  function renew(read: () => ServerTls): void {
    const found = read();
    if (found === current) return;
    credentials?.renew(found);
    current = found;
  }

  const port = await bind(server, address, credentials ?? ServerCredentials.createInsecure());
  const looking = typeof tls === 'function' && timers.every(tlsLookMs, () => renew(tls));
  return {
    port,
    setServing: (serving) => health.setServing(serving),
    async stop(graceMs = 0) {
      if (looking) looking.cancel();
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      await Promise.race([closed, delay(timers, graceMs)]);
      // With channelz off, grpc-js knows no sessions to force (1.14), so the streams are ended one by one.
      for (const stream of open) stream.end({ code: status.UNAVAILABLE, details: 'the config service is stopping' });
      health.stop();
      await Promise.race([closed, delay(timers, lastWordMs)]);
    },
  };
}

/** Services of one type and of client status are there when there is somebody to handle them; the others always are. */
function isOffered(service: string, { onType, onDeltaType, onClientStatus }: ConfigServiceHandlers): boolean {
  if (service.endsWith('.ClientStatusDiscoveryService')) return onClientStatus !== undefined;
  if (/\.(Listener|Route|Cluster|Endpoint|Secret)DiscoveryService$/.test(service)) return onType !== undefined || onDeltaType !== undefined;
  return true;
}

/** How long the end of a stream may take to reach a client, in ms, before we stop caring. Chosen: far above a round trip. */
const lastWordMs = 1_000;

/** How long the streams of a connection that has grown old may go on, in ms. Chosen: discovery streams never end by themselves. */
const lastCallMs = 5_000;

/** How often files of certificates are looked at, in ms. Chosen: soon against the days for which both are good, and cheap. */
const tlsLookMs = 10_000;

type OpenStreams = Set<{ end(status: StreamStatus): void }>;

function register<Request, Response>(
  server: Server,
  method: StreamMethod<Request, Response>,
  open: OpenStreams,
  onStream: (stream: MessageStream<Request, Response>) => void,
): void {
  const onCall = (call: ServerDuplexStream<Request, Response>): void => {
    const stream = new ServerStream(call);
    open.add(stream);
    call.on('close', () => open.delete(stream));
    onStream(stream);
  };
  server.register(method.path, onCall, method.responseSerialize, method.requestDeserialize, 'bidi');
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new MeshError('listen-failed', `listen on ${address}: ${error.message}`, { cause: error }));
    });
  });
}

function delay(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(ms, resolve);
  });
}

class ServerStream<Request, Response> implements MessageStream<Request, Response> {
  readonly #call: ServerDuplexStream<Request, Response>;
  #handler: MessageStreamHandler<Request> | undefined;
  #isOver = false;

  constructor(call: ServerDuplexStream<Request, Response>) {
    this.#call = call;
    // Without a listener, a failure of one call would end the process.
    call.on('cancelled', () => this.#finish({ code: status.CANCELLED, details: 'the client has gone' }));
    call.on('error', (error) => this.#finish({ code: status.INTERNAL, details: error.message }));
    call.on('drain', () => {
      if (!this.#isOver) this.#handler?.onDrain?.();
    });
  }

  listen(handler: MessageStreamHandler<Request>): void {
    this.#handler = handler;
    this.#call.on('data', (message: Request) => {
      if (!this.#isOver) handler.onMessage(message);
    });
    this.#call.on('end', () => {
      // The client has said its last word, so there is nobody left to talk to.
      if (!this.#isOver) this.#call.end();
      this.#finish({ code: status.OK, details: '' });
    });
  }

  send(message: Response): boolean {
    return this.#isOver ? false : this.#call.write(message);
  }

  end(given: StreamStatus = { code: status.OK, details: '' }): void {
    if (this.#isOver) return;
    this.#finish(given);
    if (given.code === status.OK) this.#call.end();
    else this.#call.emit('error', given);
  }

  #finish(given: StreamStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler?.onEnd(given);
  }
}
