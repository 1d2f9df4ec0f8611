/** Whatever JSON comes, a decoder answers with a model or with problems: it never throws, and it changes nothing. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBootstrap } from '../bootstrap.ts';
import { decodeCluster } from '../cluster.ts';
import { decodeClusterLoadAssignment } from '../cluster-load-assignment.ts';
import { decodeListener } from '../listener.ts';
import { decodeRouteConfiguration } from '../route-configuration.ts';
import { assignmentJson, endpointJson, listenerJson, routesJson, routeTo, staticClusterJson, typed } from '../testing/sample-resources.ts';

const rich = {
  route: routesJson('r', [
    { match: { prefix: '/', headers: [{ name: 'a', string_match: { exact: 'b' } }] }, redirect: { https_redirect: true } },
    { match: { safe_regex: { regex: 'a' } }, direct_response: { status: 200, body: { inline_string: 'x' } } },
    { match: { path: '/a' }, route: { weighted_clusters: { clusters: [{ name: 'a', weight: 1 }] }, retry_policy: { retry_on: '5xx' } } },
    routeTo('app'),
  ]),
  cluster: staticClusterJson('a', ['10.0.0.1:80'], {
    circuit_breakers: { thresholds: [{ max_requests: 5 }] },
    metadata: { filter_metadata: { a: { b: 1 } } },
  }),
  assignment: assignmentJson('a', [endpointJson('10.0.0.1:80', { health_status: 'HEALTHY' })]),
  listener: listenerJson('l', {
    route_config: routesJson('r', [routeTo('app')]),
    access_log: [{ name: 'a', typed_config: typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog') }],
  }),
};

const subjects = [
  ['listener', decodeListener, rich.listener],
  ['route configuration', decodeRouteConfiguration, rich.route],
  ['cluster', decodeCluster, rich.cluster],
  ['assignment', decodeClusterLoadAssignment, rich.assignment],
  ['bootstrap', decodeBootstrap, { node: { id: 'a', cluster: 'b' }, static_resources: { listeners: [rich.listener], clusters: [rich.cluster] } }],
] as const;

test.each(subjects)('a %s out of anything', (_name, decode) => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      const decoded = decode(json);
      return decoded.ok || decoded.problems.length > 0;
    }),
  );
});

test.each(subjects)('a good %s with one value exchanged for anything', (_name, decode, good) => {
  const places = placesOf(good);
  fc.assert(
    fc.property(fc.nat(places.length - 1), fc.oneof(fc.jsonValue(), fc.constantFrom('', -1, 1e20, '9'.repeat(40), [null], { '@type': 'x' })), (at, value) => {
      const mutated = exchange(good, places[at] as readonly (string | number)[], value);
      const before = JSON.stringify(mutated);
      const decoded = decode(mutated);
      expect(JSON.stringify(mutated)).toBe(before);
      return decoded.ok || decoded.problems.length > 0;
    }),
    { numRuns: 300 },
  );
});

/** The ways to every value inside a value. */
function placesOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [path, ...[...inner].flatMap(([key, element]) => placesOf(element, [...path, key]))];
}

function exchange(value: unknown, [step, ...rest]: readonly (string | number)[], replacement: unknown): unknown {
  if (step === undefined) return replacement;
  if (Array.isArray(value)) return value.map((element, index) => (index === step ? exchange(element, rest, replacement) : element));
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [step]: exchange(record[step], rest, replacement) };
}
