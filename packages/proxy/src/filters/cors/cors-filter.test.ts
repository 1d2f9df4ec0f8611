import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture } from '../../testing/index.ts';

const filters = [{ name: 'cors', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' } }];
const policyType = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy';

const policy = {
  '@type': policyType,
  allow_origin_string_match: [{ exact: 'https://shop.test' }, { safe_regex: { regex: 'https://[a-z]+\\.dev\\.test' } }],
  allow_methods: 'GET,PUT',
  allow_headers: 'x-token',
  expose_headers: 'x-total',
  max_age: '600',
  allow_credentials: true,
  allow_private_network_access: true,
};

const start = (changes: object = {}): Promise<FilterFixture> => startFilterProxy({ filters, route: { typed_per_filter_config: { cors: { ...policy, ...changes } } } });
const preflight = (origin: string, more: Record<string, string> = {}) => ({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT', ...more } });

function corsHeaders({ headers }: { readonly headers: Readonly<Record<string, string>> }): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));
}

test('a preflight of an allowed origin is answered here', async () => {
  await using proxy = await start();
  const response = await proxy.request(preflight('https://x.dev.test', { 'access-control-request-private-network': 'true' }));
  expect([response.status, response.body.length, corsHeaders(response)]).toEqual([
    200,
    0,
    {
      'access-control-allow-origin': 'https://x.dev.test',
      'access-control-allow-methods': 'GET,PUT',
      'access-control-allow-headers': 'x-token',
      'access-control-max-age': '600',
      'access-control-allow-credentials': 'true',
      'access-control-allow-private-network': 'true',
    },
  ]);
  expect(proxy.upstreamHeads).toEqual([]);
  expect(await proxy.nextLog()).toBe('200 - cors_response');
  expect(proxy.metric('envoy_http_cors_origin_valid')).toBe(1);
});

test('a request of an allowed origin passes, and its response is marked', async () => {
  await using proxy = await start();
  const response = await proxy.request({ headers: { origin: 'https://shop.test' } });
  expect([response.body.toString(), corsHeaders(response)]).toEqual([
    'hello',
    { 'access-control-allow-origin': 'https://shop.test', 'access-control-allow-credentials': 'true', 'access-control-expose-headers': 'x-total' },
  ]);
});

test('other origins get no mark, and their preflights go upstream unless told otherwise', async () => {
  await using proxy = await start();
  const request = await proxy.request({ headers: { origin: 'https://evil.test' } });
  const asked = await proxy.request(preflight('https://evil.test'));
  expect([request, asked].map((response) => [response.body.toString(), corsHeaders(response)])).toEqual([['hello', {}], ['hello', {}]]);
  expect(proxy.metric('envoy_http_cors_origin_invalid')).toBe(2);
  await using strict = await start({ forward_not_matching_preflights: false });
  const refused = await strict.request(preflight('https://evil.test'));
  expect([refused.status, refused.body.length, corsHeaders(refused), strict.upstreamHeads]).toEqual([200, 0, {}, []]);
});

test('a policy in the shadow counts and does nothing', async () => {
  const none = { default_value: { numerator: 0 } };
  await using proxy = await start({ filter_enabled: none, shadow_enabled: { default_value: { numerator: 100 } } });
  const response = await proxy.request(preflight('https://shop.test'));
  expect([response.body.toString(), corsHeaders(response), proxy.metric('envoy_http_cors_origin_valid')]).toEqual(['hello', {}, 1]);
});

test('the policy of the route is used instead of that of its virtual host', async () => {
  const anybody = { '@type': policyType, allow_origin_string_match: [{ exact: '*' }] };
  await using proxy = await startFilterProxy({
    filters,
    virtualHost: { typed_per_filter_config: { cors: anybody } },
    routes: [
      { match: { prefix: '/shop' }, route: { cluster: 'backend' }, typed_per_filter_config: { cors: policy } },
      { match: { prefix: '/' }, route: { cluster: 'backend' } },
    ],
  });
  const headers = { origin: 'https://anybody.test' };
  expect(corsHeaders(await proxy.request({ path: '/', headers }))).toEqual({ 'access-control-allow-origin': 'https://anybody.test' });
  expect(corsHeaders(await proxy.request({ path: '/shop', headers }))).toEqual({});
});

test('a route can take the filter out of the chain', async () => {
  await using proxy = await startFilterProxy({
    filters,
    virtualHost: { typed_per_filter_config: { cors: policy } },
    route: { typed_per_filter_config: { cors: { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true } } },
  });
  expect(corsHeaders(await proxy.request({ headers: { origin: 'https://shop.test' } }))).toEqual({});
});

test('a policy may stand in the old field of virtual hosts and routes', async () => {
  const { '@type': _, ...old } = policy;
  const origin = { headers: { origin: 'https://shop.test' } };
  await using ofHost = await startFilterProxy({ filters, virtualHost: { cors: old } });
  await using ofRoute = await startFilterProxy({ filters, route: { route: { cluster: 'backend', cors: { ...old, expose_headers: 'x-route' } } }, virtualHost: { cors: old } });
  expect([corsHeaders(await ofHost.request(origin))['access-control-expose-headers'], corsHeaders(await ofRoute.request(origin))['access-control-expose-headers']]).toEqual(['x-total', 'x-route']);
  await expect(startFilterProxy({ filters, virtualHost: { cors: { allow_method: 'GET' } } })).rejects.toThrow(/virtual_hosts\[0\]\.cors\.allow_method: is not a field here/);
});

test('mistakes are told with their place', async () => {
  const typo = { '@type': policyType, allow_origin_string_match: [{ safe_regex: { regex: '(' } }] };
  const promise = startFilterProxy({ filters, route: { typed_per_filter_config: { cors: typo } } });
  await expect(promise).rejects.toThrow(/virtual_hosts\[0\]\.routes\[0\]\.typed_per_filter_config\["cors"\]\.allow_origin_string_match\[0\]\.safe_regex\.regex: "\(" is no RE2 expression/);
  await expect(start({ allow_method: 'GET' })).rejects.toThrow(/typed_per_filter_config\.cors\.allow_method: is not a field here; did you mean allow_methods\?/);
});
