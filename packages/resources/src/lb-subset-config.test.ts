import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { decodeRouteConfiguration } from './route-configuration.ts';
import { routesJson, staticClusterJson, typed, type Json } from './testing/sample-resources.ts';

const decode = (fields: Json) => decodeCluster(staticClusterJson('a', [], fields));
const problemsOf = (config: Json) => decode({ lb_subset_config: config }).problems.map(({ path, message }) => `${path}: ${message}`);

const selectors = [{ keys: ['version', 'stage'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['stage'] }, { keys: ['stage'], single_host_per_subset: true }];

const expected = {
  fallbackPolicy: 'DEFAULT_SUBSET',
  defaultSubset: { stage: 'prod' },
  panicModeAny: true,
  selectors: [
    { keys: ['stage', 'version'], fallbackPolicy: 'KEYS_SUBSET', fallbackKeys: ['stage'], singleHostPerSubset: false },
    { keys: ['stage'], fallbackPolicy: undefined, singleHostPerSubset: true },
  ],
};

const fields = { subset_selectors: selectors, fallback_policy: 'DEFAULT_SUBSET', default_subset: { stage: 'prod' }, panic_mode_any: true };

test('subsets stand on the cluster, or around a policy', () => {
  expect(decode({ lb_subset_config: fields, lb_policy: 'RANDOM' })).toMatchObject({ ok: true, problems: [], value: { subsets: expected, loadBalancing: { kind: 'RANDOM' } } });
  const entry = (name: string, config: Json) => ({ typed_extension_config: { name, typed_config: typed(`envoy.extensions.load_balancing_policies.${name}`, config) } });
  const inner = { policies: [entry('maglev.v3.Maglev', {})] };
  const policies = [entry('subset.v3.Subset', { ...fields, subset_lb_policy: { policies: [entry('wrr_locality.v3.WrrLocality', { endpoint_picking_policy: inner })] } })];
  expect(decode({ load_balancing_policy: { policies } })).toMatchObject({
    ok: true,
    problems: [],
    value: { subsets: expected, loadBalancing: { kind: 'MAGLEV' }, commonLb: { weightsLocalities: true } },
  });
});

test('without selectors there are no subsets', () => {
  const decoded = decode({ lb_subset_config: { fallback_policy: 'ANY_ENDPOINT' } });
  expect(decoded.ok && decoded.value.subsets).toBeUndefined();
});

test.each([
  [{ subset_selectors: [{ keys: [] }] }, 'lb_subset_config.subset_selectors[0].keys: is required'],
  [
    { subset_selectors: [{ keys: ['a'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['a'] }] },
    'lb_subset_config.subset_selectors[0].fallback_keys_subset: must hold some of keys, but not all',
  ],
  [{ subset_selectors: [{ keys: ['a'] }], scale_locality_weight: true }, 'lb_subset_config.scale_locality_weight: is not supported'],
  [{ subset_selectors: [{ keys: ['a'] }], metadata_fallback_policy: 'FALLBACK_LIST' }, 'lb_subset_config.metadata_fallback_policy: is "FALLBACK_LIST", must be METADATA_NO_FALLBACK'],
])('%j is refused', (config, problem) => {
  expect(problemsOf(config)[0]).toContain(problem);
});

test('routes and weighted clusters say what they want of endpoints', () => {
  const match = (version: string) => ({ metadata_match: { filter_metadata: { 'envoy.lb': { version }, other: { x: 1 } } } });
  const weighted = { weighted_clusters: { clusters: [{ name: 'a', weight: 1, ...match('v2') }] } };
  const decoded = decodeRouteConfiguration(routesJson('r', [{ match: { prefix: '/' }, route: { ...weighted, ...match('v1') } }]));
  const action = { metadataMatch: { version: 'v1' }, target: { weighted: { clusters: [{ metadataMatch: { version: 'v2' } }] } } };
  expect(decoded).toMatchObject({ ok: true, value: { virtualHosts: [{ routes: [{ action }] }] } });
});
