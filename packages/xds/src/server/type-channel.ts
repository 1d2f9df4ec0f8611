/**
 * One type on one stream: what the client wants, what it was sent and what it said to that. Knows which
 * resources are due; when to send them is the stream's to decide, since that depends on the other types.
 */
import type { DiscoveryRequest, ErrorDetail } from '../discovery.ts';
import { versionOfSet } from '../snapshot/content-version.ts';
import type { ResourceSet, VersionedResource } from '../snapshot/snapshot.ts';
import { isFullState, type TypeUrl } from '../type-urls.ts';
import { Subscription } from './subscription.ts';

/** A response that is due. */
export interface DueResponse {
  readonly version: string;
  readonly resources: readonly VersionedResource[];
  /** Names among `resources` that the client has never been sent, or not with this content. */
  readonly changed: readonly string[];
  /** Whether any of them was never sent: what points to it must wait until the client has it. */
  readonly hasNew: boolean;
}

export class TypeChannel {
  readonly typeUrl: TypeUrl;
  readonly subscription: Subscription;
  /**
   * A response is out and neither accepted nor refused yet. At most one is, which also bounds what a slow
   * client makes us hold.
   */
  isAwaiting = false;
  /** The response that is out carries resources new to the client. */
  awaitsNew = false;
  acceptedVersion = '';
  sentVersion = '';
  rejection: ErrorDetail | undefined;
  #lastNonce = '';
  #isFirstResponse = true;
  /** The version the client brought from an earlier stream, until it is compared with what we have. */
  #broughtVersion = '';
  readonly #sent = new Map<string, VersionedResource>();
  /** Names to send even when the client was sent them already. */
  readonly #owed = new Set<string>();

  constructor(typeUrl: TypeUrl) {
    this.typeUrl = typeUrl;
    this.subscription = new Subscription(isFullState(typeUrl));
  }

  /** What a request says: `stale` requests answer an older response and change nothing. */
  onRequest(request: DiscoveryRequest): 'stale' | 'first' | 'accepted' | 'rejected' | 'changed' {
    const isFirst = this.#lastNonce === '';
    if (!isFirst && request.responseNonce !== this.#lastNonce) return 'stale';
    this.#subscribe(request.resourceNames);
    if (isFirst) {
      this.#broughtVersion = request.versionInfo;
      return 'first';
    }
    // A client may change its names in any request; only the first with a nonce answers the response.
    const isAnswer = this.isAwaiting;
    this.isAwaiting = false;
    this.awaitsNew = false;
    // Only error_detail says that a response was refused: a version may lag for other reasons.
    if (request.errorDetail !== undefined) {
      this.rejection = request.errorDetail;
      return 'rejected';
    }
    if (!isAnswer) return 'changed';
    this.acceptedVersion = this.sentVersion;
    this.rejection = undefined;
    return 'accepted';
  }

  #subscribe(names: readonly string[]): void {
    for (const name of this.subscription.replace(names)) this.#owed.add(name);
    for (const name of this.#owed) if (!this.subscription.wants(name)) this.#owed.delete(name);
    // What a client lets go of it may drop; asked for again, it must be sent again.
    for (const name of this.#sent.keys()) if (!this.subscription.wants(name)) this.#sent.delete(name);
  }

  /** Makes `name` due although the client was sent it, if it wants it at all. */
  owe(name: string): void {
    if (this.subscription.wants(name)) this.#owed.add(name);
  }

  /** What the client has been sent and has not let go of. */
  get sent(): ReadonlyMap<string, VersionedResource> {
    return this.#sent;
  }

  /**
   * What is to be sent so that the client has `set`, or undefined when it has.
   * @param keepsRemoved for full-state types: go on sending what is no longer in `set`
   */
  due(set: ResourceSet, keepsRemoved: boolean): DueResponse | undefined {
    return isFullState(this.typeUrl) ? this.#dueFullState(set, keepsRemoved) : this.#duePart(set);
  }

  #dueFullState(set: ResourceSet, keepsRemoved: boolean): DueResponse | undefined {
    const wanted = this.#wantedOf(set);
    const removed = [...this.#sent.values()].filter(({ name }) => !set.resources.has(name));
    const resources = keepsRemoved ? [...wanted, ...removed] : wanted;
    // A full wildcard response has the set's own version, which is what a reconnecting client brings.
    const isWholeSet = resources.length === set.resources.size && resources.length === wanted.length;
    const version = isWholeSet ? set.version : versionOfSet(resources);
    if (this.#holdsAlready(version)) this.#adopt(wanted, version);

    const changed = this.#changedAmong(wanted);
    const isOwed = wanted.some(({ name }) => this.#owed.has(name));
    const isFirstWildcard = this.#isFirstResponse && this.subscription.isWildcard;
    const drops = !keepsRemoved && removed.length > 0;
    if (changed.length === 0 && !isOwed && !isFirstWildcard && !drops) return undefined;
    return { version, resources, changed, hasNew: changed.some((name) => !this.#sent.has(name)) };
  }

  #duePart(set: ResourceSet): DueResponse | undefined {
    // There is no message for a deletion. Should the name come back, it is sent whatever its content.
    for (const name of this.#sent.keys()) if (!set.resources.has(name)) this.#sent.delete(name);
    const wanted = this.#wantedOf(set);
    const changed = this.#changedAmong(wanted);
    const isChanged = new Set(changed);
    const resources = wanted.filter(({ name }) => isChanged.has(name) || this.#owed.has(name));
    if (resources.length === 0) return undefined;
    return { version: set.version, resources, changed, hasNew: changed.some((name) => !this.#sent.has(name)) };
  }

  /** The response has been sent with this nonce. */
  onSent(response: DueResponse, nonce: string): void {
    if (isFullState(this.typeUrl)) this.#sent.clear();
    for (const resource of response.resources) {
      this.#sent.set(resource.name, resource);
      this.#owed.delete(resource.name);
    }
    this.#lastNonce = nonce;
    this.#isFirstResponse = false;
    this.#broughtVersion = '';
    this.sentVersion = response.version;
    this.isAwaiting = true;
    this.awaitsNew = response.hasNew;
  }

  /**
   * A client that comes back with the version we would send has it all. Only a pure wildcard can be taken at
   * its word: a client that asks by name waits for each name (grpc/grpc#29583).
   */
  #holdsAlready(version: string): boolean {
    const isPureWildcard = this.subscription.isWildcard && this.subscription.names.size === 0;
    return this.#isFirstResponse && isPureWildcard && this.#broughtVersion === version;
  }

  #adopt(resources: readonly VersionedResource[], version: string): void {
    for (const resource of resources) this.#sent.set(resource.name, resource);
    this.#isFirstResponse = false;
    this.sentVersion = version;
    this.acceptedVersion = version;
  }

  #wantedOf(set: ResourceSet): readonly VersionedResource[] {
    if (this.subscription.isWildcard) return [...set.resources.values()];
    const wanted: VersionedResource[] = [];
    for (const name of this.subscription.names) {
      const resource = set.resources.get(name);
      if (resource) wanted.push(resource);
    }
    return wanted;
  }

  #changedAmong(resources: readonly VersionedResource[]): readonly string[] {
    return resources
      .filter(({ name, version }) => this.#sent.get(name)?.version !== version)
      .map(({ name }) => name);
  }
}
