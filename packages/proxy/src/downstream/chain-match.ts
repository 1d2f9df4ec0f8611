/**
 * Which filter chain serves a connection, compiled to an index.
 *
 * Criteria are looked at one after the other, in Envoy's order. At each, the chains that name the most specific
 * matching value go on; those that name none go on only where no value matches. There is no way back: when the chains
 * that went on fail at a later criterion, nothing matches.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
 */
import type { Address } from '@sluice/kernel';
import { parseIp, type CidrRange, type FilterChainMatch, type IpBytes } from '@sluice/resources';

/** What of a connection chains are chosen by. */
export interface MatchFacts {
  readonly local: Address;
  readonly remote: Address;
  readonly directRemote: Address;
  /** In lower case; empty when there is none. */
  readonly serverName: string;
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
}

/** The index of the chain, `noChain` when none matches. Allocates little, and only where addresses are asked for. */
export type ChooseChain = (facts: MatchFacts) => number;

export const noChain = -1;

/** Two chains that could not be told apart, by their indices. */
export interface DuplicateMatch {
  readonly first: number;
  readonly second: number;
}

export interface CompiledChainMatch {
  readonly choose: ChooseChain;
  readonly duplicates: readonly DuplicateMatch[];
  /** Whether a chain asks for what only the first bytes of TLS show. */
  readonly needsTlsInspection: boolean;
}

interface Candidate {
  readonly match: FilterChainMatch;
  readonly index: number;
}

/** One criterion: which values a chain names, and how the best of all named values is found for a connection. */
interface Criterion {
  /** Names of the values; empty where the chain asks for nothing. */
  keysOf(match: FilterChainMatch): readonly string[];
  /** `branches` by the names above. */
  compile(branches: ReadonlyMap<string, ChooseChain>, otherwise: ChooseChain): ChooseChain;
}

export function compileChainMatch(matches: readonly FilterChainMatch[]): CompiledChainMatch {
  const duplicates: DuplicateMatch[] = [];
  const candidates = matches.map((match, index) => ({ match, index }));
  const choose = compileFrom(0, candidates, (first, second) => {
    if (!duplicates.some((known) => known.first === first && known.second === second)) duplicates.push({ first, second });
  });
  return { choose, duplicates, needsTlsInspection: matches.some(needsTls) };
}

/** Envoy's rule for listeners that forgot the inspector. */
function needsTls({ transportProtocol, serverNames, applicationProtocols }: FilterChainMatch): boolean {
  if (transportProtocol !== '') return transportProtocol === 'tls';
  return serverNames.length > 0 || applicationProtocols.length > 0;
}

const nothing: ChooseChain = () => noChain;

function compileFrom(level: number, candidates: readonly Candidate[], onDuplicate: (first: number, second: number) => void): ChooseChain {
  const [first, second] = candidates;
  if (!first) return nothing;
  const criterion = criteria[level];
  if (!criterion) {
    if (second) onDuplicate(first.index, second.index);
    const { index } = first;
    return () => index;
  }
  const undemanding: Candidate[] = [];
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const keys = criterion.keysOf(candidate.match);
    if (keys.length === 0) undemanding.push(candidate);
    for (const key of new Set(keys)) {
      const group = groups.get(key);
      if (group) group.push(candidate);
      else groups.set(key, [candidate]);
    }
  }
  const otherwise = compileFrom(level + 1, undemanding, onDuplicate);
  if (groups.size === 0) return otherwise;
  const branches = new Map<string, ChooseChain>();
  for (const [key, group] of groups) branches.set(key, compileFrom(level + 1, group, onDuplicate));
  return criterion.compile(branches, otherwise);
}

/* The order is the rule. */
const criteria: readonly Criterion[] = [
  {
    keysOf: ({ destinationPort }) => (destinationPort === undefined ? [] : [String(destinationPort)]),
    compile: byExactValue(({ local }) => String(local.port)),
  },
  {
    keysOf: ({ prefixRanges }) => prefixRanges.map(rangeKey),
    compile: byLongestPrefix(({ local }) => local.host),
  },
  { keysOf: ({ serverNames }) => serverNames, compile: byServerName },
  {
    keysOf: ({ transportProtocol }) => (transportProtocol === '' ? [] : [transportProtocol]),
    compile: byExactValue(({ transportProtocol }) => transportProtocol),
  },
  { keysOf: ({ applicationProtocols }) => applicationProtocols, compile: byApplicationProtocol },
  {
    keysOf: ({ directSourcePrefixRanges }) => directSourcePrefixRanges.map(rangeKey),
    compile: byLongestPrefix(({ directRemote }) => directRemote.host),
  },
  {
    keysOf: ({ sourceType }) => (sourceType === 'ANY' ? [] : [sourceType]),
    compile: byExactValue(({ local, remote }) => (isSameIpOrLoopback(remote, local) ? 'SAME_IP_OR_LOOPBACK' : 'EXTERNAL')),
  },
  {
    keysOf: ({ sourcePrefixRanges }) => sourcePrefixRanges.map(rangeKey),
    compile: byLongestPrefix(({ remote }) => remote.host),
  },
  {
    keysOf: ({ sourcePorts }) => sourcePorts.map(String),
    compile: byExactValue(({ remote }) => String(remote.port)),
  },
];

function byExactValue(valueOf: (facts: MatchFacts) => string): Criterion['compile'] {
  return (branches, otherwise) => (facts) => (branches.get(valueOf(facts)) ?? otherwise)(facts);
}

/** The name itself, then `*.` before each of its parents, the nearest first. */
function byServerName(branches: ReadonlyMap<string, ChooseChain>, otherwise: ChooseChain): ChooseChain {
  return (facts) => {
    const { serverName } = facts;
    if (serverName === '') return otherwise(facts);
    const exact = branches.get(serverName);
    if (exact) return exact(facts);
    for (let dot = serverName.indexOf('.'); dot !== -1; dot = serverName.indexOf('.', dot + 1)) {
      const wildcard = branches.get(`*${serverName.slice(dot)}`);
      if (wildcard) return wildcard(facts);
    }
    return otherwise(facts);
  };
}

/** The first that the client offers and a chain names: the client's order decides. */
function byApplicationProtocol(branches: ReadonlyMap<string, ChooseChain>, otherwise: ChooseChain): ChooseChain {
  return (facts) => {
    for (const protocol of facts.applicationProtocols) {
      const branch = branches.get(protocol);
      if (branch) return branch(facts);
    }
    return otherwise(facts);
  };
}

function byLongestPrefix(hostOf: (facts: MatchFacts) => string): Criterion['compile'] {
  return (branches, otherwise) => {
    const lengths = [...new Set([...branches.keys()].map((key) => Number(key.slice(key.indexOf('/') + 1))))].sort((a, b) => b - a);
    return (facts) => {
      const address = parseIp(hostOf(facts));
      // What has no IP address (a Unix socket) is in no range.
      if (!address) return otherwise(facts);
      for (const prefixBits of lengths) {
        const branch = prefixBits > address.length * 8 ? undefined : branches.get(rangeKey({ address, prefixBits }));
        if (branch) return branch(facts);
      }
      return otherwise(facts);
    };
  };
}

/** Equal for equal ranges, however their bits behind the prefix are written. */
function rangeKey({ address, prefixBits }: CidrRange): string {
  const masked = address.map((byte, index) => byte & maskOf(prefixBits - index * 8));
  return `${masked.join('.')}/${prefixBits}`;
}

function maskOf(bits: number): number {
  if (bits >= 8) return 0xff;
  return bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff;
}

/** Unix sockets are within this machine by their nature. */
function isSameIpOrLoopback(remote: Address, local: Address): boolean {
  const [from, to] = [parseIp(remote.host), parseIp(local.host)];
  if (!from || !to) return true;
  return isLoopback(from) || from.join('.') === to.join('.');
}

function isLoopback(address: IpBytes): boolean {
  if (address.length === 4) return address[0] === 127;
  return address.every((byte, index) => byte === (index === 15 ? 1 : 0));
}
