import { typeUrls } from '@sluice/resources';
import { expect, test } from 'vitest';
import type { ConfigUpdate } from './config-source.ts';
import { RebindListeners, type ListenerBinding } from './rebind-listeners.ts';

/** What a consumer behind it is offered. */
function rebind(update: ConfigUpdate, bindings: Readonly<Record<string, ListenerBinding>>): ConfigUpdate | undefined {
  let seen: ConfigUpdate | undefined;
  const next = {
    onUpdate(offered: ConfigUpdate) {
      seen = offered;
      return [];
    },
    onMissing() {},
  };
  new RebindListeners(next, (name) => bindings[name]).onUpdate(update);
  return seen;
}

function listenerUpdate(value: unknown): ConfigUpdate {
  return { typeUrl: typeUrls.listener, version: 'v', changed: [{ name: 'external_http', version: 'a', value }], removed: [] };
}

const listener = { name: 'external_http', address: { socket_address: { address: '0.0.0.0', port_value: 8080, protocol: 'TCP' } } };

test('a listener is bound elsewhere, and the rest of it stays', () => {
  const update = listenerUpdate({ ...listener, stat_prefix: 'x' });
  expect(rebind(update, { external_http: { host: '127.0.0.1', port: 9000 } })).toEqual(
    listenerUpdate({ name: 'external_http', address: { socket_address: { address: '127.0.0.1', port_value: 9000, protocol: 'TCP' } }, stat_prefix: 'x' }),
  );
});

test('only what is said is replaced', () => {
  expect(rebind(listenerUpdate(listener), { external_http: { port: 0 } })?.changed[0]?.value).toMatchObject({
    address: { socket_address: { address: '0.0.0.0', port_value: 0 } },
  });
});

test('other listeners, other types and other forms pass as they are', () => {
  const update = listenerUpdate(listener);
  expect(rebind(update, {})).toEqual(update);
  const cluster = { ...update, typeUrl: typeUrls.cluster };
  expect(rebind(cluster, { external_http: { port: 1 } })).toBe(cluster);
  const strange = listenerUpdate({ address: 'somewhere' });
  expect(rebind(strange, { external_http: { port: 1 } })).toEqual(strange);
});
