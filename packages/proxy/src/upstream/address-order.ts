/** In which order the addresses of one host are tried: families take turns (RFC 8305 4), after so many of the first. */
import type { Address } from '@sluice/kernel';

export interface FamilyPreference {
  /** `any`: the family of the first address. */
  readonly first: 'any' | 'v4' | 'v6';
  /** How many of it come before the first of the other. */
  readonly count: number;
}

export function orderAddresses(addresses: readonly Address[], { first, count }: FamilyPreference): readonly Address[] {
  const [head] = addresses;
  if (!head) return [];
  const startsWithV6 = first === 'any' ? isV6(head) : first === 'v6';
  const preferred = addresses.filter((address) => isV6(address) === startsWithV6);
  const others = addresses.filter((address) => isV6(address) !== startsWithV6);
  const ordered = preferred.splice(0, count);
  while (others.length > 0 || preferred.length > 0) ordered.push(...others.splice(0, 1), ...preferred.splice(0, 1));
  return ordered;
}

function isV6({ host }: Address): boolean {
  return host.includes(':');
}
