/** `sluice pc listeners`: where the proxy listens, for whom, and what becomes of it. One row per filter chain. */
import { addressOf, joinAddress, objectAt, objectsAt, textAt, type Json } from '../json-reading.ts';
import type { Answer } from '../output.ts';
import type { DumpedResource, ProxyDump } from './dump.ts';

export interface ListenerFilter {
  readonly name?: string;
  readonly address?: string;
  readonly port?: string;
}

interface ListenerRow {
  readonly listener: DumpedResource;
  readonly match: string;
  readonly destination: string;
}

export function listenersAnswer({ listeners }: ProxyDump, { name, address, port }: ListenerFilter): Answer<ListenerRow> {
  const found = listeners.filter((listener) => {
    const at = addressesOf(listener);
    if (name !== undefined && listener.name !== name) return false;
    return (
      (address === undefined || at.some(({ host }) => host === address)) && (port === undefined || at.some((one) => one.port === port))
    );
  });
  const rows = found.flatMap((listener) => {
    const chains = chainsOf(listener.value);
    const first: ListenerRow = { listener, match: '', destination: '' };
    return chains.length === 0 ? [first] : chains.map((chain) => ({ listener, ...chain }));
  });
  return {
    columns: [
      { title: 'NAME', of: ({ listener }) => listener.name },
      { title: 'ADDRESS', of: ({ listener }) => addressesOf(listener).map(joinAddress).join(',') },
      { title: 'MATCH', of: ({ match }) => match },
      { title: 'DESTINATION', of: ({ destination }) => destination },
      { title: 'STATE', of: ({ listener }) => listener.state, isWide: true },
      { title: 'VERSION', of: ({ listener }) => listener.version, isWide: true },
      { title: 'UPDATED', of: ({ listener }) => listener.updated, isWide: true },
    ],
    rows,
    source: ({ listener }) => listener.value,
    nothing: 'No listeners found.',
  };
}

function addressesOf({ value }: DumpedResource): readonly { readonly host: string; readonly port: string }[] {
  const others = objectsAt(value, 'additional_addresses').map(({ address }) => address);
  return [value?.['address'], ...others].map(addressOf).filter(({ host }) => host !== '');
}

function chainsOf(listener: Json | undefined): readonly { readonly match: string; readonly destination: string }[] {
  const api = objectAt(listener, 'api_listener', 'api_listener');
  if (Object.keys(api).length > 0) return [{ match: 'API', destination: managerDestination(api) }];
  const fallback = objectAt(listener, 'default_filter_chain');
  return [
    ...objectsAt(listener, 'filter_chains').map((chain) => ({ match: matchOf(objectAt(chain, 'filter_chain_match')), destination: destinationOf(chain) })),
    ...(Object.keys(fallback).length > 0 ? [{ match: 'otherwise', destination: destinationOf(fallback) }] : []),
  ];
}

/** As istioctl says it: `ALL`, or what a connection must have. */
function matchOf(match: Json): string {
  const list = (key: string) => (Array.isArray(match[key]) ? match[key].map(String).join(',') : '');
  const prefixes = (key: string) =>
    objectsAt(match, key)
      .map((range) => `${textAt(range, 'address_prefix')}/${textAt(range, 'prefix_len') || '0'}`)
      .join(',');
  const parts = [
    ['SNI', list('server_names')],
    ['ALPN', list('application_protocols')],
    ['Trans', textAt(match, 'transport_protocol')],
    ['Port', textAt(match, 'destination_port')],
    ['Addr', prefixes('prefix_ranges')],
    ['From', prefixes('source_prefix_ranges')],
  ].filter(([, value]) => value !== '');
  return parts.length === 0 ? 'ALL' : parts.map(([key, value]) => `${key}: ${value}`).join('; ');
}

/** The chain's last filter decides; those before it only look. */
function destinationOf(chain: Json): string {
  const last = objectsAt(chain, 'filters').at(-1);
  const config = objectAt(last, 'typed_config');
  const type = textAt(config, '@type');
  if (type.endsWith('.HttpConnectionManager')) return managerDestination(config);
  if (type.endsWith('.TcpProxy')) {
    const weighted = objectsAt(objectAt(config, 'weighted_clusters'), 'clusters').map((one) => `${textAt(one, 'name')} (${textAt(one, 'weight')})`);
    return `Cluster: ${[textAt(config, 'cluster'), ...weighted].filter(Boolean).join(', ')}`;
  }
  return textAt(last, 'name');
}

function managerDestination(manager: Json): string {
  const name = textAt(objectAt(manager, 'rds'), 'route_config_name');
  if (name !== '') return `Route: ${name}`;
  return `Inline Route: ${textAt(objectAt(manager, 'route_config'), 'name')}`.trimEnd();
}
