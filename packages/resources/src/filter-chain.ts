/** `envoy.config.listener.v3.FilterChain`: which connections it is for, and what to do with them. */
import { versionOf } from './canonical-json.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { anyConnection, readFilterChainMatch, type FilterChainMatch } from './filter-chain-match.ts';
import { readNetworkFilter, type NetworkFilter } from './network-filter.ts';
import { readDownstreamTransportSocket, type TransportSocketConfig } from './downstream-transport-socket.ts';

export interface FilterChain {
  readonly name: string;
  /** Content hash: a chain that stays the same keeps its connections when its listener changes. */
  readonly version: string;
  readonly match: FilterChainMatch;
  /** Undefined: bytes as they are. */
  readonly transportSocket: TransportSocketConfig | undefined;
  /** How long the transport socket may take until it is ready, in ms. 0, the default, sets no limit. */
  readonly transportSocketConnectTimeoutMs: number;
  /** In order; the last one serves the connection. Empty: it is closed. */
  readonly filters: readonly NetworkFilter[];
}

export function readFilterChain(json: unknown, scope: Scope): FilterChain | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const chain: FilterChain = {
    name: reader.string('name', ''),
    version: versionOf(json),
    match: reader.read('filter_chain_match', readFilterChainMatch) ?? anyConnection,
    transportSocket: reader.read('transport_socket', readDownstreamTransportSocket),
    transportSocketConnectTimeoutMs: reader.durationMs('transport_socket_connect_timeout', 0),
    filters: reader.list('filters', readNetworkFilter),
  };
  reader.refuse(['use_proxy_proto'], 'the proxy_protocol listener filter has taken its place');
  reader.ignore(['metadata']);
  reader.done();
  return chain;
}
