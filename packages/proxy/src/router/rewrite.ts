/** Rewrites of path and host on the way to the upstream, compiled. */
import type { RequestHead } from '@sluice/http';
import type { PathMatch, RouteAction, RouteMatch } from '@sluice/resources';
import type { TryPolicy } from '../upstream/try-policy.ts';
import type { CompileSession } from './compile-session.ts';
import { endOfPath } from './path-test.ts';

export type RequestChange = (head: RequestHead) => void;

/** The rewrites of a route; empty when there are none. `hostLiteral` is a weighted cluster's and wins. */
export function compileRewrites(
  action: RouteAction,
  match: RouteMatch,
  hostLiteral: string | undefined,
  path: string,
  session: CompileSession,
): readonly RequestChange[] {
  const changes: RequestChange[] = [];
  const host = compileHostRewrite(action, hostLiteral, path, session);
  if (host) changes.push(rewriteHost(host, action.appendXForwardedHost, session.options.setsEnvoyHeaders));
  const rewritePath = compilePathRewrite(action, match, path, session);
  if (rewritePath) changes.push(changePath(rewritePath, session.options.setsEnvoyHeaders));
  return changes;
}

/** Gives the new host, or undefined where the request brings none. */
type HostOf = (head: RequestHead) => string | undefined;

function compileHostRewrite(
  { hostRewrite }: RouteAction,
  hostLiteral: string | undefined,
  path: string,
  session: CompileSession,
): HostOf | undefined {
  if (hostLiteral !== undefined && hostLiteral !== '') return () => hostLiteral;
  switch (hostRewrite?.kind) {
    case undefined:
      return undefined;
    case 'literal':
      return () => hostRewrite.value;
    case 'header':
      return (head) => head.get(hostRewrite.header) || undefined;
    case 'path-regex': {
      const regex = session.regex(hostRewrite.regex, `${path}.host_rewrite_path_regex.pattern.regex`);
      return (head) => regex.replace(head.path.slice(0, endOfPath(head.path)), hostRewrite.substitution);
    }
    case 'endpoint':
      return undefined; // when one has been chosen
  }
}

/** `auto_host_rewrite`: names the chosen endpoint, where that has a name. */
export function compileEndpointRewrite({ hostRewrite, appendXForwardedHost }: RouteAction, session: CompileSession): TryPolicy['rewriteToEndpoint'] {
  if (hostRewrite?.kind !== 'endpoint') return undefined;
  const { setsEnvoyHeaders } = session.options;
  return (head, hostname, isFirst) => {
    if (hostname === '') return;
    if (isFirst) rewriteHost(() => hostname, appendXForwardedHost, setsEnvoyHeaders)(head);
    else head.setAuthority(hostname);
  };
}

function rewriteHost(hostOf: HostOf, keepsForwardedHost: boolean, setsEnvoyHeaders: boolean): RequestChange {
  return (head) => {
    const host = hostOf(head);
    if (host === undefined || host === head.authority) return;
    if (keepsForwardedHost) head.add('x-forwarded-host', head.authority);
    if (setsEnvoyHeaders) head.set('x-envoy-original-host', head.authority);
    head.authority = host;
    head.set('host', host);
  };
}

function changePath(rewrite: PathRewriter, setsEnvoyHeaders: boolean): RequestChange {
  return (head) => {
    const before = head.path;
    const after = rewrite(before);
    if (after === before) return;
    if (setsEnvoyHeaders) head.set('x-envoy-original-path', before);
    head.path = after;
  };
}

/** Gives the new path, with its query. */
export type PathRewriter = (pathAndQuery: string) => string;

function compilePathRewrite(
  { pathRewrite }: RouteAction,
  match: RouteMatch,
  path: string,
  session: CompileSession,
): PathRewriter | undefined {
  if (pathRewrite === undefined) return undefined;
  if (pathRewrite.kind === 'prefix') return replacePrefix(match.path, pathRewrite.value);
  return replaceByRegex(pathRewrite.regex, pathRewrite.substitution, `${path}.regex_rewrite`, session);
}

/** Puts `value` in place of what the match took: its prefix or, where it took the whole path, all of it. */
export function replacePrefix(match: PathMatch, value: string): PathRewriter {
  const takesAll = match.kind === 'path' || match.kind === 'safe_regex';
  const length = match.value.length;
  return (pathAndQuery) => value + pathAndQuery.slice(takesAll ? endOfPath(pathAndQuery) : length);
}

/** Rewrites the path and leaves the query as it is. */
export function replaceByRegex(
  expression: string,
  substitution: string,
  path: string,
  session: CompileSession,
): PathRewriter {
  const regex = session.regex(expression, `${path}.pattern.regex`);
  return (pathAndQuery) => {
    const end = endOfPath(pathAndQuery);
    return regex.replace(pathAndQuery.slice(0, end), substitution) + pathAndQuery.slice(end);
  };
}
