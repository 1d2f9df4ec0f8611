/** RouteConfiguration, compiled to a RouteTable: virtual hosts by domain. */
import type { RequestHead } from '@sluice/http';
import type { Problem } from '@sluice/kernel';
import type { RouteConfiguration } from '@sluice/resources';
import type { CountedNames, RouteTable } from '../route-match.ts';
import { CompileSession, type RouteCompileOptions } from './compile-session.ts';
import { compileVirtualHost, type CompiledVirtualHost } from './compile-virtual-host.ts';
import { DomainIndex } from './domain-index.ts';
import { startOfPort } from './redirect.ts';
import { countedNamesOf } from './request-kinds.ts';

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
  return { table: createRouteTable(config, domains, countedNamesOf(config.virtualHosts)), problems: session.problems };
}

/** Who has a host name. */
export interface Domains {
  find(host: string): CompiledVirtualHost | undefined;
}

export function createRouteTable(config: RouteConfiguration, domains: Domains, counted: CountedNames | undefined): RouteTable {
  const { name, internalOnlyHeaders, ignorePortInHostMatching, virtualHostHeader, virtualHostSource: source } = config;
  const hostOf = (head: RequestHead): string => {
    const authority = virtualHostHeader === '' ? head.authority : (head.get(virtualHostHeader) ?? '');
    return ignorePortInHostMatching ? authority.slice(0, startOfPort(authority)) : authority;
  };
  return {
    name,
    ...(counted && { counted }),
    ...(source && { discovery: { source, hostOf, has: (host) => domains.find(host) !== undefined } }),
    internalOnlyHeaders,
    match(head, random, stream) {
      const authority = virtualHostHeader === '' ? head.authority : (head.get(virtualHostHeader) ?? '');
      const host = ignorePortInHostMatching ? authority.slice(0, startOfPort(authority)) : authority;
      return domains.find(host)?.match(head, random, stream);
    },
    explain(head) {
      return domains.find(hostOf(head))?.explain(head) ?? { candidates: [], outcome: undefined };
    },
  };
}
