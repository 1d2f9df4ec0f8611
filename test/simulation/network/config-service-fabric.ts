/**
 * The connections between config service and proxies, as gRPC would make them: streams that open when the
 * service is there, cross the links as bytes, break, and are looked at on their way.
 */
import assert from 'node:assert';
import type { SimulatedLinks } from '@sluice/kernel/testing';
import type { Codec, ConfigServiceHandlers, ConfigServiceTransport, DiscoveryRequest, DiscoveryResponse } from '@sluice/xds';
import { configServiceMethods } from '@sluice/xds/testing';
import type { Sandbox } from '../floor/sandbox.ts';
import { createStreamPair, type StreamPair, type StreamWire } from './stream-pair.ts';

export interface ConfigServiceFabricOptions {
  readonly links: SimulatedLinks;
  readonly codec: Codec;
  /** Hears of every discovery message when it is sent. Streams are numbered from 1. */
  readonly onDiscovery: (stream: number, process: string, message: DiscoveryMessage) => void;
}

export type DiscoveryMessage =
  | { readonly kind: 'request'; readonly request: DiscoveryRequest }
  | { readonly kind: 'response'; readonly response: DiscoveryResponse };

interface OpenStream {
  readonly client: Sandbox;
  readonly pair: StreamPair<never, never>;
  /** Sends a discovery response that the config service knows nothing of. Absent on streams for load. */
  readonly inject?: (response: DiscoveryResponse) => void;
}

export class ConfigServiceFabric {
  readonly #options: ConfigServiceFabricOptions;
  readonly #methods: ReturnType<typeof configServiceMethods>;
  readonly #open = new Set<OpenStream>();
  #service: { readonly sandbox: Sandbox; readonly handlers: ConfigServiceHandlers } | undefined;
  #streams = 0;

  constructor(options: ConfigServiceFabricOptions) {
    this.#options = options;
    this.#methods = configServiceMethods(options.codec);
  }

  /** A config service takes streams from now on, until its process ends or what is returned is called. */
  serve(sandbox: Sandbox, handlers: ConfigServiceHandlers): () => void {
    const service = { sandbox, handlers };
    this.#service = service;
    const stop = () => {
      if (this.#service === service) this.#service = undefined;
    };
    sandbox.onKill(() => {
      stop();
      for (const { pair } of this.#live()) pair.abandon('server');
    });
    return stop;
  }

  /** What one process reaches the config service by. */
  connect(client: Sandbox): ConfigServiceTransport {
    client.onKill(() => {
      for (const stream of this.#live()) if (stream.client === client) stream.pair.abandon('client');
    });
    return {
      openAds: () => this.#openStream(client, this.#watched(client), ({ onAds }) => onAds, (pair) => (response) => void pair.server.send(response)),
      openDeltaAds: () => this.#openStream(client, this.#methods.deltaAds, ({ onDeltaAds }) => onDeltaAds ?? refuse),
      openType: (typeUrl) => this.#openStream(client, methodOf(this.#methods.types, typeUrl), ({ onType }) => (stream) => (onType ? onType(typeUrl, stream) : refuse(stream))),
      openDeltaType: (typeUrl) => this.#openStream(client, methodOf(this.#methods.deltaTypes, typeUrl), ({ onDeltaType }) => (stream) => (onDeltaType ? onDeltaType(typeUrl, stream) : refuse(stream))),
      openLoadStats: () => this.#openStream(client, this.#methods.loadStats, ({ onLoadStats }) => onLoadStats),
      openLoad: () => this.#openStream(client, this.#methods.load, ({ onLoad }) => onLoad),
      close: () => this.cut(client.name),
    };
  }

  /** Breaks all streams of a process. */
  cut(client: string): void {
    for (const stream of this.#live()) if (stream.client.name === client) stream.pair.cut();
  }

  /** Says something to a process on its discovery stream, as if the config service had. False when there is no stream. */
  inject(client: string, response: DiscoveryResponse): boolean {
    const stream = this.#live().find((open) => open.client.name === client && open.inject);
    stream?.inject?.(response);
    return stream !== undefined;
  }

  #openStream<Request, Response>(
    client: Sandbox,
    wire: StreamWire<Request, Response>,
    accept: (handlers: ConfigServiceHandlers) => (stream: StreamPair<Request, Response>['server']) => void,
    injectInto?: (pair: StreamPair<Request, Response>) => (response: DiscoveryResponse) => void,
  ): StreamPair<Request, Response>['client'] {
    const { links } = this.#options;
    const pair = createStreamPair(links, { client: client.part, server: configServiceName }, wire);
    this.#open.add({ client, pair: pair as StreamPair<never, never>, ...(injectInto ? { inject: injectInto(pair) } : {}) });
    // The service learns of the stream before anything that is sent on it: both ways begin at the same moment,
    // and what the client sends waits at the server's end until somebody listens.
    links.openPipe(client.part, configServiceName).send(() => {
      if (this.#service) accept(this.#service.handlers)(pair.server);
      else links.openPipe(configServiceName, client.part).send(() => pair.abandon('server'));
    });
    return pair.client;
  }

  /** Discovery, with everything that is said told to whoever judges it. */
  #watched(client: Sandbox): StreamWire<DiscoveryRequest, DiscoveryResponse> {
    const { ads } = this.#methods;
    const stream = (this.#streams += 1);
    const { onDiscovery } = this.#options;
    return {
      ...ads,
      requestSerialize(request) {
        onDiscovery(stream, client.name, { kind: 'request', request });
        return ads.requestSerialize(request);
      },
      responseSerialize(response) {
        onDiscovery(stream, client.name, { kind: 'response', response });
        return ads.responseSerialize(response);
      },
    };
  }

  #live(): OpenStream[] {
    for (const stream of this.#open) if (stream.pair.isOver) this.#open.delete(stream);
    return [...this.#open];
  }
}

/** The name of the config service on the links. */
export const configServiceName = 'config-server';

/** gRPC's UNIMPLEMENTED. */
function refuse(stream: { end(status: { readonly code: number; readonly details: string }): void }): void {
  stream.end({ code: 12, details: 'the service has no such method' });
}

function methodOf<Method>(methods: ReadonlyMap<string, Method>, typeUrl: string): Method {
  const method = methods.get(typeUrl);
  assert(method !== undefined, `no service carries ${typeUrl} alone`);
  return method;
}
