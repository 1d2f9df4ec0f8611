/** `envoy.config.listener.v3.Listener`: a bound address and what to do with its connections. */
import { formatAddress, type Address, type Checked } from '@sluice/kernel';
import { readAccessLog, type AccessLog } from './access-log.ts';
import { readAddress } from './address.ts';
import { versionOf } from './canonical-json.ts';
import { decodeDocument } from './decode/decode-document.ts';
import { isObject, MessageReader } from './decode/message-reader.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readFilterChain, type FilterChain } from './filter-chain.ts';
import { readListenerFilter, type ListenerFilter } from './listener-filter.ts';
import { readTcpKeepalive, type TcpKeepalive } from './tcp-keepalive.ts';

export interface Listener {
  /** The key of updates. A static listener without a name is called by its address. */
  readonly name: string;
  /** Content hash of everything but the filter chains: when it changes, all connections drain. */
  readonly frameVersion: string;
  readonly address: Address;
  readonly additionalAddresses: readonly Address[];
  /** False: nothing is bound; connections come from listeners with `usesOriginalDestination`. */
  readonly bindsToPort: boolean;
  /** In place of the address in names of statistics. */
  readonly statPrefix: string;
  /** In the order in which they look at connections. */
  readonly listenerFilters: readonly ListenerFilter[];
  /** How long they may take together, in ms. Default 15 000, as Envoy. 0 sets no limit. */
  readonly listenerFiltersTimeoutMs: number;
  /** Whether a connection they have not made up their minds about in time is served by what is known. Default false. */
  readonly continuesOnTimeout: boolean;
  readonly filterChains: readonly FilterChain[];
  /** For connections that no chain matches. */
  readonly defaultFilterChain: FilterChain | undefined;
  /** Hands connections to the listener at the address they were meant for, where there is one. */
  readonly usesOriginalDestination: boolean;
  /** How much may be waiting in a connection's buffers before its source is held. Default 1 MiB, as Envoy. */
  readonly connectionBufferBytesMax: number;
  /** Shares the port with other workers. */
  readonly reusePort: boolean;
  /** How many connections may wait to be accepted; undefined leaves it to the system. */
  readonly backlog: number | undefined;
  readonly keepalive: TcpKeepalive | undefined;
  /** Whether its connections count against the limit of the whole process. Default true. */
  readonly countsGlobally: boolean;
  /** Its connections are asked to leave when it changes or the process ends, and not while health checks are made to fail (`drain_type`). */
  readonly drainsOnChangeOnly: boolean;
  /** Whether it goes on accepting when the process is overloaded. Default false. */
  readonly bypassesOverload: boolean;
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
  /** One line for each connection that no chain serves; Envoy writes one for every connection. */
  readonly accessLogs: readonly AccessLog[];
}

/** Envoy's default for `per_connection_buffer_limit_bytes`. */
export const defaultConnectionBufferBytesMax = 1_048_576;

/** Envoy's default for `listener_filters_timeout`. */
export const defaultListenerFiltersTimeoutMs = 15_000;

export function decodeListener(json: unknown, path = '', options?: DecodeOptions): Checked<Listener> {
  return decodeDocument(json, path, options, readListener);
}

export function readListener(json: unknown, scope: Scope): Listener | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.required('address', readAddress);
  const settings = {
    frameVersion: frameVersionOf(json),
    additionalAddresses: reader.list('additional_addresses', readAdditionalAddress),
    bindsToPort: readBindsToPort(reader),
    statPrefix: reader.string('stat_prefix', ''),
    listenerFilters: reader.list('listener_filters', readListenerFilter),
    listenerFiltersTimeoutMs: reader.durationMs('listener_filters_timeout', defaultListenerFiltersTimeoutMs),
    continuesOnTimeout: reader.boolean('continue_on_listener_filters_timeout', false),
    filterChains: readFilterChains(reader),
    defaultFilterChain: reader.read('default_filter_chain', readFilterChain),
    usesOriginalDestination: reader.boolean('use_original_dst', false),
    connectionBufferBytesMax: reader.uint32('per_connection_buffer_limit_bytes', defaultConnectionBufferBytesMax),
    reusePort: reader.boolean('enable_reuse_port', true),
    backlog: reader.uint32('tcp_backlog_size', undefined, { min: 1 }),
    keepalive: reader.read('tcp_keepalive', readTcpKeepalive),
    countsGlobally: !reader.boolean('ignore_global_conn_limit', false),
    bypassesOverload: reader.boolean('bypass_overload_manager', false),
    drainsOnChangeOnly: reader.enum('drain_type', ['DEFAULT', 'MODIFY_ONLY'], 'DEFAULT') === 'MODIFY_ONLY',
    trafficDirection: reader.enum('traffic_direction', ['UNSPECIFIED', 'INBOUND', 'OUTBOUND'], 'UNSPECIFIED'),
    accessLogs: reader.list('access_log', readAccessLog),
  };
  const name = reader.string('name', '');
  refuseTheRest(reader);
  reader.done();
  if (!address) return undefined;
  return { name: name === '' ? formatAddress(address) : name, address, ...settings };
}

function readFilterChains(reader: MessageReader): readonly FilterChain[] {
  const chains = reader.list('filter_chains', readFilterChain);
  const scope = reader.scope.at('filter_chains');
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

/** `bind_to_port`, or the deprecated field that meant the same. */
function readBindsToPort(reader: MessageReader): boolean {
  const deprecated = reader.read('deprecated_v1', (json, scope) => {
    const inner = MessageReader.open(json, scope);
    const binds = inner?.boolean('bind_to_port', true);
    inner?.done();
    return binds;
  });
  return reader.boolean('bind_to_port') ?? deprecated ?? true;
}

/** The chains are left out, in either spelling, and what says nothing to whoever listens. */
function frameVersionOf(json: unknown): string {
  if (!isObject(json)) return '';
  return versionOf(Object.fromEntries(Object.entries(json).filter(([key]) => key !== 'metadata' && !chainKeys.includes(key))));
}

const chainKeys = ['filter_chains', 'filterChains', 'default_filter_chain', 'defaultFilterChain'];

function refuseTheRest(reader: MessageReader): void {
  reader.ignore([
    'metadata',
    'socket_options',
    'tcp_fast_open_queue_length',
    'connection_balance_config',
    'max_connections_to_accept_per_socket_event',
    'enable_mptcp',
    'freebind',
    'reuse_port',
  ]);
  reader.refuse(['transparent'], 'Node cannot mark sockets as transparent');
  reader.refuse([
    'filter_chain_matcher',
    'udp_listener_config',
    'api_listener',
    'internal_listener',
    'fcds_config',
  ]);
}
