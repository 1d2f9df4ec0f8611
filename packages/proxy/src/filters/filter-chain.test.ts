import { expect, test } from 'vitest';
import { startFilterProxy } from '../testing/index.ts';

const cors = { name: 'cors', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' } };
const policy = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy', allow_origin_string_match: [{ exact: '*' }] };
const wrapped = (fields: object) => ({ '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', ...fields });
const unknown = { name: 'new', is_optional: true, typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.new.v3.New' } };

/** Whether the filter has marked the response, for each of the paths. */
async function marks(filters: readonly object[], virtualHost: object, routes: Readonly<Record<string, object>>): Promise<boolean[]> {
  const configured = Object.entries(routes).map(([path, perFilter]) => ({ match: { path }, route: { cluster: 'backend' }, typed_per_filter_config: perFilter }));
  await using proxy = await startFilterProxy({ filters, virtualHost: { typed_per_filter_config: virtualHost }, routes: configured });
  const found: boolean[] = [];
  for (const path of Object.keys(routes)) {
    const { headers } = await proxy.request({ path, headers: { origin: 'https://a.test' } });
    found.push('access-control-allow-origin' in headers);
  }
  return found;
}

test('the most specific level decides whether a filter is on; settings may come from the next', async () => {
  const off = { cors: wrapped({ disabled: true }) };
  const on = { cors: wrapped({ config: {} }) };
  expect(await marks([cors], { cors: policy }, { '/plain': {}, '/off': off, '/on': on })).toEqual([true, false, true]);
  expect(await marks([cors], off, { '/plain': {}, '/on': { cors: policy } })).toEqual([false, true]);
});

test('a filter that is disabled in the list runs where a route has something to say to it', async () => {
  expect(await marks([{ ...cors, disabled: true }], {}, { '/plain': {}, '/on': { cors: policy } })).toEqual([false, true]);
});

test('what is said to another name does not concern it', async () => {
  expect(await marks([cors], {}, { '/plain': { 'envoy.filters.http.cors': policy } })).toEqual([false]);
});

test('optional filters and settings that are not known are left out', async () => {
  expect(await marks([unknown, cors], { new: wrapped({ is_optional: true, config: unknown.typed_config }) }, { '/plain': { cors: policy } })).toEqual([true]);
  await expect(marks([{ ...unknown, is_optional: false }], {}, {})).rejects.toThrow(/http_filters\[0\]\.typed_config\.@type: is envoy\.extensions\.filters\.http\.new\.v3\.New, which is not known/);
  await expect(marks([cors], { new: unknown.typed_config }, {})).rejects.toThrow(/typed_per_filter_config\.new\.@type: is envoy\.extensions\.filters\.http\.new\.v3\.New, which is not known/);
  await expect(marks([cors], { cors: wrapped({}) }, {})).rejects.toThrow(/typed_per_filter_config\.cors\.config: is required/);
});

test('a weighted cluster says more than its route', async () => {
  const clusters = [{ name: 'backend', weight: 1, typed_per_filter_config: { cors: wrapped({ disabled: true }) } }];
  const routes = [{ match: { prefix: '/' }, route: { weighted_clusters: { clusters } }, typed_per_filter_config: { cors: policy } }];
  await using proxy = await startFilterProxy({ filters: [cors], routes });
  const { headers } = await proxy.request({ headers: { origin: 'https://a.test' } });
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});
