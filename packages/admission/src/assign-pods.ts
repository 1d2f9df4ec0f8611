/**
 * Several activators in front of one revision share its pods out, so that together they do not exceed the
 * limit of any. Each works out its own share from the same sorted list; nobody has to agree with anybody.
 */

/** Which of the activators in front of a revision this one is. */
export interface ActivatorShare {
  /** Position among the sorted addresses of the activators that serve the revision; −1 when not among them. */
  readonly index: number;
  /** How many activators serve the revision. */
  readonly count: number;
}

/** The share of an activator that knows of no other. */
export const SOLE_ACTIVATOR: ActivatorShare = { index: 0, count: 1 };

/**
 * The pods this activator may use, of `pods`, which must be sorted.
 *
 * Knative's rule: with fewer pods than activators each takes one, and so some pods serve several activators;
 * otherwise each takes an equal block, and the remainder goes one each to the first activators. Without a
 * limit per pod (`containerConcurrency` 0) there is nothing to exceed and everybody uses all.
 */
export function assignPods<Pod>(pods: readonly Pod[], containerConcurrency: number, share: ActivatorShare): readonly Pod[] {
  const { index, count } = share;
  if (containerConcurrency === 0 || index < 0 || pods.length <= 1 || count <= 1) return pods;
  if (pods.length < count) return [pods[index % pods.length] as Pod];
  const block = Math.floor(pods.length / count);
  const remainder = pods.length % count;
  const assigned = pods.slice(index * block, (index + 1) * block);
  if (index < remainder) assigned.push(pods[count * block + index] as Pod);
  return assigned;
}
