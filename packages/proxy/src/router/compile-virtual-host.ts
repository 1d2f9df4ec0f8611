/** A virtual host, compiled: its routes in order, answers prepared. */
import type { RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { RouteConfiguration, VirtualHost } from '@sluice/resources';
import type { HashInput, RouteExplanation, RouteMatch } from '../route-match.ts';
import type { CompileSession } from './compile-session.ts';
import { CompiledRoute, type ChooseMatch } from './compiled-route.ts';
import { schemeOf } from './head-test.ts';
import { noPerFilter } from './per-filter.ts';
import { prepareMatches } from './prepared-match.ts';
import { endOfPath } from './path-test.ts';
import { toHttps } from './redirect.ts';
import { createRouteIndex, type RouteIndex } from './route-index.ts';

export interface CompiledVirtualHost {
  match(head: RequestHead, random: Random, stream: HashInput | undefined): RouteMatch | undefined;
  explain(head: RequestHead): RouteExplanation;
}

/** `hostPath` leads the paths of problems, and names routes that have no name. */
export function compileVirtualHost(
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
  const endOf = table.ignorePathParametersInPathMatching ? endOfPlainPath : endOfWholePath;
  const index: RouteIndex = createRouteIndex(host.routes, routes, endOf);
  const findRoute = host.routes.filter(({ match }) => match.fraction !== undefined).length > 1 ? withOneDraw(index) : index;
  const find: CompiledVirtualHost['match'] = (head, random, stream) => findRoute.find(head, random, stream?.info)?.choose(head, random, stream);
  const explain: CompiledVirtualHost['explain'] = (head) => {
    const candidates: { route: string; verdict: string }[] = [];
    for (const [at, route] of routes.entries()) {
      const refusal = route.refusal(head, endOf(head));
      candidates.push({ route: route.name === '' ? `${hostPath}.routes[${at}]` : route.name, verdict: refusal ?? 'takes it' });
      if (refusal === undefined) return { virtualHost: host.name, candidates, outcome: route.choose(head, noChance).action };
    }
    return { virtualHost: host.name, candidates, outcome: undefined };
  };
  if (host.requireTls === 'NONE') return { match: find, explain };
  const redirect = redirectToHttps(host);
  const exempts = host.requireTls === 'EXTERNAL_ONLY' ? isInternal : () => false;
  return {
    match: (head, random, stream) => (schemeOf(head) === 'https' || exempts(head) ? find(head, random, stream) : redirect),
    explain: (head) => (schemeOf(head) === 'https' || exempts(head) ? explain(head) : { virtualHost: host.name, candidates: [{ route: 'require_tls', verdict: 'takes it' }], outcome: redirect.action }),
  };
}

/**
 * Several routes that are each for a share of requests look at one and the same number, as with Envoy: of two such routes, one for 20 % and one for 50 %
 * behind it, the second has 30 %, not half of what is left.
 */
function withOneDraw(index: RouteIndex): Pick<RouteIndex, 'find'> {
  let source: Random = noChance;
  let drawn = -1;
  const once: Random = { next: () => (drawn === -1 ? (drawn = source.next()) : drawn) };
  return {
    find(head, random, info) {
      source = random;
      drawn = -1;
      return index.find(head, once, info);
    },
  };
}

/** The connection manager has said so, and nobody else can have. */
function isInternal(head: RequestHead): boolean {
  return head.get('x-envoy-internal') === 'true';
}

function endOfWholePath({ path }: RequestHead): number {
  return endOfPath(path);
}

/** Up to the first parameter: `/a;v=1/b` is `/a`. */
function endOfPlainPath({ path }: RequestHead): number {
  const end = endOfPath(path);
  const parameters = path.indexOf(';');
  return parameters === -1 ? end : Math.min(end, parameters);
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

/** Of weighted clusters the first that has a weight. */
const noChance: Random = { next: () => 0 };
