import { RequestHead } from '@sluice/http';
import { decodeRouteConfiguration, decodeVirtualHost, type RouteConfiguration } from '@sluice/resources';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LayeredMap } from '../layered-map.ts';
import type { RouteTable } from '../route-match.ts';
import { compileRouteTable } from './compile-route-table.ts';
import { DiscoveredHosts, type DiscoveredHost } from './discovered-hosts.ts';
import { noRegexEngine } from './regex-engine.ts';

const options = { regexEngine: noRegexEngine, setsEnvoyHeaders: true };

function hostJson(name: string, cluster: string, ...domains: readonly string[]) {
  return { name, domains, routes: [{ match: { prefix: '/' }, route: { cluster } }] };
}

function host(resource: string, cluster: string, ...domains: readonly string[]): DiscoveredHost {
  const decoded = decodeVirtualHost(hostJson(resource, cluster, ...domains));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return { name: resource, value: decoded.value };
}

function tableOf(...hosts: readonly object[]): RouteConfiguration {
  const decoded = decodeRouteConfiguration({ name: 'table', virtual_hosts: hosts, vhds: { config_source: { ads: {} } } });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return decoded.value;
}

function hostsOf(...hosts: readonly DiscoveredHost[]): LayeredMap<DiscoveredHost> {
  return LayeredMap.from(new Map(hosts.map((one) => [one.name, one])));
}

function clusterFor(table: RouteTable, authority: string): string | undefined {
  const action = table.match(RequestHead.of('GET', authority, '/', {}), { next: () => 0 })?.action;
  return action?.kind === 'forward' ? action.clusterName : undefined;
}

const domain = fc.constantFrom('a', 'b', 'x.a', 'y.a', '*.a', '*a', 'a.*', 'a:*', 'b:80', '*', '*.y.a');
const hostName = fc.constantFrom('a', 'A', 'b', 'b:80', 'x.a', 'z.a', 'q.y.a', 'a.b', 'a:8080', 'c', 'ba');

test('whatever comes and goes, a request finds the host that it would find in a table of all that are there', () => {
  const step = fc.record({ domain, cluster: fc.constantFrom('1', '2', undefined) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(hostName, { minLength: 1 }), (steps, asked) => {
      const discovered = new DiscoveredHosts(tableOf(), options);
      let hosts = LayeredMap.empty<DiscoveredHost>();
      for (const { domain: own, cluster } of steps) {
        hosts = hosts.with([[`table/${own}`, cluster === undefined ? undefined : host(`table/${own}`, cluster, own)]]);
        const plain = compileRouteTable(tableOf(...[...hosts.values()].map(({ value }) => hostJson(value.name, clusterIn(value), ...value.domains))), options).table;
        const table = discovered.table(hosts);
        for (const authority of asked) expect(clusterFor(table, authority), authority).toBe(clusterFor(plain, authority));
      }
    }),
    { numRuns: 60 },
  );
});

function clusterIn({ routes }: DiscoveredHost['value']): string {
  const action = routes[0]?.action;
  return action?.kind === 'route' && action.target.kind === 'cluster' ? action.target.name : '';
}

test('hosts of other tables change nothing, and the table stays the same', () => {
  const discovered = new DiscoveredHosts(tableOf(), options);
  const one = discovered.table(hostsOf(host('table/a', '1', 'a')));
  const two = discovered.table(hostsOf(host('other/b', '2', 'b')).with([]));
  expect([clusterFor(one, 'a'), clusterFor(two, 'a'), clusterFor(two, 'b')]).toEqual(['1', undefined, undefined]);
  const hosts = hostsOf(host('table/a', '1', 'a'));
  const before = discovered.table(hosts);
  expect(discovered.table(hosts.with([['table/b/c', host('table/b/c', '3', 'c')]]))).toBe(before);
});

test('a table that requests walk does not change under them', () => {
  const discovered = new DiscoveredHosts(tableOf(), options);
  const hosts = hostsOf(host('table/a', '1', 'a'));
  const before = discovered.table(hosts);
  const after = discovered.table(hosts.with([['table/a', host('table/a', '2', 'a')]]));
  expect([clusterFor(before, 'a'), clusterFor(after, 'a')]).toEqual(['1', '2']);
});

test('a domain that is claimed twice belongs to the last to come, and goes back when that goes', () => {
  const discovered = new DiscoveredHosts(tableOf(), options);
  const hosts = hostsOf(host('table/a', '1', 'a', 'shared'));
  discovered.table(hosts);
  const both = hosts.with([['table/b', host('table/b', '2', 'b', 'shared')]]);
  expect(clusterFor(discovered.table(both), 'shared')).toBe('2');
  expect(clusterFor(discovered.table(both.with([['table/b', undefined]])), 'shared')).toBe('1');
});

test('what stands in the table itself cannot be taken', () => {
  const discovered = new DiscoveredHosts(tableOf(hostJson('own', '1', 'a')), options);
  const late = host('table/b', '2', 'b', 'a');
  expect(discovered.problemsOf(late)).toEqual([{ path: 'domains[1]', message: 'is "a", which the table has itself', severity: 'error' }]);
  expect(clusterFor(discovered.table(hostsOf(late)), 'a')).toBe('1');
});

test('what is wrong with a host is told with a path inside it', () => {
  const decoded = decodeVirtualHost({ name: 'a', domains: ['a'], routes: [{ match: { safe_regex: { regex: '(' } }, route: { cluster: '1' } }] });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const { path } = new DiscoveredHosts(tableOf(), options).problemsOf({ name: 'table/a', value: decoded.value })[0] ?? {};
  expect(path).toBe('routes[0].match.safe_regex.regex');
});
