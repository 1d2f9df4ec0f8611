/** `sluice pc routes`: which host and path leads where. One row per route. */
import { isObject, objectAt, objectsAt, textAt, type Json } from '../json-reading.ts';
import type { Answer } from '../output.ts';
import type { DumpedResource, ProxyDump } from './dump.ts';

export interface RouteFilter {
  readonly name?: string;
  /** A host, which one of the domains must cover. */
  readonly fqdn?: string;
}

interface RouteRow {
  readonly table: DumpedResource;
  readonly host: string;
  readonly domains: readonly string[];
  readonly match: string;
  readonly destination: string;
}

/** How many domains stand in a row before the rest is counted: most have their short and long forms, with and without port. */
const domainsShownMax = 2;

export function routesAnswer(dump: ProxyDump, { name, fqdn }: RouteFilter): Answer<RouteRow> {
  const tables = [...dump.routes, ...inlineTables(dump)].filter((table) => name === undefined || table.name === name);
  const rows = tables.flatMap((table) => {
    const hosts = objectsAt(table.value, 'virtual_hosts').filter((host) => fqdn === undefined || domainsOf(host).some((domain) => covers(domain, fqdn)));
    return hosts.flatMap((host) => {
      const base = { table, host: textAt(host, 'name'), domains: domainsOf(host) };
      const routes = objectsAt(host, 'routes');
      if (routes.length === 0) return [{ ...base, match: '', destination: '' }];
      return routes.map((route) => ({ ...base, match: matchOf(objectAt(route, 'match')), destination: destinationOf(route) }));
    });
  });
  return {
    columns: [
      { title: 'NAME', of: ({ table }) => table.name },
      { title: 'VHOST', of: ({ host }) => host },
      { title: 'DOMAINS', of: ({ domains }) => shortened(domains) },
      { title: 'MATCH', of: ({ match }) => match },
      { title: 'DESTINATION', of: ({ destination }) => destination },
      { title: 'STATE', of: ({ table }) => table.state, isWide: true },
      { title: 'VERSION', of: ({ table }) => table.version, isWide: true },
      { title: 'UPDATED', of: ({ table }) => table.updated, isWide: true },
    ],
    rows,
    source: ({ table }) => table.value,
    nothing: 'No routes found.',
  };
}

/** Tables that stand in a listener and come by no discovery of their own. */
function inlineTables({ listeners }: ProxyDump): readonly DumpedResource[] {
  return listeners.flatMap((listener) => {
    const chains = [...objectsAt(listener.value, 'filter_chains'), objectAt(listener.value, 'default_filter_chain')];
    return chains
      .flatMap((chain) => objectsAt(chain, 'filters'))
      .map((filter) => objectAt(filter, 'typed_config')['route_config'])
      .filter(isObject)
      .map((value) => ({ ...listener, value, name: textAt(value, 'name') || `(in ${listener.name})` }));
  });
}

function domainsOf(host: Json): readonly string[] {
  const { domains } = host;
  return Array.isArray(domains) ? domains.map(String) : [];
}

function shortened(domains: readonly string[]): string {
  const shown = domains.slice(0, domainsShownMax).join(', ');
  const more = domains.length - domainsShownMax;
  return more > 0 ? `${shown} + ${more} more` : shown;
}

/** As a proxy compares, but for the order in which it tries domains. */
function covers(domain: string, host: string): boolean {
  if (domain === '*' || domain.toLowerCase() === host.toLowerCase()) return true;
  if (domain.startsWith('*')) return host.endsWith(domain.slice(1)) && host.length >= domain.length;
  return domain.endsWith('*') && host.startsWith(domain.slice(0, -1)) && host.length >= domain.length;
}

function matchOf(match: Json): string {
  const prefix = match['prefix'];
  const separated = textAt(match, 'path_separated_prefix');
  const path =
    typeof prefix === 'string'
      ? `${prefix}*`
      : textAt(match, 'path') || (separated === '' ? `regex ${textAt(objectAt(match, 'safe_regex'), 'regex')}` : `${separated}/*`);
  const headers = objectsAt(match, 'headers').map((header) => {
    const wanted = textAt(objectAt(header, 'string_match'), 'exact') || textAt(header, 'exact_match');
    const not = header['invert_match'] === true ? '!' : '';
    return wanted === '' ? `${not}${textAt(header, 'name')}` : `${textAt(header, 'name')}${not}=${wanted}`;
  });
  return [path, ...headers].join(' ');
}

function destinationOf(route: Json): string {
  const action = objectAt(route, 'route');
  const weighted = objectsAt(objectAt(action, 'weighted_clusters'), 'clusters').map((one) => `${textAt(one, 'name')} ${textAt(one, 'weight')}`);
  if (weighted.length > 0) return weighted.join(', ');
  if (isObject(route['redirect'])) return `redirect ${redirectOf(objectAt(route, 'redirect'))}`.trimEnd();
  if (isObject(route['direct_response'])) return `status ${textAt(objectAt(route, 'direct_response'), 'status')}`;
  const header = textAt(action, 'cluster_header');
  return header === '' ? textAt(action, 'cluster') : `by header ${header}`;
}

function redirectOf(redirect: Json): string {
  const scheme = redirect['https_redirect'] === true ? 'https' : textAt(redirect, 'scheme_redirect');
  return [scheme, textAt(redirect, 'host_redirect'), textAt(redirect, 'path_redirect') || textAt(redirect, 'prefix_rewrite')].filter(Boolean).join(' ');
}
