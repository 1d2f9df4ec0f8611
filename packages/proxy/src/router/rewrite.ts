/** Rewrites of path and host on the way to the upstream, compiled. */
import type { RequestHead } from '@sluice/http';
import type { PathMatch, RouteAction, RouteMatch } from '@sluice/resources';
import type { TryPolicy } from '../upstream/try-policy.ts';
import { StreamInfo } from '../stream-info.ts';
import { compileFormat, type TextFormat } from '../substitution/compile-format.ts';
import type { CompileSession } from './compile-session.ts';
import { endOfPath } from './path-test.ts';

export type RequestChange = (head: RequestHead, info: StreamInfo) => void;

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
type HostOf = (head: RequestHead, info: StreamInfo) => string | undefined;

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
    case 'format': {
      const format = compileText(hostRewrite.value, `${path}.host_rewrite`, session);
      return (head, info) => hostText(format({ info, request: head, response: undefined }));
    }
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
    if (isFirst) rewriteHost(() => hostname, appendXForwardedHost, setsEnvoyHeaders)(head, noInfo);
    else head.setAuthority(hostname);
  };
}

function rewriteHost(hostOf: HostOf, keepsForwardedHost: boolean, setsEnvoyHeaders: boolean): RequestChange {
  return (head, info) => {
    const host = hostOf(head, info);
    if (host === undefined || host === head.authority) return;
    if (keepsForwardedHost) head.add('x-forwarded-host', head.authority);
    if (setsEnvoyHeaders) head.set('x-envoy-original-host', head.authority);
    head.authority = host;
    head.set('host', host);
  };
}

function changePath(rewrite: RequestPathRewriter, setsEnvoyHeaders: boolean): RequestChange {
  return (head, info) => {
    const before = head.path;
    const after = rewrite(before, head, info);
    if (after === before) return;
    if (setsEnvoyHeaders) head.set('x-envoy-original-path', before);
    head.path = after;
  };
}

/** Gives the new path, with its query. */
export type PathRewriter = (pathAndQuery: string) => string;

/** Also from what else is known of the request. */
type RequestPathRewriter = (pathAndQuery: string, head: RequestHead, info: StreamInfo) => string;

function compilePathRewrite(
  { pathRewrite }: RouteAction,
  match: RouteMatch,
  path: string,
  session: CompileSession,
): RequestPathRewriter | undefined {
  switch (pathRewrite?.kind) {
    case undefined:
      return undefined;
    case 'prefix':
      return replacePrefix(match.path, pathRewrite.value);
    case 'regex':
      return replaceByRegex(pathRewrite.regex, pathRewrite.substitution, `${path}.regex_rewrite`, session);
    case 'format': {
      const format = compileText(pathRewrite.value, `${path}.path_rewrite`, session);
      return (before, head, info) => pathText(format({ info, request: head, response: undefined }), before);
    }
    case 'template':
      return replaceByTemplate(match.path, pathRewrite.value, `${path}.path_rewrite_policy`, session);
  }
}

/** Puts `value` in place of what the match took: its prefix or, where it took the whole path, all of it. */
export function replacePrefix(match: PathMatch, value: string): PathRewriter {
  const takesAll = match.kind !== 'prefix' && match.kind !== 'path_separated_prefix';
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

/** Puts the variables of the match's template where `template` names them. */
function replaceByTemplate(match: PathMatch, template: string, path: string, session: CompileSession): PathRewriter {
  if (match.kind !== 'template') {
    session.error(path, 'needs a path_match_policy whose variables it could use');
    return (pathAndQuery) => pathAndQuery;
  }
  const substitution = template.replaceAll('\\', '\\\\').replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const index = match.variables.indexOf(name);
    if (index === -1) session.error(path, `names {${name}}, which the match does not have`);
    return `\\${index + 1}`;
  });
  return replaceByRegex(`^${match.value}$`, substitution, path, session);
}

function compileText(text: string, path: string, session: CompileSession): TextFormat {
  const compiled = compileFormat(text, '', session.operators);
  if (compiled.ok) return compiled.format;
  session.error(path, compiled.message);
  return () => '';
}

/** What a format makes may come from the client: only what is a host is one. */
function hostText(text: string): string | undefined {
  return /^(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?$/.test(text) ? text : undefined;
}

/** The same for a path. The query of before stays, unless the new path has one. */
function pathText(text: string, before: string): string {
  if (!/^\/[\x21-\x7e]*$/.test(text)) return before;
  return text.includes('?') ? text : text + before.slice(endOfPath(before));
}

/** For rewrites that look at nothing but the head. */
const noInfo = new StreamInfo({ remote: { host: '', port: 0 }, local: { host: '', port: 0 } });
