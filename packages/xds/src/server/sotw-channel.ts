/** One type on one state-of-the-world stream. */
import type { DiscoveryRequest, ErrorDetail } from '../discovery.ts';
import { versionOfChangedSet, emptySetVersion } from '../snapshot/content-version.ts';
import type { ResourceSet, VersionedResource } from '../snapshot/snapshot.ts';
import { isFullState } from '../type-urls.ts';
import { TypeChannel, type DueResponse, type RequestMeaning } from './type-channel.ts';

export class SotwChannel extends TypeChannel {
  readonly #isFullState = isFullState(this.typeUrl);
  /** The version the client brought from an earlier stream, until it is compared with what we have. */
  #broughtVersion = '';
  /** For full-state types: what the client was sent and is gone, for as long as it is to have it still. */
  readonly #retained = new Map<string, VersionedResource>();
  /** For full-state types: names of which the client may have something from an earlier stream, until it is told anew. */
  readonly #brought = new Set<string>();
  #hasWaited = false;

  /** What a request says: `stale` requests answer an older response and change nothing. */
  onRequest(request: DiscoveryRequest): RequestMeaning {
    const isFirst = this.lastNonce === '';
    if (!isFirst && request.responseNonce !== this.lastNonce) return 'stale';
    const isFresh = this.subscription.isFresh;
    const change = this.subscription.replace(request.resourceNames, this.intern);
    if (isFirst) this.#broughtVersion = request.versionInfo;
    if (!isFresh) this.onSubscription(change);
    else if (this.set !== undefined) this.begin(this.set);
    return isFirst ? 'first' : this.onAnswer(request.errorDetail);
  }

  protected override onAnswer(errorDetail: ErrorDetail | undefined): RequestMeaning {
    const meaning = super.onAnswer(errorDetail);
    // A full state that is accepted leaves nothing of what was refused before.
    if (meaning === 'accepted' && this.#isFullState) this.refusals.clear();
    return meaning;
  }

  protected begin(set: ResourceSet): void {
    const { isWildcard, names } = this.subscription;
    // A client that comes back with the version we would send has it all. Only a pure wildcard can be taken at
    // its word: a client that asks by name waits for each name (grpc/grpc#29583).
    if (isWildcard && names.size === 0 && this.#isFullState && this.#broughtVersion === set.version) {
      this.isFirstResponse = false;
      this.sentVersion = set.version;
      this.acceptedVersion = set.version;
      return;
    }
    if (isWildcard) for (const name of set.resources.keys()) this.pending.set(name, undefined);
    for (const name of names) {
      this.pending.set(name, undefined);
      this.owed.add(name);
      if (this.#isFullState && this.#broughtVersion !== '') this.#brought.add(name);
    }
  }

  /**
   * It does not say what it holds, so a response without such a name takes it away; we do not have it to leave it in.
   * So there is none until the wait is over.
   */
  override get mayHoldGone(): boolean {
    return !this.#hasWaited && this.#lacksBrought;
  }

  override onWaitOver(): void {
    this.#hasWaited = true;
  }

  get #lacksBrought(): boolean {
    for (const name of this.#brought) if (this.set?.resources.has(name) === false) return true;
    return false;
  }

  protected override onGone(resource: VersionedResource): void {
    if (this.#isFullState) this.#retained.set(resource.name, resource);
  }

  protected override letGo(name: string): void {
    super.letGo(name);
    this.#retained.delete(name);
    this.#brought.delete(name);
  }

  due(keepsRemoved: boolean): DueResponse | undefined {
    const { set } = this;
    if (set === undefined) return undefined;
    if (keepsRemoved && this.mayHoldGone) return undefined;
    const { changed, gone } = this.review();
    for (const name of this.owed) if (!set.resources.has(name)) this.#forget(name);
    return this.#isFullState ? this.#dueFullState(set, changed, gone, keepsRemoved) : this.#duePart(set, changed, gone);
  }

  /** What is not there has no message. Should the name come, it is sent, since the client will lack it. */
  #forget(name: string): void {
    this.owed.delete(name);
    if (this.pending.get(name) === undefined) this.pending.delete(name);
  }

  #dueFullState(
    set: ResourceSet,
    changed: readonly VersionedResource[],
    gone: readonly string[],
    keepsRemoved: boolean,
  ): DueResponse | undefined {
    const isFirstWildcard = this.isFirstResponse && this.subscription.isWildcard;
    const drops = (!keepsRemoved && gone.length > 0) || this.#lacksBrought;
    if (changed.length === 0 && this.owed.size === 0 && !isFirstWildcard && !drops) return undefined;
    const kept = keepsRemoved ? gone.flatMap((name) => this.#retained.get(name) ?? []) : [];
    const wanted = [...this.wanted()];
    // A full wildcard response has the set's own version, which is what a reconnecting client brings.
    const resources = [...wanted, ...kept];
    const isWholeSet = kept.length === 0 && wanted.length === set.resources.size;
    const version = isWholeSet ? set.version : versionOfChangedSet(emptySetVersion, resources.map(({ share }) => share));
    return { version, resources, changed, removed: [], hasNew: this.lacksNew };
  }

  #duePart(set: ResourceSet, changed: readonly VersionedResource[], gone: readonly string[]): DueResponse | undefined {
    // There is no message for a deletion. Should the name come back, it is sent whatever its content.
    for (const name of gone) {
      this.pending.delete(name);
      this.refusals.forget(name);
    }
    const hasNew = this.lacksNew;
    const resources = new Set(changed);
    for (const name of this.owed) {
      const resource = set.resources.get(name);
      if (resource !== undefined) resources.add(resource);
    }
    if (resources.size === 0) return undefined;
    return { version: set.version, resources: [...resources], changed, removed: [], hasNew };
  }

  override onSent(response: DueResponse, nonce: string): void {
    super.onSent(response, nonce);
    if (this.#retained.size > 0) {
      const sent = new Set(response.resources);
      for (const [name, resource] of this.#retained) {
        // What went on being sent is still the client's; what did not is gone.
        if (sent.has(resource)) this.pending.set(name, resource.version);
        else this.#dropRetained(name);
      }
    }
    this.#broughtVersion = '';
    this.#brought.clear();
  }

  #dropRetained(name: string): void {
    this.#retained.delete(name);
    if (this.set?.resources.has(name) !== true) this.pending.delete(name);
  }
}
