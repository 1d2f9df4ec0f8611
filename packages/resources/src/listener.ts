/** `envoy.config.listener.v3.Listener`: a bound address and what to do with its connections. */
import type { Address, Checked } from '@sluice/kernel';
import { readAddress } from './address.ts';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readFilterChain, type FilterChain } from './filter-chain.ts';

export interface Listener {
  /** The key of updates. A static listener without a name is called by its address. */
  readonly name: string;
  readonly address: Address;
  readonly additionalAddresses: readonly Address[];
  readonly filterChains: readonly FilterChain[];
  /** For connections that no chain matches. */
  readonly defaultFilterChain: FilterChain | undefined;
  /** How much may be waiting in a connection's buffers before its source is held. Default 1 MiB, as Envoy. */
  readonly connectionBufferBytesMax: number;
  /** Shares the port with other workers. */
  readonly reusePort: boolean;
  /** How many connections may wait to be accepted; undefined leaves it to the system. */
  readonly backlog: number | undefined;
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
}

/** Envoy's default for `per_connection_buffer_limit_bytes`. */
export const defaultConnectionBufferBytesMax = 1_048_576;

export function decodeListener(json: unknown, path = '', options?: DecodeOptions): Checked<Listener> {
  return decodeDocument(json, path, options, readListener);
}

export function readListener(json: unknown, scope: Scope): Listener | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.required('address', readAddress);
  const settings = {
    additionalAddresses: reader.list('additional_addresses', readAdditionalAddress),
    filterChains: readFilterChains(reader),
    defaultFilterChain: reader.read('default_filter_chain', readFilterChain),
    connectionBufferBytesMax: reader.uint32('per_connection_buffer_limit_bytes', defaultConnectionBufferBytesMax),
    reusePort: reader.boolean('enable_reuse_port', true),
    backlog: reader.uint32('tcp_backlog_size'),
    trafficDirection: reader.enum('traffic_direction', ['UNSPECIFIED', 'INBOUND', 'OUTBOUND'], 'UNSPECIFIED'),
  };
  const name = reader.string('name', '');
  refuseTheRest(reader);
  reader.done();
  if (!address) return undefined;
  return { name: name === '' ? (address.path ?? `${address.host}:${address.port}`) : name, address, ...settings };
}

function readFilterChains(reader: MessageReader): readonly FilterChain[] {
  const chains = reader.list('filter_chains', readFilterChain);
  const scope = reader.scope.at('filter_chains');
  if (chains.length > 1) {
    scope.error(`has ${chains.length} chains that match the same connections; without matches there can be only one`);
  }
  if (chains.length === 0 && !reader.has('default_filter_chain') && !scope.hasErrors) {
    scope.error('must have at least one chain');
  }
  return chains;
}

function readAdditionalAddress(json: unknown, scope: Scope): Address | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.required('address', readAddress);
  reader.ignore(['socket_options', 'tcp_keepalive']);
  reader.done();
  return address;
}

function refuseTheRest(reader: MessageReader): void {
  reader.ignore([
    'stat_prefix',
    'metadata',
    'drain_type',
    'socket_options',
    'tcp_fast_open_queue_length',
    'tcp_keepalive',
    'connection_balance_config',
    'listener_filters_timeout',
    'continue_on_listener_filters_timeout',
    'max_connections_to_accept_per_socket_event',
    'ignore_global_conn_limit',
    'bypass_overload_manager',
    'enable_mptcp',
    'freebind',
    'reuse_port',
  ]);
  reader.only('bind_to_port', true);
  reader.refuse([
    'listener_filters',
    'filter_chain_matcher',
    'use_original_dst',
    'transparent',
    'deprecated_v1',
    'udp_listener_config',
    'api_listener',
    'internal_listener',
    'access_log',
    'fcds_config',
  ]);
}
