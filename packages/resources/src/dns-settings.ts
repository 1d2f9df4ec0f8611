/** How a cluster's names are resolved: the `dns_…` fields of a cluster, or `DnsCluster`, which says the same. */
import type { LookupFamily, ResolverSettings } from '@sluice/kernel';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readDnsResolver, readTypedResolver } from './dns-resolver.ts';

export interface DnsSettings {
  /** How often names are looked up again. Default 5000, as Envoy. */
  readonly refreshRateMs: number;
  /** When a lookup has failed, in place of `refreshRateMs`: from the base on, longer each time, up to the maximum. */
  readonly failureRefresh: { readonly baseMs: number; readonly maxMs: number } | undefined;
  /** Looks names up again when their records have expired, in place of `refreshRateMs`. */
  readonly respectsTtl: boolean;
  /** Up to so much later, by chance. Default 0. */
  readonly jitterMs: number;
  readonly lookupFamily: LookupFamily;
  /** Requests wait for the first lookup. Default true. */
  readonly waitsForFirst: boolean;
  /** Whom to ask. Undefined: whom the bootstrap says, or else the system. */
  readonly resolver: ResolverSettings | undefined;
}

const families = ['AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL'] as const;

const defaultRefreshRateMs = 5000;

/** Reads the fields off the cluster; whether they mean anything depends on its type. */
export function readDnsSettings(reader: MessageReader): DnsSettings {
  return {
    refreshRateMs: readRefreshRate(reader),
    failureRefresh: reader.read('dns_failure_refresh_rate', readFailureRefresh),
    respectsTtl: reader.boolean('respect_dns_ttl', false),
    jitterMs: reader.durationMs('dns_jitter', 0),
    lookupFamily: reader.enum('dns_lookup_family', families, 'AUTO'),
    waitsForFirst: reader.boolean('wait_for_warm_on_init', true),
    resolver: readDnsResolver(reader),
  };
}

/** `DnsCluster`, and whether all addresses of a name are one host. */
export function readDnsCluster(json: unknown, scope: Scope, waitsForFirst: boolean): { readonly settings: DnsSettings; readonly isLogical: boolean } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const family = reader.enum('dns_lookup_family', ['UNSPECIFIED', ...families], 'UNSPECIFIED');
  const settings: DnsSettings = {
    refreshRateMs: readRefreshRate(reader),
    failureRefresh: reader.read('dns_failure_refresh_rate', readFailureRefresh),
    respectsTtl: reader.boolean('respect_dns_ttl', false),
    jitterMs: reader.durationMs('dns_jitter', 0),
    lookupFamily: family === 'UNSPECIFIED' ? 'AUTO' : family,
    waitsForFirst,
    resolver: reader.read('typed_dns_resolver_config', readTypedResolver),
  };
  const isLogical = reader.boolean('all_addresses_in_single_endpoint', false);
  reader.done();
  return { settings, isLogical };
}

function readRefreshRate(reader: MessageReader): number {
  const refreshRateMs = reader.durationMs('dns_refresh_rate', defaultRefreshRateMs);
  if (refreshRateMs < 1) reader.scope.at('dns_refresh_rate').error('must be at least 0.001s');
  return refreshRateMs;
}

/** `RefreshRate`: the maximum is ten times the base unless it says otherwise, as in Envoy. */
function readFailureRefresh(json: unknown, scope: Scope): DnsSettings['failureRefresh'] {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const baseMs = reader.durationMs('base_interval');
  const maxMs = reader.durationMs('max_interval');
  reader.done();
  if (baseMs === undefined || baseMs < 1) {
    scope.at('base_interval').error('is required, and must be at least 0.001s');
    return undefined;
  }
  if (maxMs !== undefined && maxMs < baseMs) scope.at('max_interval').error('must not be less than base_interval');
  return { baseMs, maxMs: maxMs ?? baseMs * 10 };
}
