/** `/config_dump`: every resource in force as it came, what was refused and why, in the shape of Envoy's admin API. */
import { formatProblem } from '@sluice/kernel';
import { typeUrls } from '@sluice/resources';
import type { ConfigResource, ConfigSnapshot } from '../config/config-resource.ts';
import type { ConfigStore, Rejection } from '../config/config-store.ts';
import { json, text, type AdminContext, type AdminPage } from './admin-page.ts';

export const configDumpPage: AdminPage = {
  path: '/config_dump',
  help: 'the configuration in force (?include_eds, ?resource=dynamic_listeners, ?name_regex=)',
  mutates: false,
  answer(query, context) {
    if (query.has('mask')) return text('mask is not supported; use resource or name_regex', 400);
    const pattern = nameTest(query.get('name_regex'));
    if (typeof pattern === 'string') return text(pattern, 400);
    const sections = dumpSections(context, query.has('include_eds'), pattern);
    const wanted = query.get('resource');
    if (wanted === null) return json({ configs: sections });
    const found = sections.find((section) => wanted in section);
    if (!found) return text(`${wanted} is no part of the dump`, 404);
    return json({ configs: found[wanted] });
  },
};

type Section = Readonly<Record<string, unknown>>;
type NameTest = (name: string) => boolean;

function dumpSections(context: AdminContext, includesEndpoints: boolean, accepts: NameTest): readonly Section[] {
  const { store, bootstrap } = context;
  const held = store?.held();
  return [
    section('BootstrapConfigDump', { bootstrap: redact(bootstrap ?? {}) }),
    section('ClustersConfigDump', dumpClusters(held, store, accepts)),
    ...(includesEndpoints ? [section('EndpointsConfigDump', dumpEndpoints(held, accepts))] : []),
    section('ListenersConfigDump', dumpListeners(held, store, accepts)),
    section('RoutesConfigDump', dumpRoutes(held, store, accepts)),
    section('SecretsConfigDump', dumpSecrets(held, store, accepts)),
    section('EcdsConfigDump', dumpExtensions(held, store, accepts)),
  ];
}

function section(name: string, fields: Section): Section {
  return { '@type': `type.googleapis.com/envoy.admin.v3.${name}`, ...fields };
}

function dumpClusters(held: ConfigSnapshot | undefined, store: ConfigStore | undefined, accepts: NameTest): Section {
  const clusters = [...(held?.clusters.values() ?? [])].filter(({ name }) => accepts(name));
  const warming = new Set(store?.warmingClusters);
  const dynamic = clusters.filter(({ isStatic }) => !isStatic);
  const dump = (one: ConfigResource<unknown>): Section => ({ version_info: one.versionInfo, cluster: body(one), last_updated: lastUpdated(one), ...errorState(store, one) });
  return {
    version_info: store?.versionInfoOf('cluster') ?? '',
    static_clusters: clusters.filter(({ isStatic }) => isStatic).map((one) => ({ cluster: body(one), last_updated: lastUpdated(one) })),
    dynamic_active_clusters: [
      ...dynamic.filter(({ name }) => !warming.has(name)).map(dump),
      ...rejectedOnly(store, typeUrls.cluster, held?.clusters, accepts).map((rejection) => ({ error_state: errorOf(rejection) })),
    ],
    dynamic_warming_clusters: dynamic.filter(({ name }) => warming.has(name)).map(dump),
  };
}

function dumpListeners(held: ConfigSnapshot | undefined, store: ConfigStore | undefined, accepts: NameTest): Section {
  const listeners = [...(held?.listeners.values() ?? [])].filter(({ name }) => accepts(name));
  const warming = new Set(store?.warmingListeners);
  return {
    version_info: store?.versionInfoOf('listener') ?? '',
    static_listeners: listeners.filter(({ isStatic }) => isStatic).map((one) => ({ listener: body(one), last_updated: lastUpdated(one) })),
    dynamic_listeners: [
      ...listeners
        .filter(({ isStatic }) => !isStatic)
        .map((one) => {
          const state = { version_info: one.versionInfo, listener: body(one), last_updated: lastUpdated(one) };
          const where = warming.has(one.name) ? { warming_state: state } : { active_state: state };
          return { name: one.name, ...where, ...errorState(store, one) };
        }),
      ...rejectedOnly(store, typeUrls.listener, held?.listeners, accepts).map((rejection) => ({
        name: rejection.name,
        error_state: errorOf(rejection),
      })),
    ],
  };
}

function dumpRoutes(held: ConfigSnapshot | undefined, store: ConfigStore | undefined, accepts: NameTest): Section {
  const routes = [...(held?.routes.values() ?? [])].filter(({ name }) => accepts(name));
  const hosts = Map.groupBy(held?.virtualHosts.values() ?? [], ({ name }) => tableOf(name));
  return {
    dynamic_route_configs: [
      ...routes.map((one) => ({
        version_info: one.versionInfo,
        route_config: withHosts(body(one), hosts.get(one.name) ?? []),
        last_updated: lastUpdated(one),
        ...errorState(store, one),
      })),
      // A table may be in force with a host in it that is not what was sent last.
      ...[...(store?.rejections ?? [])].filter(({ typeUrl, name }) => typeUrl === typeUrls.virtualHost && accepts(tableOf(name))).map((rejection) => ({ error_state: errorOf(rejection) })),
      ...rejectedOnly(store, typeUrls.routeConfiguration, held?.routes, accepts).map((rejection) => ({ error_state: errorOf(rejection) })),
    ],
  };
}

/** A table as it serves, with the hosts that came one by one behind its own, as Envoy shows it. */
function withHosts(table: Section, hosts: readonly ConfigResource<unknown>[]): Section {
  if (hosts.length === 0) return table;
  const own = Array.isArray(table['virtual_hosts']) ? (table['virtual_hosts'] as readonly unknown[]) : [];
  const sorted = hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...table, virtual_hosts: [...own, ...sorted.map(({ json: host }) => redact(host))] };
}

/** Virtual hosts go by their table's name, a slash, and a domain. */
function tableOf(host: string): string {
  return host.slice(0, Math.max(0, host.lastIndexOf('/')));
}

function dumpSecrets(held: ConfigSnapshot | undefined, store: ConfigStore | undefined, accepts: NameTest): Section {
  const secrets = [...(held?.secrets.values() ?? [])].filter(({ name }) => accepts(name));
  const dump = (one: ConfigResource<unknown>): Section => ({ name: one.name, last_updated: lastUpdated(one), secret: body(one) });
  return {
    static_secrets: secrets.filter(({ isStatic }) => isStatic).map(dump),
    dynamic_active_secrets: [
      ...secrets.filter(({ isStatic }) => !isStatic).map((one) => ({ ...dump(one), version_info: one.versionInfo, ...errorState(store, one) })),
      ...rejectedOnly(store, typeUrls.secret, held?.secrets, accepts).map((rejection) => ({ name: rejection.name, error_state: errorOf(rejection) })),
    ],
    dynamic_warming_secrets: (store?.awaitedSecrets() ?? []).filter(accepts).map((name) => ({ name })),
  };
}

function dumpExtensions(held: ConfigSnapshot | undefined, store: ConfigStore | undefined, accepts: NameTest): Section {
  const extensions = [...(held?.extensions.values() ?? [])].filter(({ name }) => accepts(name));
  return {
    ecds_filters: [
      ...extensions.map((one) => ({ version_info: one.versionInfo, ecds_filter: body(one), last_updated: lastUpdated(one), ...errorState(store, one) })),
      ...rejectedOnly(store, typeUrls.extensionConfig, held?.extensions, accepts).map((rejection) => ({ error_state: errorOf(rejection) })),
    ],
  };
}

function dumpEndpoints(held: ConfigSnapshot | undefined, accepts: NameTest): Section {
  const assignments = [...(held?.assignments.values() ?? [])].filter(({ name }) => accepts(name));
  return {
    dynamic_endpoint_configs: assignments.map((one) => ({
      version_info: one.versionInfo,
      endpoint_config: body(one),
      last_updated: lastUpdated(one),
    })),
  };
}

function body(resource: ConfigResource<unknown>): Section {
  return { '@type': resource.typeUrl, ...(redact(resource.json) as Section) };
}

function lastUpdated({ updatedWallTime }: ConfigResource<unknown>): string {
  return new Date(updatedWallTime).toISOString();
}

/** A newer version of it that was refused. */
function errorState(store: ConfigStore | undefined, { typeUrl, name }: ConfigResource<unknown>): Section {
  const rejection = store?.rejections.find((candidate) => candidate.typeUrl === typeUrl && candidate.name === name);
  return rejection ? { error_state: errorOf(rejection) } : {};
}

/** Resources that were refused and have no last good version. */
function rejectedOnly(
  store: ConfigStore | undefined,
  typeUrl: string,
  held: ReadonlyMap<string, unknown> | undefined,
  accepts: NameTest,
): readonly Rejection[] {
  const rejections = store?.rejections ?? [];
  return rejections.filter((one) => one.typeUrl === typeUrl && !held?.has(one.name) && accepts(one.name));
}

function errorOf({ name, versionInfo, problems, wallTime }: Rejection): Section {
  return {
    version_info: versionInfo,
    last_update_attempt: new Date(wallTime).toISOString(),
    details: `${name}: ${problems.map(formatProblem).join('; ')}`,
  };
}

const secretKeys = new Set(['private_key', 'privateKey', 'password', 'pkcs12', 'session_ticket_keys', 'sessionTicketKeys', 'generic_secret', 'genericSecret']);

/** The same value with whatever must stay secret replaced by `[redacted]`. */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, secretKeys.has(key) ? '[redacted]' : redact(inner)]),
  );
}

/** Names come from operators of the proxy itself, so the engine's own regular expressions serve. */
function nameTest(pattern: string | null): NameTest | string {
  if (pattern === null) return () => true;
  try {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    return (name) => expression.test(name);
  } catch {
    return `name_regex ${JSON.stringify(pattern)} is no regular expression`;
  }
}
