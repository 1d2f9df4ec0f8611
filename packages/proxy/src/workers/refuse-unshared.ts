/** What cannot hold in several workers at once, refused where it stands in the configuration. */
import { problem, type Problem } from '@sluice/kernel';
import type { ConfigSnapshot } from '../config/config-resource.ts';
import type { ProxyConfig } from '../proxy-config.ts';

/** Filters that count for the whole process, and so would allow as many times as much as there are workers. */
const countingFilters: readonly string[] = ['envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit', 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit', 'sluice.filters.http.queue.v1.Queue', 'sluice.filters.http.activator.v1.Activator'];

/** Filters that ask the thread that follows the config service for what is missing. */
const askingFilter = 'envoy.extensions.filters.http.on_demand.v3.OnDemand';

export function refuseUnshared({ listeners }: ProxyConfig, snapshot: ConfigSnapshot): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { name, address, additionalAddresses = [], reusePort } of listeners.values()) {
    const path = `listeners[${name}]`;
    if ([address, ...additionalAddresses].some((one) => one.path !== undefined)) problems.push(problem(`${path}.address`, 'is a Unix socket, which workers cannot share: must run with a concurrency of 1'));
    if (!reusePort) problems.push(problem(`${path}.enable_reuse_port`, 'is false, which workers need to share the address: must run with a concurrency of 1'));
  }
  for (const [name, { json }] of snapshot.listeners) {
    if (hasCounting(json, askingFilter)) problems.push(problem(`listeners[${name}]`, `has ${askingFilter}, which workers cannot do: must run with a concurrency of 1`));
    for (const type of countingFilters) {
      if (hasCounting(json, type)) problems.push(problem(`listeners[${name}]`, `has ${type}, which counts in one thread: must run with a concurrency of 1`));
    }
  }
  return problems;
}

/** Whether settings that come by discovery may be of this type. */
function mayBecome(typeUrls: unknown, type: string): boolean {
  return Array.isArray(typeUrls) && typeUrls.some((url) => String(url).endsWith(`/${type}`));
}

/** Whether a filter of this type stands anywhere, unless it counts by connection: those stay in their worker. */
function hasCounting(json: unknown, type: string): boolean {
  if (Array.isArray(json)) return json.some((element) => hasCounting(element, type));
  if (typeof json !== 'object' || json === null) return false;
  const fields = json as Readonly<Record<string, unknown>>;
  const isOfType = String(fields['@type'] ?? '').endsWith(`/${type}`) || mayBecome(fields['type_urls'] ?? fields['typeUrls'], type);
  if (isOfType && (fields['local_rate_limit_per_downstream_connection'] ?? fields['localRateLimitPerDownstreamConnection']) !== true) return true;
  return Object.values(fields).some((value) => hasCounting(value, type));
}
