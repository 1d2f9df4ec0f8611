/**
 * The routes of one virtual host: the first that matches takes the request. Where many routes ask for one value of
 * the same header (a table with a route per revision does), they are found by that value instead of being tried one
 * after the other. The order among those that remain is the table's, so the answer is the same.
 */
import type { RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { Route } from '@sluice/resources';
import type { StreamInfo } from '../stream-info.ts';
import type { CompiledRoute } from './compiled-route.ts';
import { headerValue } from './head-test.ts';

export interface RouteIndex {
  find(head: RequestHead, random: Random, info: StreamInfo | undefined): CompiledRoute | undefined;
}

/** From so many routes on, looking up a header costs less than trying. Chosen; see the bench of the router. */
const indexedRoutesMin = 8;

/** `endOf` says where the path of a request ends, for comparison. */
export function createRouteIndex(routes: readonly Route[], compiled: readonly CompiledRoute[], endOf: (head: RequestHead) => number): RouteIndex {
  const first = compiled[0];
  if (first?.takesEverything) return { find: (head) => (head.method === 'CONNECT' ? undefined : first) };
  const header = mostAskedHeader(routes);
  return header === undefined ? { find: (head, random, info) => firstMatch(compiled, endOf(head), head, random, info) } : byHeader(header, routes, compiled, endOf);
}

function firstMatch(routes: readonly CompiledRoute[], pathEnd: number, head: RequestHead, random: Random, info: StreamInfo | undefined): CompiledRoute | undefined {
  for (let index = 0; index < routes.length; index += 1) {
    const route = routes[index] as CompiledRoute;
    if (route.matches(head, pathEnd, random, info)) return route;
  }
  return undefined;
}

function byHeader(name: string, routes: readonly Route[], compiled: readonly CompiledRoute[], endOf: (head: RequestHead) => number): RouteIndex {
  const indifferent: CompiledRoute[] = [];
  const byValue = new Map<string, CompiledRoute[]>();
  compiled.forEach((route, index) => {
    const value = exactValueOf(routes[index] as Route, name);
    if (value === undefined) {
      indifferent.push(route);
      for (const list of byValue.values()) list.push(route);
      return;
    }
    const list = byValue.get(value);
    // Those who do not care and came before stand before it.
    if (list === undefined) byValue.set(value, [...indifferent, route]);
    else list.push(route);
  });
  return {
    find(head, random, info) {
      const value = headerValue(head, name);
      const candidates = (value === undefined ? undefined : byValue.get(value)) ?? indifferent;
      return firstMatch(candidates, endOf(head), head, random, info);
    },
  };
}

/** The header for which most routes want one exact value, if there are enough of them. */
function mostAskedHeader(routes: readonly Route[]): string | undefined {
  const counts = new Map<string, Set<string>>();
  for (const { match } of routes) {
    for (const { name } of match.headers) {
      const value = exactValue(match.headers.find((matcher) => matcher.name === name));
      if (value !== undefined) counts.set(name, (counts.get(name) ?? new Set()).add(value));
    }
  }
  let best: string | undefined;
  let bestCount = indexedRoutesMin - 1;
  for (const [name, values] of counts) {
    if (values.size <= bestCount) continue;
    best = name;
    bestCount = values.size;
  }
  return best;
}

function exactValueOf({ match }: Route, name: string): string | undefined {
  return exactValue(match.headers.find((matcher) => matcher.name === name));
}

function exactValue(matcher: Route['match']['headers'][number] | undefined): string | undefined {
  if (matcher === undefined || matcher.invertMatch || matcher.test.kind !== 'string') return undefined;
  const { kind, value, ignoreCase } = matcher.test.matcher;
  // An absent header that counts as empty would have to be looked up under ''; rare, so left to the other way.
  return kind === 'exact' && !ignoreCase && !matcher.treatMissingHeaderAsEmpty ? value : undefined;
}
