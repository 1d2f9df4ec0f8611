/** Endings of names, in the letters Kubernetes uses for them: no vowels, nothing that looks like something else. */
import { createHash } from 'node:crypto';
import { randomInt, type Random } from '@sluice/kernel';

const letters = 'bcdfghjklmnpqrstvwxz2456789';

/** By chance: the last part of a pod's name. */
export function randomSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => letters[randomInt(random, letters.length)]).join('');
}

/** From content: the same value gives the same ending, whatever the order of its keys. Absent and null are the same. */
export function hashSuffix(value: unknown, length = 10): string {
  const digest = createHash('sha256').update(canonical(value)).digest();
  return Array.from({ length }, (_, index) => letters[(digest[index] as number) % letters.length]).join('');
}

/** Whether two values have the same canonical text, without writing it: asked at every reconciling. */
export function isSameContent(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => isSameContent(item, b[index]));
  return isSameMembers(a as Record<string, unknown>, b as Record<string, unknown>);
}

function isSameMembers(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const key of Object.keys(a)) if (!isSameContent(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if ((b[key] ?? null) !== null && (a[key] ?? null) === null) return false;
  return true;
}

/** JSON with sorted keys and without nulls. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, found: unknown) => {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return found;
    const entries = Object.entries(found).filter(([, inner]) => inner !== null && inner !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
