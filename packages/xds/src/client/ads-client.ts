/** The ADS client: the machine of `sotw-client.ts` on a transport and timers. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { Node } from '../discovery.ts';
import type { AdsTransport } from '../transport.ts';
import type { TypeUrl } from '../type-urls.ts';
import type { AdsConsumer, ReceivedResource } from './ads-consumer.ts';

export interface AdsClientOptions {
  readonly node: Node;
  readonly transport: AdsTransport;
  readonly codec: Codec;
  readonly consumer: AdsConsumer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter?: Meter;
  /** How long a resource may stay away before `onMissing`, in ms. Default 15 000, as Envoy's `initial_fetch_timeout`. 0 waits for ever. */
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

/** Where one type stands on a client or, seen from the other side, on a server's stream. */
export interface TypeStatus {
  readonly typeUrl: TypeUrl;
  /** `*` for all. */
  readonly names: readonly string[];
  readonly acceptedVersion: string;
  /** The last refusal's text; absent when the last response was accepted. */
  readonly rejection?: string;
}
