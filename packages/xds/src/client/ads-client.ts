/** A client of a config service: the machine of `discovery-client.ts` on a transport and timers. */
import { formatProblem, type Clock, type Logger, type MessageStream, type Meter, type Random, type Timer, type Timers } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import type { Node } from '../discovery.ts';
import type { AdsTransport, DeltaAdsTransport, PerTypeTransport } from '../transport.ts';
import { shortTypeName, type TypeUrl } from '../type-urls.ts';
import type { AdsConsumer, ReceivedResource } from './ads-consumer.ts';
import { deltaDialect } from './delta-dialect.ts';
import type { AnyRequest, Dialect } from './dialect.ts';
import { DiscoveryClient, type ClientEffect, type ClientEvent, type ClientNews, type SubscribedType } from './discovery-client.ts';
import type { Reference } from './reference-book.ts';
import { sotwDialect } from './sotw-dialect.ts';

/** Which variant is spoken, over which stream. The transport has to offer it. */
export type AdsVariant =
  | { readonly variant?: 'sotw'; readonly transport: AdsTransport }
  | { readonly variant: 'delta'; readonly transport: DeltaAdsTransport }
  /** `typeUrl` alone, over the service of its own. */
  | { readonly variant: 'sotw' | 'delta'; readonly typeUrl: TypeUrl; readonly transport: PerTypeTransport };

export interface ClientSettings {
  readonly node: Node;
  readonly codec: Codec;
  readonly consumer: AdsConsumer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /**
   * How long a resource may stay away before `onMissing`, in ms. Default 15 000, as Envoy's
   * `initial_fetch_timeout`. 0 waits for ever.
   */
  readonly initialFetchTimeoutMs?: number | ((typeUrl: TypeUrl) => number);
  /** What may be asked for. Default: all of clusters and listeners, and what they name. */
  readonly types?: readonly SubscribedType[];
  /** Whether what a resource names is to be asked for here. Default: what comes by ADS. */
  readonly follows?: (source: JsonObject | undefined, typeUrl: TypeUrl) => boolean;
  /** What was held in an earlier life: in force from the start on, until the service says otherwise. Default nothing. */
  readonly restored?: readonly RestoredType[];
  /** Hears of everything that happens, after the consumer has. */
  readonly onNews?: (news: ClientNews) => void;
}

export type AdsClientOptions = ClientSettings & AdsVariant;

/** What was accepted of one type. */
export interface RestoredType {
  readonly typeUrl: TypeUrl;
  readonly version: string;
  readonly resources: readonly ReceivedResource[];
}

export interface AdsClient {
  /** Connects, and goes on connecting until stopped. */
  start(): void;
  /** Ends the stream. What was accepted stays readable. */
  stop(): void;
  readonly connected: boolean;
  /** What is accepted and in force, by type. */
  held(typeUrl: TypeUrl): ReadonlyMap<string, ReceivedResource>;
  /** Per type: what was asked for, accepted and refused. */
  status(): readonly TypeStatus[];
  /** Asks for what `owner`, somebody outside, refers to, besides what resources name. Replaces what it referred to before. */
  refer(owner: string, references: readonly Reference[]): void;
}

/** Where one type stands, on a client or on a server's stream. */
export interface TypeStatus {
  readonly typeUrl: TypeUrl;
  /** `*` for all. */
  readonly names: readonly string[];
  readonly acceptedVersion: string;
  /** The last refusal's text; absent when the last response was accepted. */
  readonly rejection?: string;
}

/** Makes a client that is idle until started. */
export function createAdsClient(options: AdsClientOptions): AdsClient {
  return options.variant === 'delta'
    ? runMachine(options, deltaDialect, () => ('typeUrl' in options ? options.transport.openDeltaType(options.typeUrl) : options.transport.openDeltaAds()))
    : runMachine(options, sotwDialect, () => ('typeUrl' in options ? options.transport.openType(options.typeUrl) : options.transport.openAds()));
}

function runMachine<Request extends AnyRequest, Response>(
  settings: ClientSettings,
  dialect: Dialect<Request, Response>,
  open: () => MessageStream<Response, Request>,
): AdsClient {
  const { clock, timers, consumer, logger, meter, restored = [] } = settings;
  const accepted = meter.counter('sluice_xds_updates_accepted_total', 'discovery responses accepted');
  const rejected = meter.counter('sluice_xds_updates_rejected_total', 'discovery responses refused');
  const expired = meter.counter('sluice_xds_resources_expired_total', 'resources dropped because nobody renewed them in time');
  const unknownFields = meter.counter('envoy_server_dynamic_unknown_fields', 'fields of resources that were skipped because they are not known here');
  const machine = new DiscoveryClient<Request, Response>({
    node: settings.node,
    codec: settings.codec,
    dialect,
    random: settings.random,
    offer: (update) => consumer.onUpdate(update),
    confirms: consumer.inForce !== undefined,
    ...(settings.types === undefined ? {} : { types: settings.types }),
    ...(settings.follows === undefined ? {} : { follows: settings.follows }),
    ...(settings.initialFetchTimeoutMs === undefined ? {} : { initialFetchTimeoutMs: settings.initialFetchTimeoutMs }),
  });
  let stream: MessageStream<Response, Request> | undefined;
  let wake: Timer | undefined;
  let hasStarted = false;

  function step(event: ClientEvent<Response>): void {
    wake?.cancel();
    for (const effect of machine.step(event, clock.now())) perform(effect);
  }

  function perform(effect: ClientEffect<Request>): void {
    switch (effect.kind) {
      case 'open stream':
        openStream();
        return;
      case 'end stream': {
        const ending = stream;
        stream = undefined;
        ending?.end();
        return;
      }
      case 'send':
        // Requests are small and answers to what the server sent; they need no back-pressure of their own.
        stream?.send(effect.request);
        return;
      case 'wake':
        wake = timers.after(Math.max(0, effect.at - clock.now()), () => step({ kind: 'wake' }));
        return;
      case 'settle':
        void settle(effect.upTo);
        return;
      default:
        tell(effect);
        settings.onNews?.(effect);
    }
  }

  async function settle(upTo: number): Promise<void> {
    const faults = (await consumer.inForce?.()) ?? [];
    const reasons = faults.map(({ typeUrl, name, problem }) => ({ typeUrl, name, reason: name === '' ? formatProblem(problem) : `${name}: ${formatProblem(problem)}` }));
    step({ kind: 'settled', upTo, reasons });
  }

  function tell(news: ClientNews): void {
    switch (news.kind) {
      case 'connection':
        logger.info(news.connected ? 'config service connected' : 'config service lost');
        consumer.onConnection?.(news.connected);
        return;
      case 'accepted':
        accepted.add();
        logger.debug('config accepted', { type: shortTypeName(news.typeUrl), version: news.version });
        return;
      case 'rejected':
        rejected.add();
        logger.warn('config rejected', { type: shortTypeName(news.typeUrl), version: news.version, problem: news.reason });
        return;
      case 'unknown fields':
        unknownFields.add(news.count);
        return;
      case 'missing':
        logger.warn('config missing', { type: shortTypeName(news.typeUrl), resource: news.name });
        consumer.onMissing?.(news.typeUrl, news.name);
        return;
      case 'expired':
        for (const name of news.names) {
          expired.add();
          logger.warn('config expired', { type: shortTypeName(news.typeUrl), resource: name });
        }
        return;
      case 'stream failed':
        logger.debug('config stream ended', { details: news.details });
        return;
      case 'asked':
      case 'control plane':
    }
  }

  function openStream(): void {
    const opened = open();
    stream = opened;
    opened.listen({
      onMessage: (response) => {
        if (stream === opened) step({ kind: 'response', response });
      },
      onEnd: ({ details }) => {
        // An older stream's end says nothing about the present one.
        if (stream !== opened) return;
        stream = undefined;
        step({ kind: 'stream ended', details });
      },
    });
  }

  return {
    start() {
      if (!hasStarted) for (const { typeUrl, version, resources } of restored) machine.restore(typeUrl, resources, version);
      hasStarted = true;
      step({ kind: 'start' });
    },
    stop: () => step({ kind: 'stop' }),
    get connected() {
      return machine.isConnected;
    },
    held: (typeUrl) => machine.type(typeUrl)?.held ?? new Map(),
    status: () =>
      machine.types.map((type) => ({
        typeUrl: type.typeUrl,
        names: type.isWildcard ? ['*', ...type.names] : type.names,
        acceptedVersion: type.acceptedVersion,
        ...(type.rejection === undefined ? {} : { rejection: type.rejection }),
      })),
    refer: (owner, references) => step({ kind: 'refer', owner, references }),
  };
}
