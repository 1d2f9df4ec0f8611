/** One type on one delta stream. */
import type { DeltaDiscoveryRequest } from '../discovery.ts';
import type { ResourceSet, VersionedResource } from '../snapshot/snapshot.ts';
import { TypeChannel, type DueResponse, type RequestMeaning } from './type-channel.ts';

/**
 * The most that one response carries, in bytes of resources; what is over follows when it is answered. Chosen: below the
 * 4 MiB that gRPC's clients take by default, and little enough that hundreds of proxies can connect at once.
 */
export const deltaResponseBytesMax = 1 << 20;

export class DeltaChannel extends TypeChannel {
  /** What the client brought from an earlier stream, as name → version, until it is compared with what we have. */
  #brought: Readonly<Record<string, string>> = {};

  /** What a request says. One that is `stale` answers nothing, but its subscriptions count. */
  onRequest(request: DeltaDiscoveryRequest): RequestMeaning {
    const isFresh = this.subscription.isFresh;
    const change = this.subscription.change(request.subscribe, request.unsubscribe, this.intern);
    if (isFresh) {
      this.#brought = request.initialVersions;
      if (this.set !== undefined) this.begin(this.set);
    } else {
      this.onSubscription(change);
    }
    if (request.responseNonce === '') return isFresh ? 'first' : 'changed';
    if (request.responseNonce !== this.lastNonce) return isFresh ? 'first' : 'stale';
    return this.onAnswer(request.errorDetail);
  }

  protected begin(set: ResourceSet): void {
    const brought = new Map(Object.entries(this.#brought));
    this.#brought = {};
    const { isWildcard, names } = this.subscription;
    const compare = (name: string): void => {
      const version = brought.get(name);
      if (version !== undefined && version === set.resources.get(name)?.version) return;
      this.pending.set(name, version);
      if (version === undefined && names.has(name)) this.owed.add(name);
    };
    if (isWildcard) for (const name of set.resources.keys()) compare(name);
    for (const name of names) if (!isWildcard || !set.resources.has(name)) compare(name);
    // What the client holds and is gone. Of what it did not ask for it needs to hear nothing.
    for (const [name, version] of brought) {
      if (this.subscription.wants(name) && !set.resources.has(name)) this.pending.set(name, version);
    }
  }

  protected override onDropped(name: string): void {
    // A wildcard still matches it, so the client must learn whether it is there.
    if (this.subscription.isWildcard) this.owed.add(name);
    else this.letGo(name);
  }

  /** @param keepsRemoved leave removals for later, except answers to what was asked for and does not exist */
  due(keepsRemoved: boolean): DueResponse | undefined {
    const { set } = this;
    if (set === undefined) return undefined;
    const { changed, gone } = this.review();
    const removed = keepsRemoved ? [] : [...gone];
    const resources = new Set(changed);
    for (const name of this.owed) {
      const resource = set.resources.get(name);
      if (resource !== undefined) resources.add(resource);
      // What the client has and is gone waits its turn, though its cluster has changed or its name was let go of.
      else if (this.pending.get(name) === undefined) removed.push(name);
    }
    const isFirstWildcard = this.isFirstResponse && this.subscription.isWildcard;
    if (resources.size === 0 && removed.length === 0 && !isFirstWildcard) return undefined;
    const part = firstPart(resources);
    const hasNew = this.lacksNew;
    const isWhole = part.length === resources.size;
    return { version: set.version, resources: part, changed: isWhole ? changed : part, removed, hasNew };
  }
}

/** As many as one response carries, and one at least. */
function firstPart(resources: ReadonlySet<VersionedResource>): readonly VersionedResource[] {
  const part: VersionedResource[] = [];
  let bytes = 0;
  for (const resource of resources) {
    bytes += resource.wrapped.frame?.length ?? 0;
    if (part.length > 0 && bytes > deltaResponseBytesMax) break;
    part.push(resource);
  }
  return part;
}
