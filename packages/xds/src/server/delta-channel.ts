/** One type on one delta stream. */
import { partMark, type DeltaDiscoveryRequest } from '../discovery.ts';
import type { ResourceSet, VersionedResource } from '../snapshot/snapshot.ts';
import { typeUrls } from '../type-urls.ts';
import { absentFrom, broughtVersion, compareBrought, type BroughtVersions, type Comparison } from './comparison.ts';
import { TypeChannel, type DueResponse, type RequestMeaning } from './type-channel.ts';

/**
 * The most that one response carries, in bytes of resources; what is over follows when it is answered. Chosen: below the
 * 4 MiB that gRPC's clients take by default, and little enough that hundreds of proxies can connect at once.
 */
export const deltaResponseBytesMax = 1 << 20;

export class DeltaChannel extends TypeChannel {
  /** What the client brought from an earlier stream, as name → version, until it is compared with what we have. */
  #brought: BroughtVersions = {};
  /** The names of the first request, until then. */
  #asked: readonly string[] = [];

  /** What a request says. One that is `stale` answers nothing, but its subscriptions count. */
  onRequest(request: DeltaDiscoveryRequest): RequestMeaning {
    const isFresh = this.subscription.isFresh;
    const change = this.subscription.change(request.subscribe, request.unsubscribe, this.intern);
    if (isFresh) {
      this.#brought = request.initialVersions;
      this.#asked = request.subscribe;
      if (this.set !== undefined) this.begin(this.set);
    } else {
      this.onSubscription(change);
    }
    if (request.responseNonce === '') return isFresh ? 'first' : 'changed';
    if (request.responseNonce !== this.lastNonce) return isFresh ? 'first' : 'stale';
    return this.onAnswer(request.errorDetail);
  }

  protected begin(set: ResourceSet): void {
    const brought = this.#brought;
    const asked = this.#asked;
    this.#brought = {};
    this.#asked = [];
    const comparison = compareBrought(brought, set);
    if (comparison) this.#beginShared(comparison, absentFrom(set, asked));
    else this.#beginAlone(brought, set);
  }

  /** What a few thousand names come to is known from the stream before. */
  #beginShared({ lacking, gone }: Comparison, absent: readonly string[]): void {
    const { isWildcard, names } = this.subscription;
    if (!isWildcard && names.size < lacking.size) {
      for (const name of names) if (lacking.has(name)) this.#lack(name, lacking.get(name));
    } else {
      for (const [name, version] of lacking) if (this.subscription.wants(name)) this.#lack(name, version);
    }
    for (const name of absent) if (names.has(name)) this.#lack(name, gone.get(name));
    // What the client holds and is gone. Of what it did not ask for it needs to hear nothing.
    for (const [name, version] of gone) if (this.subscription.wants(name)) this.pending.set(name, version);
  }

  #beginAlone(brought: BroughtVersions, set: ResourceSet): void {
    const { isWildcard, names } = this.subscription;
    const compare = (name: string, resource: VersionedResource | undefined): void => {
      const version = broughtVersion(brought, name);
      if (version === undefined || version !== resource?.version) this.#lack(name, version);
    };
    if (isWildcard) for (const [name, resource] of set.resources) compare(name, resource);
    for (const name of names) {
      const resource = set.resources.get(name);
      if (!isWildcard || resource === undefined) compare(name, resource);
    }
    for (const [name, version] of Object.entries(brought)) if (this.subscription.wants(name) && !set.resources.has(name)) this.pending.set(name, version);
  }

  /** @param version that the client holds */
  #lack(name: string, version: string | undefined): void {
    this.pending.set(name, version);
    if (version === undefined && this.subscription.names.has(name)) this.owed.add(name);
  }

  protected override onDropped(name: string): void {
    // A wildcard still matches it, so the client must learn whether it is there.
    if (this.subscription.isWildcard) this.owed.add(name);
    else this.letGo(name);
  }

  /** Everything else that is due may be sent without saying so. */
  override get mayHoldGone(): boolean {
    if (!this.isFirstResponse || this.subscription.isWildcard) return false;
    for (const [name, version] of this.pending) if (version !== undefined && this.set?.resources.has(name) === false) return true;
    return false;
  }

  /** @param keepsRemoved leave removals for later, except answers to what was asked for and does not exist */
  due(keepsRemoved: boolean): DueResponse | undefined {
    const { set } = this;
    if (set === undefined) return undefined;
    const part = new Part();
    const removed: string[] = [];
    this.#takePending(set, part, keepsRemoved ? undefined : removed);
    // Envoy lets a request that waits for a virtual host go on by a resource without content, and not by a removal.
    const unresolved: string[] = [];
    if (!part.isFull) this.#takeOwed(set, part, this.typeUrl === typeUrls.virtualHost ? unresolved : removed);
    // What is gone goes with the last part, so that what stands in its place has come by then.
    if (part.isFull) return { version: set.version + partMark, resources: part.resources, changed: part.resources, removed: [], hasNew: this.lacksNew };
    const isFirstWildcard = this.isFirstResponse && this.subscription.isWildcard;
    if (part.resources.length + removed.length + unresolved.length === 0 && !isFirstWildcard) return undefined;
    return { version: set.version, resources: part.resources, changed: part.resources, removed, unresolved, hasNew: this.lacksNew };
  }

  /** Stops when the part is full, so that each of many parts costs what is in it. */
  #takePending(set: ResourceSet, part: Part, removed: string[] | undefined): void {
    for (const [name, version] of this.pending) {
      const resource = set.resources.get(name);
      if (resource === undefined) {
        if (version !== undefined) removed?.push(name);
        else if (!this.owed.has(name)) this.pending.delete(name);
      } else if (resource.version === version) {
        // It has come back to what the client was sent.
        this.pending.delete(name);
      } else if (!part.take(resource)) {
        return;
      }
    }
  }

  /** @param absent takes the names that were asked for and are not there */
  #takeOwed(set: ResourceSet, part: Part, absent: string[]): void {
    for (const name of this.owed) {
      const resource = set.resources.get(name);
      // What the client has and is gone waits its turn, though its cluster has changed or its name was let go of.
      if (resource === undefined) {
        if (this.pending.get(name) === undefined) absent.push(name);
      } else if (!this.pending.has(name) && !part.take(resource)) {
        return;
      }
    }
  }
}

/** As many resources as one response carries, and one at least. */
class Part {
  readonly resources: VersionedResource[] = [];
  isFull = false;
  #bytes = 0;

  take(resource: VersionedResource): boolean {
    this.#bytes += resource.wrapped.frame?.length ?? 0;
    this.isFull = this.resources.length > 0 && this.#bytes > deltaResponseBytesMax;
    if (!this.isFull) this.resources.push(resource);
    return !this.isFull;
  }
}
