/** `/listeners`: what is bound. */
import type { Address } from '@sluice/kernel';
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

/** The reverse of `formatAddress`: `host:port`, `[::1]:port`, or the path of a Unix socket. */
export function parseAddress(formatted: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/.exec(formatted);
  if (!match) return { host: '', port: 0, path: formatted };
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) };
}
