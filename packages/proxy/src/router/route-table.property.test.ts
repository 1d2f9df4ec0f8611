/** The compiled table against the plainest reading of the same rules: try every domain, then every route in order. */
import { RequestHead } from '@sluice/http';
import { createSeededRandom } from '@sluice/kernel';
import { decodeRouteConfiguration, type HeaderMatcher, type Route, type RouteConfiguration } from '@sluice/resources';
import type { Json } from '@sluice/resources/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRouteTable } from './compile-route-table.ts';
import { noRegexEngine } from './regex-engine.ts';

const label = fc.constantFrom('a', 'b', 'c');
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const domain = fc.oneof(
  host,
  host.map((name) => `*.${name}`),
  host.map((name) => `*-${name}`),
  host.map((name) => `${name}.*`),
  host.map((name) => `${name}:*`),
  fc.constant('*'),
);
const authority = fc.oneof(host, host.map((name) => `x-${name}`), fc.tuple(host, fc.constantFrom('80', '8080')).map((parts) => parts.join(':')));
const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const value = fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11');

const pathMatch = fc.oneof(
  path.map((prefix) => ({ prefix })),
  path.map((exact) => ({ path: exact })),
  path.filter((text) => text.length > 1).map((prefix) => ({ path_separated_prefix: prefix })),
);
const headerMatch = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('x', 'y'), value).map(([name, exact]) => ({ name, string_match: { exact } })) },
  { weight: 1, arbitrary: fc.constantFrom('x', 'y').map((name) => ({ name, present_match: true })) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('x', 'y'), value).map(([name, exact]) => ({ name, string_match: { exact }, invert_match: true })) },
);
const match: fc.Arbitrary<Json> = fc.tuple(pathMatch, fc.array(headerMatch, { maxLength: 2 })).map(([where, headers]) => ({ ...where, headers }));

/** Tables with a route for each value of a header, and a few routes that do not care: those that are found by value. */
const byHeader: fc.Arbitrary<Json[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: value.map((exact) => ({ prefix: '/', headers: [{ name: 'x', string_match: { exact } }] })) },
    { weight: 1, arbitrary: match },
  ),
  { minLength: 15, maxLength: 40 },
);

const table = fc
  .array(fc.record({ domains: fc.uniqueArray(domain, { minLength: 1, maxLength: 4 }), matches: fc.oneof(fc.array(match, { maxLength: 14 }), byHeader) }), { minLength: 1, maxLength: 4 })
  .map((hosts) => {
    const taken = new Set<string>();
    return {
      name: 'generated',
      virtual_hosts: hosts.flatMap(({ domains, matches }, index) => {
        const free = domains.filter((candidate) => !taken.has(candidate) && taken.add(candidate));
        const routes = matches.map((routeMatch, at) => ({ match: routeMatch, route: { cluster: `${index}/${at}` } }));
        return free.length === 0 ? [] : [{ name: `v${index}`, domains: free, routes }];
      }),
    };
  });

const request = fc.record({
  authority,
  path,
  query: fc.constantFrom('', '?q=/a/b'),
  headers: fc.record({ x: value, y: value }, { requiredKeys: [] }),
});

test('the compiled table answers as the plainest reading of the rules does', () => {
  fc.assert(
    fc.property(table, fc.array(request, { minLength: 1, maxLength: 20 }), (json, requests) => {
      const decoded = decodeRouteConfiguration(json);
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
      const compiled = compileRouteTable(decoded.value, { regexEngine: noRegexEngine, setsEnvoyHeaders: true }).table;
      const random = createSeededRandom(1);
      for (const sent of requests) {
        const headers = Object.fromEntries(Object.entries(sent.headers).filter(([, text]) => text !== undefined)) as Record<string, string>;
        const head = RequestHead.of('GET', sent.authority, sent.path + sent.query, headers);
        const found = compiled.match(head, random)?.action;
        expect(found?.kind === 'forward' ? found.clusterName : undefined).toBe(naive(decoded.value, sent.authority, sent.path, headers));
      }
    }),
    { numRuns: 300 },
  );
});

function naive(
  { virtualHosts }: RouteConfiguration,
  name: string,
  pathOnly: string,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  const claims = virtualHosts.flatMap((owner) => owner.domains.map((claimed) => ({ owner, rank: rankOf(claimed, name) })));
  claims.sort((a, b) => b.rank - a.rank);
  const best = claims[0];
  if (best === undefined || best.rank < 0) return undefined;
  const route = best.owner.routes.find((candidate) => takes(candidate, pathOnly, headers));
  return route?.action.kind === 'route' && route.action.target.kind === 'cluster' ? route.action.target.name : undefined;
}

/** Higher is more specific: exact, then suffixes by length, then prefixes by length, then the star; -1 is no match. */
function rankOf(claimed: string, name: string): number {
  if (claimed === name) return 3000;
  if (claimed === '*') return 0;
  const part = claimed.replace('*', '');
  if (name.length <= part.length) return -1;
  if (claimed.startsWith('*')) return name.endsWith(part) ? 2000 + part.length : -1;
  return claimed.endsWith('*') && name.startsWith(part) ? 1000 + part.length : -1;
}

function takes({ match: rule }: Route, pathOnly: string, headers: Readonly<Record<string, string>>): boolean {
  const { kind, value: wanted } = rule.path;
  const byPath =
    kind === 'path'
      ? pathOnly === wanted
      : kind === 'prefix'
        ? pathOnly.startsWith(wanted)
        : pathOnly === wanted || pathOnly.startsWith(`${wanted}/`);
  return byPath && rule.headers.every((matcher) => holds(matcher, headers[matcher.name]));
}

function holds({ test: condition, invertMatch }: HeaderMatcher, found: string | undefined): boolean {
  const isMet = condition.kind === 'present' ? found !== undefined : condition.kind === 'string' && found === condition.matcher.value;
  return isMet !== invertMatch;
}
