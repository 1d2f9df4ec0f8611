/**
 * Names into addresses, as the data path needs them. The real one asks DNS servers; the simulated one answers on a
 * virtual clock.
 */
import type { Address } from './network.ts';

/**
 * Which addresses are wanted. `AUTO`: those of IPv6, or else of IPv4; `V4_PREFERRED` the other way round; `ALL`: both,
 * taking turns, so that whoever tries them in order tries each family early. Names and meaning are Envoy's.
 */
export type LookupFamily = 'AUTO' | 'V4_ONLY' | 'V6_ONLY' | 'V4_PREFERRED' | 'ALL';

export interface NameQuery {
  readonly name: string;
  readonly family: LookupFamily;
  /** Whom to ask and how, in place of what the system says. */
  readonly settings?: ResolverSettings | undefined;
}

export interface ResolverSettings {
  /** DNS servers in the order they are asked; empty: the system's. */
  readonly servers: readonly Address[];
  /** Whether the system's search domains are tried for short names. Default true. */
  readonly searches: boolean;
  /** How long one server has for one answer, in ms. Undefined: what the resolver thinks right. */
  readonly timeoutMs: number | undefined;
  /** How often servers are asked before a query has failed. Undefined: what the resolver thinks right. */
  readonly triesMax: number | undefined;
}

/** An address that a name stands for, and for how long, in ms; infinite where it was not said (a hosts file). */
export interface ResolvedAddress {
  readonly host: string;
  readonly ttlMs: number;
}

export type NameAnswer =
  /** At least one address. */
  | { readonly kind: 'addresses'; readonly addresses: readonly ResolvedAddress[] }
  /** Servers have answered that there is nothing: no such name, or none of its addresses of this family. */
  | { readonly kind: 'empty' }
  /** Nobody knows: no answer in time, or one that says so. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface NameLookup {
  /** The answer is not wanted any more. */
  cancel(): void;
}

export interface Resolver {
  /** `onAnswer` is called once, never from within this call, and not after `cancel`. */
  resolve(query: NameQuery, onAnswer: (answer: NameAnswer) => void): NameLookup;
}

/** Of what was found in each family what is wanted, in the order it should be tried. */
export function chooseFamily(family: LookupFamily, v4: readonly ResolvedAddress[], v6: readonly ResolvedAddress[]): readonly ResolvedAddress[] {
  switch (family) {
    case 'V4_ONLY':
      return v4;
    case 'V6_ONLY':
      return v6;
    case 'AUTO':
      return v6.length > 0 ? v6 : v4;
    case 'V4_PREFERRED':
      return v4.length > 0 ? v4 : v6;
    case 'ALL':
      return takeTurns(v6, v4);
  }
}

function takeTurns(first: readonly ResolvedAddress[], second: readonly ResolvedAddress[]): readonly ResolvedAddress[] {
  const all: ResolvedAddress[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    const pair = [first[index], second[index]];
    for (const address of pair) if (address) all.push(address);
  }
  return all;
}

/** Whether `host` is an address already: an IPv4 address in its four plain numbers, or an IPv6 address. */
export function isIpLiteral(host: string): boolean {
  return host.includes(':') || /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(host);
}
