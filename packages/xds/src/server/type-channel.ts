/**
 * One type on one stream: what the client wants, what it has and what it said to that. Knows which resources are due;
 * when to send them is the stream's to decide, since that depends on the other types.
 *
 * What the client has is kept as the difference from what there is: of 20,000 resources that 200 clients hold, a
 * channel keeps only those that a client does not have as they are now. So a change costs each stream work and
 * memory for what has changed.
 */
import type { ErrorDetail } from '../discovery.ts';
import type { ResourceChange } from '../snapshot/snapshot-changes.ts';
import type { ResourceSet, VersionedResource } from '../snapshot/snapshot.ts';
import { allowsLegacyWildcard, type TypeUrl } from '../type-urls.ts';
import { Refusals } from './refusals.ts';
import { Subscription, type SubscriptionChange } from './subscription.ts';

/** A response that is due. */
export interface DueResponse {
  readonly version: string;
  readonly resources: readonly VersionedResource[];
  /** Those among `resources` that the client has never been sent, or not with this content. */
  readonly changed: readonly VersionedResource[];
  /** Names to be told gone. Only the delta variant can say so. */
  readonly removed: readonly string[];
  /** Names of virtual hosts that were asked for and are not there. */
  readonly unresolved?: readonly string[];
  /** Whether any was never sent, or more follows: what points to it must wait until the client has it. */
  readonly hasNew: boolean;
}

/** What a request says: `stale` ones answer an older response. */
export type RequestMeaning = 'stale' | 'first' | 'accepted' | 'rejected' | 'changed';

export abstract class TypeChannel {
  readonly typeUrl: TypeUrl;
  readonly subscription: Subscription;
  readonly refusals = new Refusals();
  /**
   * A response is out and neither accepted nor refused yet. At most one is, which also bounds what a slow
   * client makes us hold.
   */
  isAwaiting = false;
  /** The response that is out carries resources new to the client. */
  awaitsNew = false;
  acceptedVersion = '';
  sentVersion = '';
  /** Nothing has been sent yet. */
  isFirstResponse = true;
  protected set: ResourceSet | undefined;
  protected lastNonce = '';
  /**
   * Names of which the client may not have what there is, with the version that it was sent; undefined for none. Of all
   * other names that it wants it has been sent what there is.
   */
  protected readonly pending = new Map<string, string | undefined>();
  /** Names to answer even when the client was sent them already. */
  protected readonly owed = new Set<string>();
  #inFlight: DueResponse | undefined;
  /** Only made when somebody asks for the state of single resources. */
  #inFlightNames: Set<string> | undefined;

  constructor(typeUrl: TypeUrl, variant: 'sotw' | 'delta') {
    this.typeUrl = typeUrl;
    this.subscription = new Subscription(allowsLegacyWildcard(typeUrl, variant));
  }

  /** Why the client does not use all that it was sent; undefined when it does. */
  get rejection(): ErrorDetail | undefined {
    return this.refusals.latest;
  }

  /** Whether the client has come back with names of which it may hold what is gone by now, and has not been told. */
  abstract get mayHoldGone(): boolean;

  /** The limit of waiting for the client is reached. */
  onWaitOver(): void {}

  /** What is to be sent, or undefined. @param keepsRemoved leave out that something is gone */
  abstract due(keepsRemoved: boolean): DueResponse | undefined;

  /** Called when the first snapshot is there and the client has asked: what does it lack? */
  protected abstract begin(set: ResourceSet): void;

  /** Called for each resource that the client was sent and that is gone. */
  protected onGone?(resource: VersionedResource): void;

  /** What there is now. `changes` says what differs from before; the first time there is nothing to differ from. */
  onSet(set: ResourceSet, changes: readonly ResourceChange[]): void {
    const isFirst = this.set === undefined;
    this.set = set;
    if (isFirst) {
      if (!this.subscription.isFresh) this.begin(set);
      return;
    }
    // What is gone stands behind what is there, so that what is sent part by part is found without passing it by.
    for (const { name, before, after } of changes) {
      if (after !== undefined && this.subscription.wants(name) && !this.pending.has(name)) this.pending.set(name, before?.version);
    }
    for (const { name, before, after } of changes) {
      if (after !== undefined || !this.subscription.wants(name)) continue;
      if (!this.pending.has(name)) this.pending.set(name, before?.version);
      if (before !== undefined && this.pending.get(name) !== undefined) this.onGone?.(before);
    }
  }

  /** Makes `name` due although the client was sent it, if it wants it at all. */
  owe(name: string): void {
    if (this.subscription.wants(name)) this.owed.add(name);
  }

  /** Whether the client has all there is, has said so, and has refused nothing of it. */
  get isSettled(): boolean {
    return this.rejection === undefined && this.isAnswered;
  }

  /** Whether the client has been sent all there is and has answered, be it with refusals. */
  get isAnswered(): boolean {
    return !this.isAwaiting && this.due(false) === undefined;
  }

  /** Whether something is there that the client was never sent. */
  get lacksNew(): boolean {
    for (const [name, version] of this.pending) if (version === undefined && this.set?.resources.has(name) === true) return true;
    return false;
  }

  /** How a resource stands: for status, one of those that the client wants. */
  stateOf(name: string): 'not sent' | 'older sent' | 'unanswered' | 'refused' | 'accepted' {
    if (this.#inFlight !== undefined) {
      this.#inFlightNames ??= new Set(this.#inFlight.resources.map((resource) => resource.name));
      if (this.#inFlightNames.has(name)) return 'unanswered';
    }
    if (this.refusals.has(name)) return 'refused';
    const isPending = this.pending.has(name) && this.pending.get(name) !== this.set?.resources.get(name)?.version;
    if (!isPending) return 'accepted';
    return this.pending.get(name) === undefined ? 'not sent' : 'older sent';
  }

  /** Those that the client wants and that are there, as they are now. */
  *wanted(): Generator<VersionedResource> {
    if (this.set === undefined) return;
    if (this.subscription.isWildcard) {
      yield* this.set.resources.values();
      return;
    }
    for (const name of this.subscription.names) {
      const resource = this.set.resources.get(name);
      if (resource) yield resource;
    }
  }

  /** The response has been sent with this nonce. */
  onSent(response: DueResponse, nonce: string): void {
    for (const { name } of response.resources) this.#settle(name);
    for (const name of response.unresolved ?? []) this.#settle(name);
    for (const name of response.removed) {
      this.#settle(name);
      this.refusals.forget(name);
    }
    this.lastNonce = nonce;
    this.isFirstResponse = false;
    this.sentVersion = response.version;
    this.isAwaiting = true;
    this.awaitsNew = response.hasNew;
    this.#inFlight = response;
    this.#inFlightNames = undefined;
  }

  #settle(name: string): void {
    this.pending.delete(name);
    this.owed.delete(name);
  }

  /** A request that bears the last nonce. Only the first such answers the response; later ones may repeat a refusal. */
  protected onAnswer(errorDetail: ErrorDetail | undefined): RequestMeaning {
    const inFlight = this.#inFlight;
    this.isAwaiting = false;
    this.awaitsNew = false;
    this.#inFlight = undefined;
    // Only error_detail says that a response was refused: a version may lag for other reasons.
    if (errorDetail !== undefined) {
      this.refusals.add(errorDetail, inFlight?.resources ?? []);
      return 'rejected';
    }
    if (inFlight === undefined) return 'changed';
    this.acceptedVersion = this.sentVersion;
    this.refusals.onAccepted(inFlight.resources);
    return 'accepted';
  }

  /** Takes over a changed subscription into what is due. */
  protected onSubscription({ asked, dropped, becameWildcard, lostWildcard }: SubscriptionChange): void {
    // What a client lets go of it may drop; asked for again, it must be sent again.
    for (const name of dropped) this.onDropped(name);
    if (lostWildcard) for (const name of [...this.pending.keys(), ...this.owed]) if (!this.subscription.wants(name)) this.letGo(name);
    if (becameWildcard && this.set !== undefined) this.onWildcard(this.set, new Set(asked));
    for (const name of asked) {
      this.pending.set(name, undefined);
      this.owed.add(name);
    }
  }

  /** The client no longer asks for a name. */
  protected onDropped(name: string): void {
    if (!this.subscription.isWildcard) this.letGo(name);
  }

  protected letGo(name: string): void {
    this.#settle(name);
    this.refusals.forget(name);
  }

  /** Everything is wanted from now on: what was not asked for by name has never been sent. */
  protected onWildcard(set: ResourceSet, asked: ReadonlySet<string>): void {
    for (const name of set.resources.keys()) {
      if (!asked.has(name) && !this.subscription.names.has(name)) this.pending.set(name, undefined);
    }
  }

  /** The name as there is one already, so that many streams share the text. */
  protected readonly intern = (name: string): string => this.set?.resources.get(name)?.name ?? name;

  /**
   * Sorts what is pending: what the client lacks as it is now, and what it has that is gone. Forgets what has come back
   * to what the client was sent.
   */
  protected review(): { readonly changed: readonly VersionedResource[]; readonly gone: readonly string[] } {
    const changed: VersionedResource[] = [];
    const gone: string[] = [];
    for (const [name, version] of this.pending) {
      const resource = this.set?.resources.get(name);
      if (resource === undefined) {
        if (version !== undefined) gone.push(name);
        else if (!this.owed.has(name)) this.pending.delete(name);
      } else if (resource.version === version) {
        this.pending.delete(name);
      } else {
        changed.push(resource);
      }
    }
    return { changed, gone };
  }
}
