/** `/listeners`: what is bound. */
import { parseAddress, type Address } from '@sluice/kernel';
import { json, text, type AdminPage } from './admin-page.ts';

export const listenersPage: AdminPage = {
  path: '/listeners',
  help: 'listeners and the addresses they are bound to (?format=json)',
  mutates: false,
  answer(query, { proxy }) {
    const listeners = proxy.listeners();
    if (query.get('format') !== 'json') return text(listeners.map(({ name, address }) => `${name}::${address}\n`).join(''));
    return json({ listener_statuses: listeners.map(({ name, address }) => ({ name, local_address: addressJson(parseAddress(address)) })) });
  },
};

export function addressJson(address: Address): unknown {
  if (address.path !== undefined) return { pipe: { path: address.path } };
  return { socket_address: { address: address.host, port_value: address.port } };
}
