/** Subsets in a whole proxy: the route says what it wants, the cluster's hosts say what they are. */
import { SubsetCriteria } from '@sluice/balancing';
import { RequestHead } from '@sluice/http';
import { decodeRouteConfiguration } from '@sluice/resources';
import { endpointJson, routesJson, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { compileRouteTable } from '../router/compile-route-table.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import { countEach, startSimulatedMesh } from '../testing/simulated-mesh.ts';

const lb = (facts: Json) => ({ filter_metadata: { 'envoy.lb': facts } });

const first = '10.0.1.1:80';
const second = '10.0.1.2:80';
const third = '10.0.1.3:80';

const cluster = staticClusterJson(
  'app',
  [
    endpointJson(first, { metadata: lb({ version: 'v1' }) }),
    endpointJson(second, { metadata: lb({ version: 'v1' }) }),
    endpointJson(third, { metadata: lb({ version: 'v2' }) }),
  ],
  { lb_subset_config: { subset_selectors: [{ keys: ['version'] }] } },
);

const start = (version: string | undefined) =>
  startSimulatedMesh({ hosts: [first, second, third], clusters: [cluster], route: { subset: version === undefined ? undefined : new SubsetCriteria({ version }) } });

test('a request goes to a host of the subset that its route wants', async () => {
  const mesh = await start('v1');
  expect(countEach(await mesh.ask(4))).toEqual({ [first]: 2, [second]: 2 });
  expect(mesh.metric('lb_subsets_active')).toBe(2);
  expect(mesh.metric('lb_subsets_created')).toBe(2);
  expect(mesh.metric('lb_subsets_selected')).toBe(4);
});

test('a subset that is not there answers 503, and so does wanting none where nothing is said of that', async () => {
  expect(await (await start('v3')).ask()).toEqual(['503']);
  expect(await (await start(undefined)).ask()).toEqual(['503']);
});

test('what a weighted cluster wants counts before what its route does', () => {
  const route = {
    match: { prefix: '/' },
    route: {
      metadata_match: lb({ version: 'v1', stage: 'prod' }),
      weighted_clusters: { clusters: [{ name: 'app', weight: 1, metadata_match: lb({ version: 'v2' }) }] },
    },
  };
  const decoded = decodeRouteConfiguration(routesJson('r', [route]));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const { table } = compileRouteTable(decoded.value, { regexEngine: noRegexEngine, setsEnvoyHeaders: false });
  const action = table.match(RequestHead.of('GET', 'a.test', '/', {}), { next: () => 0 })?.action;
  expect(action?.kind === 'forward' && action.subset?.text).toBe(new SubsetCriteria({ version: 'v2', stage: 'prod' }).text);
});
