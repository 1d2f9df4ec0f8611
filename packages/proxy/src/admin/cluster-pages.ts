/** `/clusters`: every cluster with its limits and its hosts, as text lines or JSON. */
import { parseAddress } from '@sluice/kernel';
import type { ClusterConfig } from '../proxy-config.ts';
import type { ClusterStatus, HostStatus } from '../proxy-options.ts';
import { json, text, type AdminContext, type AdminPage } from './admin-page.ts';
import { addressJson } from './listener-pages.ts';

export const clustersPage: AdminPage = {
  path: '/clusters',
  help: 'clusters, their limits and hosts (?format=json)',
  mutates: false,
  answer(query, context) {
    const statuses = context.proxy.clusters();
    const configs = context.proxy.config?.clusters;
    if (query.get('format') === 'json') {
      return json({ cluster_statuses: statuses.map((status) => clusterJson(status, configs?.get(status.name), context)) });
    }
    return text(statuses.flatMap((status) => clusterLines(status, configs?.get(status.name), context)).join(''));
  },
};

function clusterLines(status: ClusterStatus, config: ClusterConfig | undefined, context: AdminContext): string[] {
  const { name } = status;
  const lines = [`${name}::observability_name::${config?.resource.statName ?? name}\n`];
  if (config) {
    const { circuitBreakers } = config.resource;
    for (const [priority, limits] of [['default_priority', circuitBreakers.default], ['high_priority', circuitBreakers.high]] as const) {
      lines.push(`${name}::${priority}::max_connections::${limits.connectionsMax}\n`);
      lines.push(`${name}::${priority}::max_pending_requests::${limits.pendingRequestsMax}\n`);
      lines.push(`${name}::${priority}::max_requests::${limits.requestsMax}\n`);
      lines.push(`${name}::${priority}::max_retries::${limits.retriesMax}\n`);
    }
  }
  lines.push(`${name}::added_via_api::${isDynamic(name, context)}\n`);
  const serviceName = edsServiceName(config);
  if (serviceName !== undefined) lines.push(`${name}::eds_service_name::${serviceName}\n`);
  return [...lines, ...status.hosts.flatMap((host) => hostLines(name, host))];
}

function hostLines(cluster: string, host: HostStatus): string[] {
  const facts: readonly (readonly [string, string | number])[] = [
    ['cx_active', host.activeConnections],
    ['cx_connect_fail', host.connectFailures],
    ['rq_active', host.activeRequests],
    ['rq_error', host.requestsFailed],
    ['rq_success', host.requestsSucceeded],
    ['rq_total', host.requests],
    ['health_flags', host.healthFlags.length === 0 ? 'healthy' : host.healthFlags.map((flag) => `/${flag}`).join('')],
    ['weight', host.weight],
  ];
  return facts.map(([key, value]) => `${cluster}::${host.address}::${key}::${value}\n`);
}

function clusterJson(status: ClusterStatus, config: ClusterConfig | undefined, context: AdminContext): unknown {
  return {
    name: status.name,
    added_via_api: isDynamic(status.name, context),
    observability_name: config?.resource.statName ?? status.name,
    eds_service_name: edsServiceName(config),
    host_statuses: status.hosts.map((host) => ({
      address: addressJson(parseAddress(host.address)),
      stats: [
        { name: 'cx_active', type: 'GAUGE', value: String(host.activeConnections) },
        { name: 'cx_connect_fail', value: String(host.connectFailures) },
        { name: 'rq_active', type: 'GAUGE', value: String(host.activeRequests) },
        { name: 'rq_error', value: String(host.requestsFailed) },
        { name: 'rq_success', value: String(host.requestsSucceeded) },
        { name: 'rq_total', value: String(host.requests) },
      ],
      health_status: healthStatusJson(host.healthFlags),
      weight: host.weight,
    })),
  };
}

/** `envoy.admin.v3.HostHealthStatus`: what the source says, and each thing that we have observed. */
function healthStatusJson(flags: readonly string[]): Readonly<Record<string, unknown>> {
  const observed = observedFlags.filter(([flag]) => flags.includes(flag)).map(([, field]) => [field, true] as const);
  const source = sourceStatuses.find(([flag]) => flags.includes(flag))?.[1] ?? 'HEALTHY';
  return { ...Object.fromEntries(observed), eds_health_status: source };
}

const observedFlags = [
  ['failed_active_hc', 'failed_active_health_check'],
  ['failed_outlier_check', 'failed_outlier_check'],
  ['degraded_active_hc', 'failed_active_degraded_check'],
  ['pending_active_hc', 'pending_active_hc'],
  ['active_hc_timeout', 'active_hc_timeout'],
] as const;

const sourceStatuses = [
  ['failed_eds_health', 'UNHEALTHY'],
  ['eds_status_draining', 'DRAINING'],
  ['degraded_eds_health', 'DEGRADED'],
] as const;

function isDynamic(name: string, { store }: AdminContext): boolean {
  return store?.held().clusters.get(name)?.isStatic === false;
}

function edsServiceName(config: ClusterConfig | undefined): string | undefined {
  const discovery = config?.resource.discovery;
  return discovery?.kind === 'EDS' && discovery.serviceName !== config?.name ? discovery.serviceName : undefined;
}
