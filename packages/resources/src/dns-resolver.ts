/**
 * Who resolves names, as a bootstrap or a cluster says: `typed_dns_resolver_config`, or one of the two older ways.
 * c-ares is what answers here, too; what other resolvers are configured by says nothing about servers.
 */
import type { Address, ResolverSettings } from '@sluice/kernel';
import { readAddress } from './address.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

const prefix = 'envoy.extensions.network.dns_resolver.';
const caresTypeName = `${prefix}cares.v3.CaresDnsResolverConfig`;
/** Resolvers of the system's library: its servers, its search domains. */
const systemTypeNames = [`${prefix}getaddrinfo.v3.GetAddrInfoDnsResolverConfig`, `${prefix}apple.v3.AppleDnsResolverConfig`];

const systemSettings: ResolverSettings = { servers: [], searches: true, timeoutMs: undefined, triesMax: undefined };

/** The settings that a message holds under one of the three names; undefined where it holds none. */
export function readDnsResolver(reader: MessageReader): ResolverSettings | undefined {
  const typed = reader.read('typed_dns_resolver_config', readTypedResolver);
  const resolution = reader.read('dns_resolution_config', readSettings);
  const servers = reader.list('dns_resolvers', readServer);
  reader.ignore(['use_tcp_for_dns_lookups']); // answers that are cut are asked for over TCP anyway
  return typed ?? resolution ?? (servers.length > 0 ? { ...systemSettings, servers } : undefined);
}

export function readTypedResolver(json: unknown, scope: Scope): ResolverSettings | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.string('name', '');
  const typed = reader.required('typed_config', openTypedConfig);
  reader.done();
  if (!typed) return undefined;
  if (typed.typeName === caresTypeName) return readSettings(typed.json, typed.scope);
  if (systemTypeNames.includes(typed.typeName)) return systemSettings;
  scope.at('typed_config').at('@type').error(`is ${typed.typeName}, must be ${caresTypeName}`);
  return undefined;
}

/** `CaresDnsResolverConfig`, of which `DnsResolutionConfig` is the beginning. */
function readSettings(json: unknown, scope: Scope): ResolverSettings | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const timeoutSeconds = reader.integer('query_timeout_seconds', { min: 1 });
  const settings: ResolverSettings = {
    servers: reader.list('resolvers', readServer),
    searches: !(reader.read('dns_resolver_options', readOptions) ?? false),
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    triesMax: reader.integer('query_tries', { min: 1 }),
  };
  reader.ignore([
    'use_resolvers_as_fallback',
    'filter_unroutable_families',
    'udp_max_queries',
    'rotate_nameservers',
    'edns0_max_payload_size',
    'max_udp_channel_duration',
    'reinit_channel_on_timeout',
  ]);
  reader.done();
  return settings;
}

/** Whether short names are looked up as they are only. */
function readOptions(json: unknown, scope: Scope): boolean | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const isWithoutSearch = reader.boolean('no_default_search_domain', false);
  reader.ignore(['use_tcp_for_dns_lookups']);
  reader.done();
  return isWithoutSearch;
}

function readServer(json: unknown, scope: Scope): Address | undefined {
  const address = readAddress(json, scope);
  return address && address.port === 0 ? { ...address, port: 53 } : address;
}
