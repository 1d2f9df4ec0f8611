/**
 * One type as the client sees it: what it wants, what it holds, and how it answers a response. Resources are
 * judged one by one: the good ones are taken, the bad ones leave what was held before, and a response with any
 * bad one is refused with every reason.
 */
import { formatProblem, problem, type Problem } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import type { DiscoveryResponse, EncodedResource } from '../discovery.ts';
import { versionOfBytes } from '../snapshot/content-version.ts';
import { isFullState, messageNameOf, shortTypeName, typeUrls, type TypeUrl } from '../type-urls.ts';
import type { ReceivedResource, RejectedResource, ResourceUpdate } from './ads-consumer.ts';

/** Gives an update to the consumer; returns what it refuses. */
export type Offer = (update: ResourceUpdate) => readonly RejectedResource[];

/** What became of a response. */
export interface Verdict {
  /** Absent when all was accepted. */
  readonly rejection: string | undefined;
  readonly unknownFields: number;
}

/** At most so many reasons stand in one refusal, so that a large bad response does not make a larger answer. */
const reasonsMax = 32;

export class TypeSubscription {
  readonly typeUrl: TypeUrl;
  /** Asks for everything, by an empty list: LDS and CDS. */
  readonly isWildcard: boolean;
  acceptedVersion = '';
  rejection: string | undefined;
  /** Nonces die with the stream. */
  nonce = '';
  /** Something was asked for on this stream. */
  isOpen = false;
  hasResponded = false;
  #names: ReadonlySet<string> = new Set();
  readonly #held = new Map<string, ReceivedResource>();

  constructor(typeUrl: TypeUrl, isWildcard: boolean) {
    this.typeUrl = typeUrl;
    this.isWildcard = isWildcard;
  }

  get names(): readonly string[] {
    return [...this.#names].sort();
  }

  get held(): ReadonlyMap<string, ReceivedResource> {
    return this.#held;
  }

  /** Wants exactly `names` from now on. What is no longer wanted is dropped and the consumer told. False when nothing changed. */
  setNames(names: ReadonlySet<string>, offer: Offer): boolean {
    const isSame = names.size === this.#names.size && [...names].every((name) => this.#names.has(name));
    if (isSame) return false;
    this.#names = names;
    const removed = [...this.#held.keys()].filter((name) => !names.has(name));
    for (const name of removed) this.#held.delete(name);
    if (removed.length > 0) offer({ typeUrl: this.typeUrl, version: this.acceptedVersion, changed: [], removed });
    return true;
  }

  /** Takes a response: decodes, offers what changed, remembers what was accepted. */
  take(response: DiscoveryResponse, codec: Codec, offer: Offer): Verdict {
    const reading = this.#read(response.resources, codec);
    const changed = reading.resources.filter(({ name, version }) => this.#held.get(name)?.version !== version);
    const removed = isFullState(this.typeUrl) && reading.isComplete ? this.#missingFrom(reading.names) : [];
    const refused =
      changed.length + removed.length === 0
        ? []
        : offer({ typeUrl: this.typeUrl, version: response.versionInfo, changed, removed });

    const refusedNames = new Set(refused.map(({ name }) => name));
    for (const resource of changed) if (!refusedNames.has(resource.name)) this.#held.set(resource.name, resource);
    for (const name of removed) this.#held.delete(name);

    const reasons = [...reading.problems, ...refused.flatMap(({ name, problems }) => reasonsFor(name, problems))];
    this.hasResponded = true;
    this.rejection = reasons.length === 0 ? undefined : this.#refusal(reasons);
    if (this.rejection === undefined) this.acceptedVersion = response.versionInfo;
    return { rejection: this.rejection, unknownFields: reading.unknownFields };
  }

  #read(encoded: readonly EncodedResource[], codec: Codec): Reading {
    const byName = new Map<string, ReceivedResource | undefined>();
    const problems: string[] = [];
    let isComplete = true;
    let unknownFields = 0;
    encoded.forEach((resource, index) => {
      if (resource.typeUrl !== this.typeUrl) {
        problems.push(`resource #${index}: is a ${resource.typeUrl}`);
        isComplete = false;
        return;
      }
      const decoded = codec.decode(messageNameOf(resource.typeUrl), resource.value);
      const name = decoded.ok ? decoded.value.value[nameField(this.typeUrl)] : undefined;
      if (!decoded.ok || typeof name !== 'string') {
        problems.push(...reasonsFor(`#${index}`, decoded.ok ? [problem('name', 'is missing')] : decoded.problems));
        isComplete = false;
        return;
      }
      unknownFields += decoded.value.unknownFields;
      if (byName.has(name)) {
        problems.push(...reasonsFor(name, [problem('', 'is there twice')]));
        // Neither of the two can be preferred, so what was held stays.
        byName.set(name, undefined);
        return;
      }
      byName.set(name, { name, version: versionOfBytes(resource.value), value: decoded.value.value });
    });
    const wanted = [...byName.values()].filter((resource) => resource !== undefined).filter(({ name }) => this.#wants(name));
    return { resources: wanted, names: new Set(byName.keys()), problems, isComplete, unknownFields };
  }

  #wants(name: string): boolean {
    return this.isWildcard || this.#names.has(name);
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

interface Reading {
  readonly resources: readonly ReceivedResource[];
  /** Every name in the response, whatever is wrong with what bears it. */
  readonly names: ReadonlySet<string>;
  readonly problems: readonly string[];
  /** False when something had no readable name: then absence proves nothing, and nothing may be deleted. */
  readonly isComplete: boolean;
  readonly unknownFields: number;
}

function reasonsFor(name: string, problems: readonly Problem[]): readonly string[] {
  const errors = problems.filter(({ severity }) => severity === 'error');
  // A refusal without a reason is still one.
  if (errors.length === 0) return [`${name}: refused`];
  return errors.map((found) => `${name}: ${formatProblem(found)}`);
}

/** A resource's name stands in its `name`, except that endpoints are named after their cluster. */
function nameField(typeUrl: TypeUrl): string {
  return typeUrl === typeUrls.clusterLoadAssignment ? 'cluster_name' : 'name';
}
