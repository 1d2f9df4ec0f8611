/** Listener filters that are not for all connections, from configuration over real sockets. */
import { listenerJson, routesJson, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startBootstrap } from '../../testing/index.ts';

const ports = (start: number, end: number): Json => ({ destination_port_range: { start, end } });
const all = ports(1, 65_536);
const none = ports(1, 2);

/** Whether a connection without the header that the filter asks for is served. */
async function serves(filterDisabled: Json): Promise<boolean> {
  const filter = { name: 'proxy', typed_config: typed('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol'), filter_disabled: filterDisabled };
  const listener = listenerJson('main', { route_config: routesJson('main', [{ match: { prefix: '/' }, direct_response: { status: 200 } }]) });
  await using proxy = await startBootstrap({ listeners: [{ ...listener, listener_filters: [filter] }] });
  const client = await proxy.connect('main');
  client.write('GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n');
  return (await client.readToEnd()).toString().includes('200 OK');
}

test.each<[string, Json, boolean]>([
  ['any', { any_match: true }, true],
  ['a range that holds the port', all, true],
  ['another range', none, false],
  ['not another range', { not_match: none }, true],
  ['both of two, one of which does not hold', { and_match: { rules: [all, none] } }, false],
  ['one of two', { or_match: { rules: [none, all] } }, true],
])('a filter that is disabled for %s', async (_case, predicate, expected) => {
  expect(await serves(predicate)).toBe(expected);
});

test('a predicate that says nothing, or joins less than two, is refused', async () => {
  await expect(serves({})).rejects.toThrow('filter_disabled');
  await expect(serves({ or_match: { rules: [all] } })).rejects.toThrow('filter_disabled.or_match.rules: has 1 entries');
});
