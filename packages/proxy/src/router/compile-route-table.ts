/** RouteConfiguration, compiled to a RouteTable: virtual hosts by domain, routes in order, answers prepared. */
import type { RequestHead } from '@sluice/http';
import type { Problem, Random } from '@sluice/kernel';
import type { RouteConfiguration, VirtualHost } from '@sluice/resources';
import type { RouteMatch, RouteTable } from '../route-match.ts';
import { CompileSession, type RouteCompileOptions } from './compile-session.ts';
import { CompiledRoute, type ChooseMatch } from './compiled-route.ts';
import { DomainIndex } from './domain-index.ts';
import { schemeOf } from './head-test.ts';
import { noPerFilter } from './per-filter.ts';
import { prepareMatches } from './prepared-match.ts';
import { startOfPort, toHttps } from './redirect.ts';
import { createRouteIndex, type RouteIndex } from './route-index.ts';

export interface CompiledRouteTable {
  readonly table: RouteTable;
  /** Paths begin inside the RouteConfiguration: `virtual_hosts[0].routes[1].match.safe_regex.regex`. */
  readonly problems: readonly Problem[];
}

export function compileRouteTable(config: RouteConfiguration, options: RouteCompileOptions): CompiledRouteTable {
  const session = new CompileSession(options);
  const domains = new DomainIndex<CompiledVirtualHost>();
  config.virtualHosts.forEach((host, index) => {
    const compiled = compileVirtualHost(config, host, `virtual_hosts[${index}]`, session);
    for (const domain of host.domains) domains.add(domain, compiled);
  });
  const { ignorePortInHostMatching } = config;
  const table: RouteTable = {
    name: config.name,
    internalOnlyHeaders: config.internalOnlyHeaders,
    match(head, random) {
      const authority = head.authority;
      const host = ignorePortInHostMatching ? authority.slice(0, startOfPort(authority)) : authority;
      return domains.find(host)?.match(head, random);
    },
  };
  return { table, problems: session.problems };
}

interface CompiledVirtualHost {
  match(head: RequestHead, random: Random): RouteMatch | undefined;
}

function compileVirtualHost(
  table: RouteConfiguration,
  host: VirtualHost,
  hostPath: string,
  session: CompileSession,
): CompiledVirtualHost {
  const routes = host.routes.map((route, index) => {
    const path = `${hostPath}.routes[${index}]`;
    const choose: ChooseMatch = prepareMatches({ table, host, hostPath, route, path }, session);
    return new CompiledRoute(route, choose, path, session);
  });
  const index: RouteIndex = createRouteIndex(host.routes, routes);
  if (host.requireTls === 'NONE') return { match: (head, random) => index.find(head, random)?.choose(head, random) };
  const redirect = redirectToHttps(host);
  return {
    match: (head, random) => (schemeOf(head) === 'https' ? index.find(head, random)?.choose(head, random) : redirect),
  };
}

function redirectToHttps(host: VirtualHost): RouteMatch {
  return {
    routeName: '',
    virtualHostName: host.name,
    action: { kind: 'redirect', status: 301, location: toHttps },
    changeRequest: undefined,
    changeResponse: undefined,
    streamDuration: undefined,
    ...noPerFilter,
  };
}
