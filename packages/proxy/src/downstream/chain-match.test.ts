import { expect, test } from 'vitest';
import { anyConnection, type FilterChainMatch } from '@sluice/resources';
import { compileChainMatch, noChain, type MatchFacts } from './chain-match.ts';

const connection: MatchFacts = {
  local: { host: '10.0.0.1', port: 443 },
  remote: { host: '192.0.2.7', port: 50_000 },
  directRemote: { host: '10.0.0.9', port: 40_000 },
  serverName: '',
  transportProtocol: 'raw_buffer',
  applicationProtocols: [],
};

const match = (changes: Partial<FilterChainMatch>): FilterChainMatch => ({ ...anyConnection, ...changes });
const choose = (matches: readonly FilterChainMatch[], facts: Partial<MatchFacts>) => compileChainMatch(matches).choose({ ...connection, ...facts });

test('names match exactly, then by the nearest wildcard, then those who ask for no name', () => {
  const chains = [{}, { serverNames: ['*.com'] }, { serverNames: ['*.example.com'] }, { serverNames: ['a.example.com'] }].map(match);
  expect(choose(chains, { serverName: 'a.example.com' })).toBe(3);
  expect(choose(chains, { serverName: 'b.a.example.com' })).toBe(2);
  expect(choose(chains, { serverName: 'example.com' })).toBe(1);
  expect(choose(chains, { serverName: 'example.org' })).toBe(0);
  expect(choose(chains, { serverName: '' })).toBe(0);
});

test('there is no way back: a chain that was left for a closer one does not return when that one fails later', () => {
  const chains = [match({ transportProtocol: 'tls' }), match({ destinationPort: 443, transportProtocol: 'raw_buffer' })];
  expect(choose(chains, { transportProtocol: 'tls' })).toBe(noChain);
  expect(choose(chains, { transportProtocol: 'tls', local: { host: '10.0.0.1', port: 80 } })).toBe(0);
});

test('the first protocol that the client offers and a chain names decides', () => {
  const chains = [match({ applicationProtocols: ['http/1.1'] }), match({ applicationProtocols: ['h2'] })];
  expect(choose(chains, { applicationProtocols: ['h2', 'http/1.1'] })).toBe(1);
  expect(choose(chains, { applicationProtocols: ['http/1.1', 'h2'] })).toBe(0);
  expect(choose(chains, { applicationProtocols: ['imap'] })).toBe(noChain);
});

test('the peer and whom it speaks for are told apart', () => {
  const range = { address: [192, 0, 2, 0], prefixBits: 24 };
  expect(choose([match({ sourcePrefixRanges: [range] })], {})).toBe(0);
  expect(choose([match({ directSourcePrefixRanges: [range] })], {})).toBe(noChain);
});

test('connections from here and from elsewhere have their chains', () => {
  const chains = [match({ sourceType: 'SAME_IP_OR_LOOPBACK' }), match({ sourceType: 'EXTERNAL' })];
  expect(choose(chains, {})).toBe(1);
  expect(choose(chains, { remote: { host: '127.0.0.3', port: 1 } })).toBe(0);
  expect(choose(chains, { remote: { host: '::1', port: 1 } })).toBe(0);
  expect(choose(chains, { remote: { host: '10.0.0.1', port: 1 } })).toBe(0);
  expect(choose(chains, { remote: { host: '', port: 0 } })).toBe(0);
});

test.each([
  [{ serverNames: ['a.test'] }, true],
  [{ transportProtocol: 'tls' }, true],
  [{ applicationProtocols: ['h2'] }, true],
  [{ applicationProtocols: ['h2c'], transportProtocol: 'raw_buffer' }, false],
  [{ destinationPort: 80 }, false],
])('%j needs a look at TLS: %j', (changes, needed) => {
  expect(compileChainMatch([match(changes)]).needsTlsInspection).toBe(needed);
});
