/** The index against the rule as it is told: chains leave, criterion by criterion, and nobody comes back. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyConnection, isInRange, parseIp, type CidrRange, type FilterChainMatch } from '@sluice/resources';
import { compileChainMatch, noChain, type MatchFacts } from './chain-match.ts';

const range = (text: string): CidrRange => {
  const [prefix = '', bits] = text.split('/');
  return { address: parseIp(prefix) ?? [], prefixBits: Number(bits) };
};

const ranges = ['10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '127.0.0.0/8', '2001:db8::/32', '0.0.0.0/0'].map(range);
const hosts = ['10.1.1.1', '10.1.2.1', '10.2.0.1', '127.0.0.1', '2001:db8::1', '192.0.2.1', ''];
const names = ['a.example.com', 'b.a.example.com', '*.example.com', '*.a.example.com', '*.com'];
const protocols = ['h2', 'http/1.1', 'h2c'];
const ports = [80, 443, 8443];

const some = <T>(values: readonly T[]) => fc.oneof({ weight: 3, arbitrary: fc.constant([] as T[]) }, { weight: 2, arbitrary: fc.subarray([...values], { minLength: 1, maxLength: 2 }) });

const matches: fc.Arbitrary<FilterChainMatch> = fc.record({
  destinationPort: fc.option(fc.constantFrom(...ports), { nil: undefined, freq: 2 }),
  prefixRanges: some(ranges),
  serverNames: some(names),
  transportProtocol: fc.constantFrom('', '', 'tls', 'raw_buffer'),
  applicationProtocols: some(protocols),
  directSourcePrefixRanges: some(ranges),
  sourceType: fc.constantFrom('ANY' as const, 'ANY' as const, 'SAME_IP_OR_LOOPBACK' as const, 'EXTERNAL' as const),
  sourcePrefixRanges: some(ranges),
  sourcePorts: some(ports),
});

const address = fc.record({ host: fc.constantFrom(...hosts), port: fc.constantFrom(...ports) });

const facts: fc.Arbitrary<MatchFacts> = fc.record({
  local: address,
  remote: address,
  directRemote: address,
  serverName: fc.constantFrom('', 'a.example.com', 'b.a.example.com', 'x.b.a.example.com', 'c.example.com', 'other.org'),
  transportProtocol: fc.constantFrom('tls', 'raw_buffer'),
  applicationProtocols: fc.subarray(protocols),
});

/** How well a chain meets one criterion: 0 when it asks for nothing, more the closer, undefined when it is not met. */
type Grade = (match: FilterChainMatch, facts: MatchFacts) => number | undefined;

const best = (grades: readonly (number | undefined)[], asked: boolean): number | undefined => {
  if (!asked) return 0;
  const met = grades.filter((grade) => grade !== undefined);
  return met.length === 0 ? undefined : Math.max(...met);
};

const exactly = (values: readonly unknown[], value: unknown) => best(values.map((wanted) => (wanted === value ? 1 : undefined)), values.length > 0);
const inRange = (wanted: readonly CidrRange[], host: string) => best(wanted.map((one) => (isInRange(host, one) ? 1 + one.prefixBits : undefined)), wanted.length > 0);

const named = (wanted: string, name: string) => {
  if (wanted === name && name !== '') return 1000;
  return wanted.startsWith('*.') && name.endsWith(wanted.slice(1)) ? wanted.length : undefined;
};

const isLocal = ({ remote, local }: MatchFacts) => !parseIp(remote.host) || !parseIp(local.host) || remote.host.startsWith('127.') || remote.host === local.host;

const grades: readonly Grade[] = [
  (match, { local }) => exactly(match.destinationPort === undefined ? [] : [match.destinationPort], local.port),
  (match, { local }) => inRange(match.prefixRanges, local.host),
  (match, { serverName }) => best(match.serverNames.map((wanted) => named(wanted, serverName)), match.serverNames.length > 0),
  (match, { transportProtocol }) => exactly(match.transportProtocol === '' ? [] : [match.transportProtocol], transportProtocol),
  (match, { applicationProtocols }) => {
    const places = match.applicationProtocols.map((wanted) => applicationProtocols.indexOf(wanted));
    return best(places.map((place) => (place === -1 ? undefined : 100 - place)), places.length > 0);
  },
  (match, { directRemote }) => inRange(match.directSourcePrefixRanges, directRemote.host),
  (match, all) => exactly(match.sourceType === 'ANY' ? [] : [match.sourceType], isLocal(all) ? 'SAME_IP_OR_LOOPBACK' : 'EXTERNAL'),
  (match, { remote }) => inRange(match.sourcePrefixRanges, remote.host),
  (match, { remote }) => exactly(match.sourcePorts, remote.port),
];

function choosePlainly(chains: readonly FilterChainMatch[], connection: MatchFacts): number {
  let left = chains.map((match, index) => ({ match, index }));
  for (const grade of grades) {
    const graded = left.flatMap((chain) => {
      const value = grade(chain.match, connection);
      return value === undefined ? [] : [{ chain, value }];
    });
    const top = Math.max(...graded.map(({ value }) => value));
    left = graded.filter(({ value }) => value === top).map(({ chain }) => chain);
  }
  return left[0]?.index ?? noChain;
}

test('the index finds what the rule, followed step by step, finds', () => {
  fc.assert(
    fc.property(fc.array(matches, { minLength: 1, maxLength: 8 }), facts, (chains, connection) => {
      const compiled = compileChainMatch(chains);
      fc.pre(compiled.duplicates.length === 0);
      expect(compiled.choose(connection)).toBe(choosePlainly(chains, connection));
    }),
    { numRuns: 3000, seed: 11 },
  );
});

test('two chains are duplicates exactly when one connection could be for both', () => {
  const first = { ...anyConnection, serverNames: ['a.test', 'b.test'], sourcePorts: [1, 2] };
  expect(compileChainMatch([first, { ...first, serverNames: ['b.test', 'c.test'] }]).duplicates).toEqual([{ first: 0, second: 1 }]);
  expect(compileChainMatch([first, { ...first, serverNames: ['c.test'] }]).duplicates).toEqual([]);
  expect(compileChainMatch([first, { ...first, sourcePorts: [3] }]).duplicates).toEqual([]);
  // Written differently, and the same.
  const net = (text: string) => ({ ...anyConnection, prefixRanges: [range(text)] });
  expect(compileChainMatch([net('10.1.2.3/8'), net('10.0.0.0/8')]).duplicates).toEqual([{ first: 0, second: 1 }]);
});
