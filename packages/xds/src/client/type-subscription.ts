/**
 * One type as the client sees it: what it wants, what it holds, and what becomes of a response. Resources are judged one
 * by one: the good ones are taken, the bad ones leave what was held before, and a response with any bad one is refused
 * with every reason.
 */
import type { Codec } from '../codec/codec.ts';
import { shortTypeName, typeUrls, type TypeUrl } from '../type-urls.ts';
import type { ReceivedResource, RejectedResource, ResourceUpdate } from './ads-consumer.ts';
import type { IncomingUpdate } from './incoming.ts';
import { readUpdate, reasonsFor } from './read-update.ts';

/** Gives an update to the consumer; returns what it refuses. */
export type Offer = (update: ResourceUpdate) => readonly RejectedResource[];

/** What became of a response. */
export interface Verdict {
  /** Every reason against it; none when all was accepted. */
  readonly reasons: readonly string[];
  /** What was sent of what is wanted, changed or not. */
  readonly names: readonly string[];
  readonly refused: readonly string[];
  readonly changed: readonly ReceivedResource[];
  readonly removed: readonly string[];
  /** Names that were asked for, of which the server has said that they do not exist. */
  readonly unknown: readonly string[];
  readonly unknownFields: number;
}

/** A name that is wanted, with how long it may stay away, in ms; undefined for the client's own default. */
export type WantedNames = ReadonlyMap<string, number | undefined>;

/** Stands for all names. */
const everything = '*';

/** At most so many reasons stand in one refusal, so that a large bad response does not make a larger answer. */
const reasonsMax = 32;

export class TypeSubscription {
  readonly typeUrl: TypeUrl;
  acceptedVersion = '';
  /** The last refusal's text; absent when the last response was accepted. */
  rejection: string | undefined;
  /** Nonces die with the stream. */
  nonce = '';
  /** Something was asked for on this stream. */
  isOpen = false;
  /** On this stream the wildcard stands beside names, and has to be spelt out. */
  saysWildcard = false;
  hasResponded = false;
  readonly #isWildcard: boolean;
  /** `*` among them: somebody refers to everything, as tables do to virtual hosts. */
  readonly #names = new Map<string, number | undefined>();
  /** Since all is wanted, all has been told at least once. */
  #hasBeenToldAll = false;
  #sortedNames: readonly string[] | undefined;
  readonly #held = new Map<string, ReceivedResource>();
  /** Where the server's version is not ours. */
  readonly #serverVersions = new Map<string, string>();
  readonly #expiries = new Map<string, number>();

  constructor(typeUrl: TypeUrl, isWildcard: boolean) {
    this.typeUrl = typeUrl;
    this.#isWildcard = isWildcard;
  }

  /** Asks for everything: LDS and CDS, and virtual hosts where a table has some. */
  get isWildcard(): boolean {
    return this.#isWildcard || this.#names.has(everything);
  }

  /** Asked for one by one. */
  get names(): readonly string[] {
    return (this.#sortedNames ??= [...this.#names.keys()].filter((name) => name !== everything).sort());
  }

  /** Whether there is anything to ask for. */
  get isWanted(): boolean {
    return this.#isWildcard || this.#names.size > 0;
  }

  get held(): ReadonlyMap<string, ReceivedResource> {
    return this.#held;
  }

  wants(name: string): boolean {
    return this.isWildcard || this.#names.has(name);
  }

  /** How long a wanted name may stay away, where somebody has said so. */
  timeoutOf(name: string): number | undefined {
    return this.#names.get(name);
  }

  /** What is held, by the server's versions. */
  serverVersions(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#held.values()].map(({ name, version }) => [name, this.#serverVersions.get(name) ?? version]));
  }

  /** When the next resource runs out; Infinity when none does. */
  get nextExpiry(): number {
    let next = Infinity;
    for (const at of this.#expiries.values()) next = Math.min(next, at);
    return next;
  }

  /** Wants other names. What is no longer wanted is dropped; gives the names of what was held of it. */
  changeNames(added: WantedNames, removed: Iterable<string>): readonly string[] {
    const dropped: string[] = [];
    for (const [name, timeoutMs] of added) this.#names.set(name, timeoutMs);
    const lapsed = new Set(removed);
    for (const name of lapsed) this.#names.delete(name);
    if (lapsed.delete(everything)) {
      this.#hasBeenToldAll = false;
      for (const name of this.#held.keys()) if (!this.wants(name)) lapsed.add(name);
    }
    for (const name of lapsed) {
      // What a wildcard may still cover is the server's to remove.
      if (!this.isWildcard && this.#drop(name)) dropped.push(name);
    }
    this.#sortedNames = undefined;
    return dropped;
  }

  /** Holds what was held in an earlier life, as far as the consumer takes it. */
  restore(resources: readonly ReceivedResource[], version: string, offer: Offer): readonly ReceivedResource[] {
    const refused = new Set(offer({ typeUrl: this.typeUrl, version, changed: resources, removed: [] }).map(({ name }) => name));
    const kept = resources.filter(({ name }) => !refused.has(name));
    for (const resource of kept) this.#held.set(resource.name, resource);
    // Half a state must not be called by the name of the whole.
    if (refused.size === 0) this.acceptedVersion = version;
    this.hasResponded = true;
    return kept;
  }

  /** Takes a response: decodes, offers what changed, remembers what was accepted. */
  take(update: IncomingUpdate, codec: Codec, now: number, offer: Offer): Verdict {
    const reading = readUpdate(this.typeUrl, update, codec);
    const wanted = reading.resources.filter(({ resource }) => this.wants(resource.name));
    const changed = wanted.map(({ resource }) => resource).filter(({ name, version }) => this.#held.get(name)?.version !== version);
    const gone = update.isWhole && reading.isComplete ? this.#missingFrom(reading.names) : update.removed;
    const removed = gone.filter((name) => this.#held.has(name) && !reading.names.has(name));
    const { hasMore = false } = update;
    // Who waits for all of a type hears when it has come, though there be nothing.
    const completes = !hasMore && !this.#hasBeenToldAll && this.#names.has(everything);
    this.#hasBeenToldAll ||= completes;
    const refused =
      changed.length + removed.length === 0 && !completes
        ? []
        : offer({ typeUrl: this.typeUrl, version: update.version, changed, removed, ...(hasMore ? { hasMore } : {}) });

    const refusedNames = new Set(refused.map(({ name }) => name));
    for (const resource of changed) if (!refusedNames.has(resource.name)) this.#held.set(resource.name, resource);
    for (const { resource, serverVersion } of wanted) {
      if (refusedNames.has(resource.name)) continue;
      if (serverVersion === '' || serverVersion === resource.version) this.#serverVersions.delete(resource.name);
      else this.#serverVersions.set(resource.name, serverVersion);
    }
    for (const name of removed) this.#drop(name);
    for (const { name, ttlMs } of reading.lifetimes) {
      if (refusedNames.has(name) || !this.#held.has(name)) continue;
      if (ttlMs === undefined) this.#expiries.delete(name);
      else this.#expiries.set(name, now + ttlMs);
    }
    this.hasResponded = true;
    return {
      reasons: [...reading.problems, ...refused.flatMap(({ name, problems }) => reasonsFor(name, problems))],
      names: wanted.map(({ resource }) => resource.name),
      refused: [...refusedNames],
      changed: changed.filter(({ name }) => !refusedNames.has(name)),
      removed,
      unknown: [...update.removed.filter((name) => this.#names.has(name) && !removed.includes(name)), ...this.#unresolved(update)],
      unknownFields: reading.unknownFields,
    };
  }

  /** A resource without content, where none is held to be confirmed, says of a virtual host that there is none. */
  #unresolved({ resources }: IncomingUpdate): readonly string[] {
    if (this.typeUrl !== typeUrls.virtualHost) return [];
    return resources.flatMap(({ name, aliases = [], resource }) => {
      if (resource !== undefined || name === undefined || this.#held.has(name)) return [];
      return [...new Set([name, ...aliases])].filter((one) => this.#names.has(one));
    });
  }

  /** What is held of the name is not what is in force. */
  distrust(name: string): void {
    const held = this.#held.get(name);
    if (!held) return;
    this.#held.set(name, { ...held, version: '' });
    this.#serverVersions.delete(name);
  }

  /** Says how a response has ended: with reasons it is refused, and the version accepted before stands. */
  conclude(version: string, reasons: readonly string[]): string | undefined {
    this.rejection = reasons.length === 0 ? undefined : this.#refusal(reasons);
    if (this.rejection === undefined) this.acceptedVersion = version;
    return this.rejection;
  }

  /** Drops what has run out; gives the names. */
  expire(now: number): readonly string[] {
    const names = [...this.#expiries].filter(([, at]) => at <= now).map(([name]) => name);
    for (const name of names) this.#drop(name);
    return names;
  }

  #drop(name: string): boolean {
    this.#expiries.delete(name);
    this.#serverVersions.delete(name);
    return this.#held.delete(name);
  }

  #missingFrom(names: ReadonlySet<string>): readonly string[] {
    return [...this.#held.keys()].filter((name) => !names.has(name));
  }

  #refusal(reasons: readonly string[]): string {
    const shown = reasons.slice(0, reasonsMax);
    if (reasons.length > reasonsMax) shown.push(`and ${reasons.length - reasonsMax} more`);
    return `${shortTypeName(this.typeUrl)}: ${shown.join('; ')}`;
  }
}
