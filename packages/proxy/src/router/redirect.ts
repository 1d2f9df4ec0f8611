/** RedirectAction, compiled to a function that gives the `location` of a request. */
import type { RequestHead } from '@sluice/http';
import type { RedirectAction, RouteMatch } from '@sluice/resources';
import type { CompileSession } from './compile-session.ts';
import { schemeOf } from './head-test.ts';
import { endOfPath } from './path-test.ts';
import { replaceByRegex, replacePrefix, type PathRewriter } from './rewrite.ts';

export type LocationOf = (head: RequestHead) => string;

export function compileRedirect(
  action: RedirectAction,
  match: RouteMatch,
  path: string,
  session: CompileSession,
): LocationOf {
  const rewrite = compilePath(action, match, path, session);
  return (head) => {
    const before = schemeOf(head);
    const scheme = action.scheme ?? before;
    const port = action.port === undefined ? '' : `:${action.port}`;
    const host = action.host === undefined ? hostWithPort(head.authority, port, before, scheme) : action.host + port;
    let target = rewrite(head.path);
    if (action.stripQuery) target = target.slice(0, endOfPath(target));
    return `${scheme}://${host}${target}`;
  };
}

/** To the same place over https: what a virtual host with `require_tls` answers to plain requests. */
export const toHttps: LocationOf = (head) =>
  `https://${hostWithPort(head.authority, '', 'http', 'https')}${head.path}`;

function compilePath({ path }: RedirectAction, match: RouteMatch, at: string, session: CompileSession): PathRewriter {
  switch (path?.kind) {
    case undefined:
      return (pathAndQuery) => pathAndQuery;
    case 'path':
      // A target with a query of its own replaces the request's.
      return path.value.includes('?')
        ? () => path.value
        : (pathAndQuery) => path.value + pathAndQuery.slice(endOfPath(pathAndQuery));
    case 'prefix':
      return replacePrefix(match.path, path.value);
    case 'regex':
      return replaceByRegex(path.regex, path.substitution, `${at}.regex_rewrite`, session);
  }
}

/** The request's own host, with another port where one is given, and without a port that a new scheme makes wrong. */
function hostWithPort(authority: string, port: string, before: string, scheme: string): string {
  const portAt = startOfPort(authority);
  if (port !== '') return authority.slice(0, portAt) + port;
  const isDefault =
    scheme !== before &&
    ((before === 'http' && authority.endsWith(':80')) || (before === 'https' && authority.endsWith(':443')));
  return isDefault ? authority.slice(0, portAt) : authority;
}

/** Where the port of `host:port` or `[::1]:port` begins, with its colon; the length when there is none. */
export function startOfPort(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon === -1 || authority.indexOf(']', colon) !== -1) return authority.length;
  // A bare IPv6 address has colons but no port.
  if (authority[0] !== '[' && authority.indexOf(':') !== colon) return authority.length;
  return colon;
}
