/**
 * The client's end of aggregated discovery, state-of-the-world variant, as a machine: events in, effects out.
 *
 * It asks for all clusters and all listeners, and for the endpoints and routes that those name, each type in
 * one request with the full list of names. What was accepted stays through disconnections. Every response is
 * answered, in order, with its nonce.
 *
 * States: `idle` → (start) → `waiting` → (retry due) → `streaming` → (stream ended) → `waiting` …
 */
import type { Random } from '@sluice/kernel';

import { Backoff } from '../backoff.ts';
import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import type { DiscoveryRequest, DiscoveryResponse, Node } from '../discovery.ts';
import { endpointNameOf, routeNamesOf } from '../references.ts';
import { typeUrls, type TypeUrl } from '../type-urls.ts';
import { TypeSubscription, type Offer } from './type-subscription.ts';

export type ClientEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'response'; readonly response: DiscoveryResponse }
  | { readonly kind: 'stream ended'; readonly details: string }
  /** The moment named by the last `wake` effect has come. */
  | { readonly kind: 'wake' };

export type ClientEffect =
  | { readonly kind: 'open stream' }
  | { readonly kind: 'end stream' }
  | { readonly kind: 'send'; readonly request: DiscoveryRequest }
  /** Send the event `wake` at this time of the clock; replaces the wish before. */
  | { readonly kind: 'wake'; readonly at: number }
  | { readonly kind: 'connection'; readonly connected: boolean }
  | { readonly kind: 'accepted'; readonly typeUrl: TypeUrl; readonly version: string }
  | { readonly kind: 'rejected'; readonly typeUrl: TypeUrl; readonly version: string; readonly reason: string }
  | { readonly kind: 'unknown fields'; readonly typeUrl: TypeUrl; readonly count: number }
  | { readonly kind: 'missing'; readonly typeUrl: TypeUrl; readonly name: string };

export interface SotwClientOptions {
  readonly node: Node;
  readonly codec: Codec;
  readonly random: Random;
  readonly offer: Offer;
  /** Default 15 000 ms, Envoy's `initial_fetch_timeout` and gRPC's resource timer. 0 waits for ever. */
  readonly initialFetchTimeoutMs?: number;
}

/** gRPC's INVALID_ARGUMENT, the code of a refusal. */
const invalidArgument = 3;

export class SotwClient {
  readonly #options: SotwClientOptions;
  readonly #types: readonly TypeSubscription[];
  readonly #retry: Backoff;
  #state: 'idle' | 'waiting' | 'streaming' = 'idle';
  #retryAt = 0;
  #isConnected = false;
  #hasSentNode = false;
  /** When a name that was asked for counts as missing, by type and name; `*` stands for a whole type. */
  readonly #missingAt = new Map<string, { readonly typeUrl: TypeUrl; readonly name: string; readonly at: number }>();
  /** Refusals held back, because a server sent the same bad response again. */
  readonly #delayed = new Map<TypeSubscription, { readonly reason: string; readonly at: number }>();
  readonly #damping = new Map<TypeSubscription, { readonly version: string; readonly backoff: Backoff }>();

  constructor(options: SotwClientOptions) {
    this.#options = options;
    this.#retry = new Backoff(options.random);
    this.#types = [
      new TypeSubscription(typeUrls.cluster, true),
      new TypeSubscription(typeUrls.clusterLoadAssignment, false),
      new TypeSubscription(typeUrls.listener, true),
      new TypeSubscription(typeUrls.routeConfiguration, false),
    ];
  }

  get types(): readonly TypeSubscription[] {
    return this.#types;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  step(event: ClientEvent, now: number): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    switch (event.kind) {
      case 'start':
        if (this.#state === 'idle') this.#openStream(now, effects);
        break;
      case 'stop':
        if (this.#state === 'streaming') effects.push({ kind: 'end stream' });
        this.#leaveStream(effects);
        this.#state = 'idle';
        break;
      case 'response':
        if (this.#state === 'streaming') this.#onResponse(event.response, now, effects);
        break;
      case 'stream ended':
        if (this.#state === 'streaming') this.#onStreamEnded(now, effects);
        break;
      case 'wake':
        this.#onWake(now, effects);
        break;
    }
    this.#askToBeWoken(effects);
    return effects;
  }

  #openStream(now: number, effects: ClientEffect[]): void {
    this.#state = 'streaming';
    this.#hasSentNode = false;
    effects.push({ kind: 'open stream' });
    for (const type of this.#types) {
      type.nonce = '';
      type.isOpen = false;
      if (type.isWildcard && !type.hasResponded) this.#expect(type, '*', now);
      this.#expectNames(type, now);
      if (type.isWildcard || type.names.length > 0) this.#send(type, effects);
    }
  }

  #onStreamEnded(now: number, effects: ClientEffect[]): void {
    this.#leaveStream(effects);
    this.#state = 'waiting';
    this.#retryAt = now + this.#retry.next();
  }

  /** Nothing times out while there is no stream: the server cannot answer. */
  #leaveStream(effects: ClientEffect[]): void {
    this.#missingAt.clear();
    this.#delayed.clear();
    if (this.#isConnected) effects.push({ kind: 'connection', connected: false });
    this.#isConnected = false;
  }

  #onResponse(response: DiscoveryResponse, now: number, effects: ClientEffect[]): void {
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.#retry.reset();
      effects.push({ kind: 'connection', connected: true });
    }
    const type = this.#types.find(({ typeUrl }) => typeUrl === response.typeUrl);
    // A type we never asked for: there is no version to answer with, so there is no answer.
    if (type === undefined) return;
    type.nonce = response.nonce;
    this.#delayed.delete(type);
    const { rejection, unknownFields } = type.take(response, this.#options.codec, this.#options.offer);
    if (unknownFields > 0) effects.push({ kind: 'unknown fields', typeUrl: type.typeUrl, count: unknownFields });
    this.#met(type);
    if (rejection === undefined) {
      this.#damping.delete(type);
      effects.push({ kind: 'accepted', typeUrl: type.typeUrl, version: response.versionInfo });
      this.#send(type, effects);
    } else {
      effects.push({ kind: 'rejected', typeUrl: type.typeUrl, version: response.versionInfo, reason: rejection });
      this.#refuse(type, response.versionInfo, rejection, now, effects);
    }
    this.#followReferences(type, now, effects);
  }

  /**
   * Some servers answer a refusal at once with the same response (go-control-plane's cache does). The same
   * version refused again is answered after a growing delay, so that the two do not spin.
   */
  #refuse(type: TypeSubscription, version: string, reason: string, now: number, effects: ClientEffect[]): void {
    const damping = this.#damping.get(type);
    if (damping?.version === version) {
      this.#delayed.set(type, { reason, at: now + damping.backoff.next() });
      return;
    }
    this.#damping.set(type, { version, backoff: new Backoff(this.#options.random) });
    this.#send(type, effects, reason);
  }

  /** Asks for what the clusters or listeners now held name, all in one request. */
  #followReferences(type: TypeSubscription, now: number, effects: ClientEffect[]): void {
    const follower = followers[type.typeUrl];
    const target = this.#types.find(({ typeUrl }) => typeUrl === follower?.typeUrl);
    if (follower === undefined || target === undefined) return;
    const names = new Set([...type.held.values()].flatMap(({ value }) => follower.namesOf(value)));
    if (!target.setNames(names, this.#options.offer)) return;
    this.#met(target);
    this.#expectNames(target, now);
    if (target.isOpen || names.size > 0) this.#send(target, effects);
  }

  #send(type: TypeSubscription, effects: ClientEffect[], rejection?: string): void {
    const request: DiscoveryRequest = {
      typeUrl: type.typeUrl,
      versionInfo: type.acceptedVersion,
      responseNonce: type.nonce,
      resourceNames: type.isWildcard ? [] : type.names,
      ...(this.#hasSentNode ? {} : { node: this.#options.node }),
      ...(rejection === undefined ? {} : { errorDetail: { code: invalidArgument, message: rejection } }),
    };
    this.#hasSentNode = true;
    type.isOpen = true;
    effects.push({ kind: 'send', request });
  }

  #expect(type: TypeSubscription, name: string, now: number): void {
    const timeoutMs = this.#options.initialFetchTimeoutMs ?? 15_000;
    const key = `${type.typeUrl} ${name}`;
    if (timeoutMs > 0 && !this.#missingAt.has(key)) {
      this.#missingAt.set(key, { typeUrl: type.typeUrl, name, at: now + timeoutMs });
    }
  }

  #expectNames(type: TypeSubscription, now: number): void {
    if (type.isWildcard) return;
    for (const name of type.names) if (!type.held.has(name)) this.#expect(type, name, now);
  }

  /** Stops expecting what has come, or is no longer wanted. */
  #met(type: TypeSubscription): void {
    const wanted = new Set(type.names);
    for (const [key, { typeUrl, name }] of this.#missingAt) {
      if (typeUrl !== type.typeUrl) continue;
      const isMet = name === '*' ? type.hasResponded : type.held.has(name) || !wanted.has(name);
      if (isMet) this.#missingAt.delete(key);
    }
  }

  #onWake(now: number, effects: ClientEffect[]): void {
    if (this.#state === 'waiting' && this.#retryAt <= now) this.#openStream(now, effects);
    for (const [type, { reason, at }] of this.#delayed) {
      if (at > now) continue;
      this.#delayed.delete(type);
      this.#send(type, effects, reason);
    }
    for (const [key, { typeUrl, name, at }] of this.#missingAt) {
      if (at > now) continue;
      this.#missingAt.delete(key);
      effects.push({ kind: 'missing', typeUrl, name });
    }
  }

  #askToBeWoken(effects: ClientEffect[]): void {
    const times = [...this.#missingAt.values(), ...this.#delayed.values()].map(({ at }) => at);
    if (this.#state === 'waiting') times.push(this.#retryAt);
    if (times.length > 0) effects.push({ kind: 'wake', at: times.reduce((a, b) => Math.min(a, b)) });
  }
}

interface Follower {
  readonly typeUrl: TypeUrl;
  readonly namesOf: (value: JsonObject) => readonly string[];
}

/** Which type's names a type's resources give. */
const followers: Readonly<Record<TypeUrl, Follower>> = {
  [typeUrls.cluster]: {
    typeUrl: typeUrls.clusterLoadAssignment,
    namesOf(cluster) {
      const name = endpointNameOf(cluster);
      return name === undefined ? [] : [name];
    },
  },
  [typeUrls.listener]: { typeUrl: typeUrls.routeConfiguration, namesOf: routeNamesOf },
};
