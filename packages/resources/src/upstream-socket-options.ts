/** How a cluster's sockets are made: `upstream_connection_options` and `upstream_bind_config`. */
import type { Address } from '@sluice/kernel';
import { readSocketAddress } from './address.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readTcpKeepalive } from './tcp-keepalive.ts';

export interface UpstreamSocketOptions {
  /** Silence after which the system looks whether the host is still there, in ms; 0: its own default; undefined: it does not. */
  readonly keepaliveMs: number | undefined;
  /** Where connections come from; port 0 is any. Undefined: what the system chooses. */
  readonly localAddress: Address | undefined;
  /** In which order the addresses of a host with several are tried. */
  readonly happyEyeballs: { readonly first: 'any' | 'v4' | 'v6'; readonly count: number };
}

const defaultHappyEyeballs = { first: 'any', count: 1 } as const;

const families = { DEFAULT: 'any', V4: 'v4', V6: 'v6' } as const;

export const defaultUpstreamSocketOptions: UpstreamSocketOptions = { keepaliveMs: undefined, localAddress: undefined, happyEyeballs: defaultHappyEyeballs };

/** Reads both off the cluster. */
export function readUpstreamSocketOptions(reader: MessageReader): UpstreamSocketOptions {
  const connection = reader.read('upstream_connection_options', readConnectionOptions);
  const localAddress = reader.read('upstream_bind_config', readBindConfig);
  return { ...(connection ?? defaultUpstreamSocketOptions), localAddress };
}

function readConnectionOptions(json: unknown, scope: Scope): UpstreamSocketOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const options: UpstreamSocketOptions = {
    keepaliveMs: reader.read('tcp_keepalive', readTcpKeepalive)?.timeMs,
    localAddress: undefined,
    happyEyeballs: reader.read('happy_eyeballs_config', readHappyEyeballs) ?? defaultHappyEyeballs,
  };
  reader.ignore(['set_local_interface_name_on_upstream_connections']);
  reader.done();
  return options;
}

function readHappyEyeballs(json: unknown, scope: Scope): UpstreamSocketOptions['happyEyeballs'] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const family = reader.enum('first_address_family_version', ['DEFAULT', 'V4', 'V6'], 'DEFAULT');
  const count = reader.uint32('first_address_family_count', 1, { min: 1 });
  reader.done();
  return { first: families[family], count };
}

export function readBindConfig(json: unknown, scope: Scope): Address | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.read('source_address', readSocketAddress);
  reader.ignore(['socket_options', 'freebind']);
  reader.refuse(['additional_source_addresses', 'extra_source_addresses', 'local_address_selector']);
  reader.done();
  return address;
}
