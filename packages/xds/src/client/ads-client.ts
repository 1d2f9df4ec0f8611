/** The ADS client: the machine of `sotw-client.ts` on a transport and timers. */
import type { Clock, Logger, Meter, Random, Timer, Timers } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { Node } from '../discovery.ts';
import type { AdsStream, AdsTransport } from '../transport.ts';
import { shortTypeName, type TypeUrl } from '../type-urls.ts';
import type { AdsConsumer, ReceivedResource } from './ads-consumer.ts';
import { SotwClient, type ClientEffect, type ClientEvent } from './sotw-client.ts';

export interface AdsClientOptions {
  readonly node: Node;
  readonly transport: AdsTransport;
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
  readonly initialFetchTimeoutMs?: number;
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
  const { clock, timers, transport, consumer, logger, meter } = options;
  const accepted = meter.counter('sluice_xds_updates_accepted_total', 'discovery responses accepted');
  const rejected = meter.counter('sluice_xds_updates_rejected_total', 'discovery responses refused');
  const unknownFields = meter.counter('sluice_xds_unknown_fields_total', 'fields skipped because they are not known here');
  const machine = new SotwClient({
    node: options.node,
    codec: options.codec,
    random: options.random,
    offer: (update) => consumer.onUpdate(update),
    ...(options.initialFetchTimeoutMs === undefined ? {} : { initialFetchTimeoutMs: options.initialFetchTimeoutMs }),
  });
  let stream: AdsStream | undefined;
  let wake: Timer | undefined;

  function step(event: ClientEvent): void {
    wake?.cancel();
    for (const effect of machine.step(event, clock.now())) perform(effect);
  }

  function perform(effect: ClientEffect): void {
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
      case 'connection':
        logger.info(effect.connected ? 'config service connected' : 'config service lost');
        consumer.onConnection?.(effect.connected);
        return;
      case 'accepted':
        accepted.add();
        logger.debug('config accepted', { type: shortTypeName(effect.typeUrl), version: effect.version });
        return;
      case 'rejected':
        rejected.add();
        logger.warn('config rejected', {
          type: shortTypeName(effect.typeUrl),
          version: effect.version,
          problem: effect.reason,
        });
        return;
      case 'unknown fields':
        unknownFields.add(effect.count);
        return;
      case 'missing':
        logger.warn('config missing', { type: shortTypeName(effect.typeUrl), resource: effect.name });
        consumer.onMissing?.(effect.typeUrl, effect.name);
    }
  }

  function openStream(): void {
    const opened = transport.openAds();
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
    start: () => step({ kind: 'start' }),
    stop: () => step({ kind: 'stop' }),
    get connected() {
      return machine.isConnected;
    },
    held: (typeUrl) => machine.types.find((type) => type.typeUrl === typeUrl)?.held ?? new Map(),
    status: () =>
      machine.types.map((type) => ({
        typeUrl: type.typeUrl,
        names: type.isWildcard ? ['*'] : type.names,
        acceptedVersion: type.acceptedVersion,
        ...(type.rejection === undefined ? {} : { rejection: type.rejection }),
      })),
  };
}
