/**
 * Which activators share a revision's traffic. The revision's name and the activators' addresses stand on a
 * circle; members are taken at equal angles from the name's place. So two revisions get different subsets,
 * one revision always the same, and a change of one activator moves few others.
 * As Knative: https://github.com/knative/pkg/blob/main/hash/hash.go
 */
import { createHash } from 'node:crypto';

/** @param wanted how many; 0, or as many as there are, means all */
export function activatorSubset<T extends { readonly address: string }>(
  activators: readonly T[],
  wanted: number,
  name: string,
): T[] {
  if (wanted <= 0 || wanted >= activators.length) return [...activators];
  const circle = activators
    .map((activator) => ({ activator, angle: angleOf(activator.address) }))
    .toSorted((a, b) => a.angle - b.angle || (a.activator.address < b.activator.address ? -1 : 1));
  const start = angleOf(name);
  const chosen = new Set<T>();
  for (let step = 0; step < wanted; step += 1) {
    const angle = (start + (step / wanted) * fullCircle) % fullCircle;
    let index = circle.findIndex((place) => place.angle >= angle);
    if (index < 0) index = 0;
    // The place may be taken by an earlier step: the next free one it is.
    while (chosen.has((circle[index] as (typeof circle)[number]).activator)) index = (index + 1) % circle.length;
    chosen.add((circle[index] as (typeof circle)[number]).activator);
  }
  return activators.filter((activator) => chosen.has(activator));
}

const fullCircle = 2 ** 32;

function angleOf(text: string): number {
  return createHash('md5').update(text).digest().readUInt32BE(0);
}
