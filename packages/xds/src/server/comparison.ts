/**
 * What a client that comes back holds, beside what there is. Proxies of one kind come back with the same, and what they say is
 * read once where it is long (`run-memo.ts`): so it is compared once too, and each of hundreds costs what differs.
 */
import type { ResourceSet } from '../snapshot/snapshot.ts';

/** What a client says that it holds, as name → version. The same object for the same words. */
export type BroughtVersions = Readonly<Record<string, string>>;

export interface Comparison {
  /** What is there and was not brought, or in another version; with the version that was. */
  readonly lacking: ReadonlyMap<string, string | undefined>;
  /** What was brought and is not there, with its version. */
  readonly gone: ReadonlyMap<string, string>;
}

/** Less is compared by each stream for itself: what is as short as that is not read once for all either. Chosen. */
const sharedMin = 256;

const comparisons = new WeakMap<BroughtVersions, WeakMap<ResourceSet, Comparison>>();
const absences = new WeakMap<readonly string[], WeakMap<ResourceSet, readonly string[]>>();

/** Undefined when there is too little to compare it for others too. */
export function compareBrought(brought: BroughtVersions, set: ResourceSet): Comparison | undefined {
  let bySet = comparisons.get(brought);
  if (!bySet) {
    if (Object.keys(brought).length < sharedMin) return undefined;
    comparisons.set(brought, (bySet = new WeakMap()));
  }
  let comparison = bySet.get(set);
  if (!comparison) bySet.set(set, (comparison = compare(brought, set)));
  return comparison;
}

function compare(brought: BroughtVersions, set: ResourceSet): Comparison {
  const lacking = new Map<string, string | undefined>();
  const gone = new Map<string, string>();
  for (const [name, { version }] of set.resources) {
    const held = broughtVersion(brought, name);
    if (held !== version) lacking.set(name, held);
  }
  for (const [name, version] of Object.entries(brought)) if (!set.resources.has(name)) gone.set(name, version);
  return { lacking, gone };
}

/** Which of the names are not there. */
export function absentFrom(set: ResourceSet, names: readonly string[]): readonly string[] {
  if (names.length < sharedMin) return names.filter((name) => !set.resources.has(name));
  let bySet = absences.get(names);
  if (!bySet) absences.set(names, (bySet = new WeakMap()));
  let absent = bySet.get(set);
  if (!absent) bySet.set(set, (absent = names.filter((name) => !set.resources.has(name))));
  return absent;
}

/** Names are a client's to choose, `toString` among them. */
export function broughtVersion(brought: BroughtVersions, name: string): string | undefined {
  return Object.hasOwn(brought, name) ? brought[name] : undefined;
}
