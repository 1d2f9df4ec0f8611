/** Virtual clusters of a virtual host, compiled: what kind of request this is, for its numbers and the access log. */
import type { VirtualHost } from '@sluice/resources';
import type { CountedNames, RequestKind, RouteMatch } from '../route-match.ts';
import { countedName } from '../routed-statistics.ts';
import type { CompileSession } from './compile-session.ts';
import { compileHeaderMatcher } from './head-test.ts';

/** Envoy's name for requests that no virtual cluster takes, where there are some. */
const other: RequestKind = { name: 'other' };

/** Nothing for a host without virtual clusters and a route without a prefix: then nobody asks. */
export function compileRequestKinds({ virtualClusters }: VirtualHost, hostPath: string, statPrefix: string, session: CompileSession): Pick<RouteMatch, 'kindOf' | 'statPrefix' | 'isCounted'> {
  const named = statPrefix === '' ? {} : { statPrefix, isCounted: true };
  if (virtualClusters.length === 0) return named;
  const kinds = virtualClusters.map(({ name, headers }, index) => ({
    kind: { name },
    tests: headers.map((matcher, at) => compileHeaderMatcher(matcher, `${hostPath}.virtual_clusters[${index}].headers[${at}]`, session)),
  }));
  return { ...named, isCounted: true, kindOf: (head) => kinds.find(({ tests }) => tests.every((test) => test(head)))?.kind ?? other };
}

/** What of `hosts` has numbers of its own. Undefined: nothing. */
export function countedNamesOf(hosts: readonly VirtualHost[]): CountedNames | undefined {
  const counted = new Map<string, ReadonlySet<string>>();
  for (const { name, virtualClusters, routes } of hosts) {
    const kinds = virtualClusters.length === 0 ? [] : [...virtualClusters, other].map((kind) => countedName('vcluster', kind.name));
    const prefixes = routes.flatMap(({ statPrefix }) => (statPrefix === '' ? [] : [countedName('route', statPrefix)]));
    if (kinds.length + prefixes.length > 0) counted.set(name, new Set([...kinds, ...prefixes]));
  }
  return counted.size === 0 ? undefined : counted;
}
