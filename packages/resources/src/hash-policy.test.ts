import { expect, test } from 'vitest';
import { decodeRouteConfiguration } from './route-configuration.ts';
import { routesJson, routeTo } from './testing/sample-resources.ts';

const decode = (policies: readonly unknown[]) => decodeRouteConfiguration(routesJson('r', [routeTo('a', { hash_policy: policies })]));
const at = 'virtual_hosts[0].routes[0].route.hash_policy[0]';

test('a request may be placed by a header, a cookie, its address or a query parameter', () => {
  const decoded = decode([
    { header: { header_name: 'X-User' }, terminal: true },
    { cookie: { name: 'session', ttl: '0s', path: '/', attributes: [{ name: 'SameSite', value: 'Lax' }, { name: 'Secure' }] } },
    { connection_properties: { source_ip: true } },
    { query_parameter: { name: 'user' } },
  ]);
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      virtualHosts: [
        {
          routes: [
            {
              action: {
                hashPolicies: [
                  { source: { kind: 'header', header: 'x-user', rewrite: undefined }, terminal: true },
                  { source: { kind: 'cookie', name: 'session', ttlMs: 0, path: '/' }, terminal: false },
                  { source: { kind: 'source_ip' } },
                  { source: { kind: 'query_parameter', parameter: 'user' } },
                ],
              },
            },
          ],
        },
      ],
    },
  });
});

test.each([
  [{ terminal: true }, `${at}: must have one of header, cookie, connection_properties, query_parameter, filter_state`],
  [{ cookie: { name: 'a b' } }, `${at}.cookie.name: is "a b", must be a cookie name`],
  [{ cookie: { name: 'a', path: '/; Domain=b' } }, `${at}.cookie.path: must be printable ASCII without ;`],
  [{ connection_properties: {} }, `${at}.connection_properties.source_ip: must be true: there is no other property`],
  [{ filter_state: {} }, `${at}.filter_state.key: is required`],
])('%j is refused', (policy, problem) => {
  expect(decode([policy]).problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([problem]);
});
