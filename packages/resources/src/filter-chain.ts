/** `envoy.config.listener.v3.FilterChain`: what to do with a connection. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import {
  httpConnectionManagerTypeName,
  readHttpConnectionManager,
  type HttpConnectionManager,
} from './http-connection-manager.ts';

export interface FilterChain {
  readonly name: string;
  readonly filters: readonly NetworkFilter[];
}

export interface NetworkFilter {
  readonly name: string;
  readonly config: HttpConnectionManager;
}

const noTls = 'TLS and chains chosen by how a connection looks are outside our subset';

export function readFilterChain(json: unknown, scope: Scope): FilterChain | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.string('name', '');
  const filters = reader.list('filters', readNetworkFilter);
  if (filters.length !== 1 && !scope.hasErrors) {
    scope.at('filters').error(`has ${filters.length} filters, must have exactly one: the HTTP connection manager`);
  }
  if (reader.has('filter_chain_match')) reader.read('filter_chain_match', readEmptyMatch);
  reader.refuse(['transport_socket', 'use_proxy_proto'], noTls);
  reader.ignore(['transport_socket_connect_timeout', 'metadata']);
  reader.done();
  return { name, filters };
}

/** A match that asks for nothing is the same as none, and servers do send it. */
function readEmptyMatch(json: unknown, scope: Scope): true {
  const reader = MessageReader.open(json, scope);
  reader?.refuse(
    [
      'destination_port',
      'prefix_ranges',
      'server_names',
      'transport_protocol',
      'application_protocols',
      'direct_source_prefix_ranges',
      'source_type',
      'source_prefix_ranges',
      'source_ports',
      'address_suffix',
      'suffix_len',
    ],
    noTls,
  );
  reader?.done();
  return true;
}

function readNetworkFilter(json: unknown, scope: Scope): NetworkFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const config = reader.required('typed_config', readNetworkFilterConfig);
  reader.refuse(['config_discovery']);
  reader.done();
  return config && { name, config };
}

function readNetworkFilterConfig(json: unknown, scope: Scope): HttpConnectionManager | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName === httpConnectionManagerTypeName) return readHttpConnectionManager(typed.json, typed.scope);
  scope.at('@type').error(`is ${typed.typeName}, must be ${httpConnectionManagerTypeName}`);
  return undefined;
}
