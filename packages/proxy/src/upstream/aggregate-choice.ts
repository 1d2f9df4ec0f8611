/**
 * A cluster that is made of others: their priorities stand one after the other, as if they were one cluster's, and a
 * request goes by the cluster whose priority it falls to. What it uses there (limits, pools, numbers) is that cluster's.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/aggregate_cluster
 */
import { shareByPriority, type HostSet, type PriorityLoadOptions } from '@sluice/balancing';
import type { Random } from '@sluice/kernel';

/** What of a cluster an aggregate looks at. */
export interface AggregatePart {
  readonly hostSet: HostSet;
  /** Undefined: it is none itself. */
  readonly aggregate: AggregateChoice | undefined;
}

/** Aggregates within aggregates, so deep. Chosen: deeper ones are mistakes, such as one that holds itself. */
const depthMax = 8;

export class AggregateChoice {
  readonly #names: readonly string[];
  readonly #options: PriorityLoadOptions;
  readonly #random: Random;
  /** What the shares were worked out from; anything else there means working them out anew. */
  #hostSets: readonly HostSet[] = [];
  #shares: readonly number[] = [];

  constructor(names: readonly string[], options: PriorityLoadOptions, random: Random) {
    this.#names = names;
    this.#options = options;
    this.#random = random;
  }

  /** The cluster that a request goes by; undefined when none of those that were named is there. */
  choose<Part extends AggregatePart>(clusters: ReadonlyMap<string, Part>): Part | undefined {
    const parts = this.#partsAmong(clusters, depthMax);
    if (parts.length <= 1) return parts[0];
    this.#look(parts);
    let drawn = this.#random.next() * 100;
    for (let index = 0; index < parts.length; index += 1) {
      drawn -= this.#shares[index] as number;
      if (drawn < 0) return parts[index];
    }
    // Nobody may get anything: the first one says so.
    return parts[0];
  }

  #partsAmong<Part extends AggregatePart>(clusters: ReadonlyMap<string, Part>, depth: number): readonly Part[] {
    const parts: Part[] = [];
    for (const name of this.#names) {
      const part = clusters.get(name);
      if (!part) continue;
      if (!part.aggregate) parts.push(part);
      else if (depth > 0) parts.push(...part.aggregate.#partsAmong(clusters, depth - 1));
    }
    return parts;
  }

  /** Sets are replaced when something changes, so comparing them is enough. */
  #look(parts: readonly AggregatePart[]): void {
    const isSame = parts.length === this.#hostSets.length && parts.every((part, index) => part.hostSet === this.#hostSets[index]);
    if (isSame) return;
    this.#hostSets = parts.map(({ hostSet }) => hostSet);
    const percents = shareByPriority(this.#hostSets.flatMap(({ priorities }) => priorities), this.#options);
    let first = 0;
    this.#shares = this.#hostSets.map(({ priorities }) => {
      const share = percents.slice(first, first + priorities.length).reduce((sum, percent) => sum + percent, 0);
      first += priorities.length;
      return share;
    });
  }
}

/** The cluster that requests for `name` go by. */
export function findCluster<Part extends AggregatePart>(clusters: ReadonlyMap<string, Part>, name: string): Part | undefined {
  const cluster = clusters.get(name);
  return cluster?.aggregate ? cluster.aggregate.choose(clusters) : cluster;
}
