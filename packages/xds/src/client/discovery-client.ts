/**
 * The client's end of discovery, as a machine: events in, effects out. It speaks either variant, by its dialect, over one
 * stream for all types or for one alone.
 *
 * It asks for all clusters and all listeners, and for the endpoints, routes, secrets and settings of filters that those name, each type in one
 * request. What was accepted stays through disconnections. Every response is answered, in order, with its nonce; where
 * the consumer confirms, not before what was accepted is in force.
 *
 * States: `idle` → (start) → `waiting` → (retry due) → `streaming` → (stream ended) → `waiting` …
 */
import type { Random } from '@sluice/kernel';

import { Backoff } from '../backoff.ts';
import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import type { Node } from '../discovery.ts';
import { typeUrls, type TypeUrl } from '../type-urls.ts';
import type { ReceivedResource } from './ads-consumer.ts';
import type { AnyRequest, Dialect } from './dialect.ts';
import { Expectations } from './expectations.ts';
import { ReferenceBook, type NameChange, type Reference } from './reference-book.ts';
import { RefusalDamping } from './refusal-damping.ts';
import { isAggregated, sourcedReferencesOf } from './sourced-references.ts';
import { TypeSubscription, type Offer } from './type-subscription.ts';
import { refusingDiscoveredHosts } from './undeliverable-hosts.ts';

export type ClientEvent<Response> =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'response'; readonly response: Response }
  /** What was accepted up to the effect `settle` with this number is in force, except for reasons that stand against it. */
  | { readonly kind: 'settled'; readonly upTo: number; readonly reasons: readonly LateReason[] }
  /** Somebody outside refers to names; replaces what the same owner referred to before. */
  | { readonly kind: 'refer'; readonly owner: string; readonly references: readonly Reference[] }
  | { readonly kind: 'stream ended'; readonly details: string }
  /** The moment named by the last `wake` effect has come. */
  | { readonly kind: 'wake' };

export type ClientEffect<Request> =
  | { readonly kind: 'open stream' }
  | { readonly kind: 'end stream' }
  | { readonly kind: 'send'; readonly request: Request }
  /** Send the event `wake` at this time of the clock; replaces the wish before. */
  | { readonly kind: 'wake'; readonly at: number }
  /** Send the event `settled` when what has been accepted is in force. */
  | { readonly kind: 'settle'; readonly upTo: number }
  | ClientNews;

/** What came to light after something was accepted. Without a type it stands against everything that was. */
export interface LateReason {
  readonly typeUrl: TypeUrl | undefined;
  /** The resource it is about; empty for none in particular. */
  readonly name: string;
  readonly reason: string;
}

/** What others may want to know. */
export type ClientNews =
  /** The service has begun to answer, or was lost. */
  | { readonly kind: 'connection'; readonly connected: boolean }
  /** A stream has ended without our wish, whether or not it had come to be. */
  | { readonly kind: 'stream failed'; readonly details: string }
  /** Something of a type was asked for. */
  | { readonly kind: 'asked'; readonly typeUrl: TypeUrl; readonly names: readonly string[] }
  | { readonly kind: 'accepted'; readonly typeUrl: TypeUrl; readonly version: string; readonly names: readonly string[] }
  /** `names`: what could be read and was refused. */
  | { readonly kind: 'rejected'; readonly typeUrl: TypeUrl; readonly version: string; readonly names: readonly string[]; readonly reason: string }
  | { readonly kind: 'unknown fields'; readonly typeUrl: TypeUrl; readonly count: number }
  | { readonly kind: 'missing'; readonly typeUrl: TypeUrl; readonly name: string; readonly isTimeout: boolean }
  /** Their time to live is over, and nobody has renewed them. */
  | { readonly kind: 'expired'; readonly typeUrl: TypeUrl; readonly names: readonly string[] }
  | { readonly kind: 'control plane'; readonly identifier: string };

export interface DiscoveryClientOptions<Request extends AnyRequest, Response> {
  readonly node: Node;
  readonly codec: Codec;
  readonly dialect: Dialect<Request, Response>;
  readonly random: Random;
  readonly offer: Offer;
  /** What may be asked for, in the order to ask. Default: all of clusters and listeners, and what they name. */
  readonly types?: readonly SubscribedType[];
  /** Whether what a resource names is to be asked for here. Default: what comes by ADS. */
  readonly follows?: (source: JsonObject | undefined, typeUrl: TypeUrl) => boolean;
  /** How long a type or a name may stay away, in ms. Default 15 000, Envoy's `initial_fetch_timeout`. 0 waits for ever. */
  readonly initialFetchTimeoutMs?: number | ((typeUrl: TypeUrl) => number);
  /** Whether answers wait for the event `settled`. Default false. */
  readonly confirms?: boolean;
}

export interface SubscribedType {
  readonly typeUrl: TypeUrl;
  /** Asked for as a whole, names or not. */
  readonly isWildcard: boolean;
}

/** What points to others before what it points to, so that one request can name all of that. */
export const allTypes: readonly SubscribedType[] = [
  { typeUrl: typeUrls.cluster, isWildcard: true },
  { typeUrl: typeUrls.clusterLoadAssignment, isWildcard: false },
  { typeUrl: typeUrls.listener, isWildcard: true },
  { typeUrl: typeUrls.routeConfiguration, isWildcard: false },
  { typeUrl: typeUrls.virtualHost, isWildcard: false },
  { typeUrl: typeUrls.secret, isWildcard: false },
  { typeUrl: typeUrls.extensionConfig, isWildcard: false },
];

/** gRPC's INVALID_ARGUMENT, the code of a refusal. */
const invalidArgument = 3;

interface Unanswered {
  readonly type: TypeSubscription;
  readonly nonce: string;
  readonly version: string;
  readonly identity: string;
  readonly reasons: readonly string[];
  readonly names: readonly string[];
  readonly refused: readonly string[];
  readonly number: number;
}

export class DiscoveryClient<Request extends AnyRequest, Response> {
  readonly #options: DiscoveryClientOptions<Request, Response>;
  readonly #types: ReadonlyMap<TypeUrl, TypeSubscription>;
  readonly #follows: (source: JsonObject | undefined, typeUrl: TypeUrl) => boolean;
  readonly #references = new ReferenceBook();
  readonly #expected = new Expectations();
  readonly #retry: Backoff;
  #state: 'idle' | 'waiting' | 'streaming' = 'idle';
  #retryAt = 0;
  #isConnected = false;
  #hasSentNode = false;
  #controlPlane = '';
  #settleCount = 0;
  /** Responses that were judged and wait to be in force, in order. */
  #unanswered: Unanswered[] = [];
  readonly #damping: RefusalDamping;

  constructor(options: DiscoveryClientOptions<Request, Response>) {
    const { dialect, offer } = options;
    this.#options = dialect.carriesVirtualHosts ? options : { ...options, offer: refusingDiscoveredHosts(offer) };
    this.#follows = options.follows ?? isAggregated;
    this.#retry = new Backoff(options.random);
    this.#damping = new RefusalDamping(options.random);
    const types = options.types ?? allTypes;
    this.#types = new Map(types.map(({ typeUrl, isWildcard }) => [typeUrl, new TypeSubscription(typeUrl, isWildcard)]));
  }

  get types(): readonly TypeSubscription[] {
    return [...this.#types.values()];
  }

  type(typeUrl: TypeUrl): TypeSubscription | undefined {
    return this.#types.get(typeUrl);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Holds what an earlier life has held, before the start. */
  restore(typeUrl: TypeUrl, resources: readonly ReceivedResource[], version: string): void {
    const type = this.#types.get(typeUrl);
    if (!type) return;
    this.#refer(type, type.restore(resources, version, this.#options.offer), []);
  }

  step(event: ClientEvent<Response>, now: number): readonly ClientEffect<Request>[] {
    const effects: ClientEffect<Request>[] = [];
    switch (event.kind) {
      case 'start':
        if (this.#state === 'idle') this.#start(now, effects);
        break;
      case 'stop':
        if (this.#state === 'streaming') effects.push({ kind: 'end stream' });
        this.#leaveStream(effects);
        this.#state = 'idle';
        break;
      case 'response':
        if (this.#state === 'streaming') this.#onResponse(event.response, now, effects);
        break;
      case 'settled':
        this.#onSettled(event.upTo, event.reasons, now, effects);
        break;
      case 'refer':
        this.#references.set(`outside ${event.owner}`, event.references);
        this.#followReferences(now, effects);
        break;
      case 'stream ended':
        if (this.#state === 'streaming') this.#onStreamEnded(event.details, now, effects);
        break;
      case 'wake':
        this.#onWake(now, effects);
        break;
    }
    this.#askToBeWoken(effects);
    return effects;
  }

  #start(now: number, effects: ClientEffect<Request>[]): void {
    this.#followReferences(now, effects);
    for (const type of this.#types.values()) {
      if (type.isWildcard && !type.hasResponded) this.#expected.expect(type.typeUrl, '*', now, this.#timeoutOf(type));
    }
    this.#openStream(now, effects);
  }

  #openStream(now: number, effects: ClientEffect<Request>[]): void {
    this.#state = 'streaming';
    this.#hasSentNode = false;
    effects.push({ kind: 'open stream' });
    for (const type of this.#types.values()) {
      type.nonce = '';
      type.isOpen = false;
      type.saysWildcard = false;
      for (const name of type.names) this.#expectName(type, name, now);
      if (type.isWanted) this.#open(type, effects);
    }
  }

  #onStreamEnded(details: string, now: number, effects: ClientEffect<Request>[]): void {
    this.#leaveStream(effects);
    effects.push({ kind: 'stream failed', details });
    this.#state = 'waiting';
    this.#retryAt = now + this.#retry.next();
  }

  #leaveStream(effects: ClientEffect<Request>[]): void {
    this.#expected.forgetNames();
    this.#damping.forgetHeld();
    // There is nobody to answer, but what was judged counts: it is what the next stream begins with.
    for (const { type, version, reasons } of this.#unanswered) type.conclude(version, reasons);
    this.#unanswered = [];
    if (this.#isConnected) effects.push({ kind: 'connection', connected: false });
    this.#isConnected = false;
  }

  #onResponse(response: Response, now: number, effects: ClientEffect<Request>[]): void {
    const { codec, dialect, offer, confirms } = this.#options;
    const update = dialect.read(response);
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.#retry.reset();
      effects.push({ kind: 'connection', connected: true });
    }
    if (update.controlPlane !== undefined && update.controlPlane !== this.#controlPlane) {
      this.#controlPlane = update.controlPlane;
      effects.push({ kind: 'control plane', identifier: update.controlPlane });
    }
    const type = this.#types.get(update.typeUrl);
    // What was never asked for has no version to answer with, so there is no answer.
    if (!type?.isOpen) return;
    type.nonce = update.nonce;
    this.#damping.take(type);
    const verdict = type.take(update, codec, now, offer);
    if (verdict.unknownFields > 0) effects.push({ kind: 'unknown fields', typeUrl: type.typeUrl, count: verdict.unknownFields });
    this.#expected.met(type.typeUrl, '*');
    for (const { name } of verdict.changed) this.#expected.met(type.typeUrl, name);
    for (const name of verdict.unknown) this.#missing(type.typeUrl, name, false, effects);
    this.#refer(type, verdict.changed, verdict.removed);
    const number = (this.#settleCount += 1);
    const { reasons, names, refused } = verdict;
    this.#unanswered.push({ type, nonce: update.nonce, version: update.version, identity: update.identity, reasons, names, refused, number });
    if (confirms) effects.push({ kind: 'settle', upTo: number });
    else this.#onSettled(number, [], now, effects);
    this.#followReferences(now, effects);
  }

  #onSettled(upTo: number, reasons: readonly LateReason[], now: number, effects: ClientEffect<Request>[]): void {
    const settled = this.#unanswered.filter(({ number }) => number <= upTo);
    this.#unanswered = this.#unanswered.filter(({ number }) => number > upTo);
    // Sent again, they are to be offered again, whether or not they are the same.
    for (const { typeUrl, name } of reasons) if (typeUrl !== undefined) this.#types.get(typeUrl)?.distrust(name);
    for (const one of settled) {
      const late = reasons.filter(({ typeUrl }) => typeUrl === undefined || typeUrl === one.type.typeUrl).map(({ reason }) => reason);
      const rejection = one.type.conclude(one.version, [...one.reasons, ...late]);
      if (rejection === undefined) {
        this.#damping.onAccepted(one.type);
        effects.push({ kind: 'accepted', typeUrl: one.type.typeUrl, version: one.version, names: one.names });
        this.#answer(one.type, one.nonce, undefined, effects);
      } else {
        effects.push({ kind: 'rejected', typeUrl: one.type.typeUrl, version: one.version, names: one.refused, reason: rejection });
        if (this.#damping.mayAnswer(one.type, one.identity, { nonce: one.nonce, reason: rejection }, now)) this.#answer(one.type, one.nonce, rejection, effects);
      }
    }
  }

  /** Notes what changed resources refer to. */
  #refer(type: TypeSubscription, changed: readonly ReceivedResource[], removed: readonly string[]): void {
    for (const { name, value } of changed) {
      const references = sourcedReferencesOf(type.typeUrl, value).filter(({ source, typeUrl }) => this.#follows(source, typeUrl));
      this.#references.set(`${type.typeUrl} ${name}`, references);
    }
    for (const name of removed) this.#references.delete(`${type.typeUrl} ${name}`);
  }

  /** Asks for what is referred to now, each type in one request. */
  #followReferences(now: number, effects: ClientEffect<Request>[]): void {
    for (const change of this.#references.takeChanges()) {
      const type = this.#types.get(change.typeUrl);
      if (!type) continue;
      const dropped = type.changeNames(change.added, change.removed);
      if (dropped.length > 0) this.#options.offer({ typeUrl: type.typeUrl, version: type.acceptedVersion, changed: [], removed: dropped });
      for (const name of change.removed) this.#expected.met(type.typeUrl, name);
      if (this.#state === 'streaming') this.#tell(type, change, now, effects);
    }
  }

  #tell(type: TypeSubscription, { added, removed }: NameChange, now: number, effects: ClientEffect<Request>[]): void {
    for (const name of added.keys()) this.#expectName(type, name, now);
    if (!type.isOpen) {
      if (type.isWanted) this.#open(type, effects);
      return;
    }
    if (this.#options.dialect.answerTellsNames) {
      // A request between a response and its answer would be taken for the answer.
      if (this.#unanswered.some((one) => one.type === type)) return;
      const held = this.#damping.take(type);
      if (held) {
        this.#answer(type, held.nonce, held.reason, effects);
        return;
      }
    }
    effects.push({ kind: 'asked', typeUrl: type.typeUrl, names: [...added.keys()] });
    this.#send(this.#options.dialect.change(type, [...added.keys()].sort(), [...removed].sort()), effects);
  }

  #open(type: TypeSubscription, effects: ClientEffect<Request>[]): void {
    type.isOpen = true;
    effects.push({ kind: 'asked', typeUrl: type.typeUrl, names: type.names });
    this.#send(this.#options.dialect.open(type), effects);
  }

  #answer(type: TypeSubscription, nonce: string, refusal: string | undefined, effects: ClientEffect<Request>[]): void {
    if (this.#state !== 'streaming') return;
    this.#send(this.#options.dialect.answer(type, nonce, refusal === undefined ? undefined : { code: invalidArgument, message: refusal }), effects);
  }

  #send(request: Request, effects: ClientEffect<Request>[]): void {
    effects.push({ kind: 'send', request: this.#hasSentNode ? request : { ...request, node: this.#options.node } });
    this.#hasSentNode = true;
  }

  #timeoutOf(type: TypeSubscription): number {
    const { initialFetchTimeoutMs = 15_000 } = this.#options;
    return typeof initialFetchTimeoutMs === 'number' ? initialFetchTimeoutMs : initialFetchTimeoutMs(type.typeUrl);
  }

  #expectName(type: TypeSubscription, name: string, now: number): void {
    if (!type.held.has(name)) this.#expected.expect(type.typeUrl, name, now, type.timeoutOf(name) ?? this.#timeoutOf(type));
  }

  #missing(typeUrl: TypeUrl, name: string, isTimeout: boolean, effects: ClientEffect<Request>[]): void {
    this.#expected.met(typeUrl, name);
    effects.push({ kind: 'missing', typeUrl, name, isTimeout });
  }

  #onWake(now: number, effects: ClientEffect<Request>[]): void {
    if (this.#state === 'idle') return;
    if (this.#state === 'waiting' && this.#retryAt <= now) this.#openStream(now, effects);
    for (const [type, { nonce, reason }] of this.#damping.takeDue(now)) this.#answer(type, nonce, reason, effects);
    for (const { typeUrl, name } of this.#expected.takeMissing(now)) this.#missing(typeUrl, name, true, effects);
    for (const type of this.#types.values()) if (type.nextExpiry <= now) this.#expire(type, now, effects);
  }

  #expire(type: TypeSubscription, now: number, effects: ClientEffect<Request>[]): void {
    const names = type.expire(now);
    this.#options.offer({ typeUrl: type.typeUrl, version: type.acceptedVersion, changed: [], removed: names });
    effects.push({ kind: 'expired', typeUrl: type.typeUrl, names });
    this.#refer(type, [], names);
    this.#followReferences(now, effects);
  }

  #askToBeWoken(effects: ClientEffect<Request>[]): void {
    if (this.#state === 'idle') return;
    let at = Math.min(this.#expected.next, this.#damping.next);
    for (const type of this.#types.values()) at = Math.min(at, type.nextExpiry);
    if (this.#state === 'waiting') at = Math.min(at, this.#retryAt);
    if (at < Infinity) effects.push({ kind: 'wake', at });
  }
}
