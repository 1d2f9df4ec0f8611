/** Rules of the edge model as routes. */
import type { EdgeCors, EdgePart, EdgePlainAction, EdgeRule, EdgeServer, EdgeSession, EdgeShare, HeaderChanges, PathChange } from '@sluice/serving';

import { edgeFilterNames, typeNames } from '../names.ts';
import type { JsonObject } from '../resource.ts';
import { escaped, routeMatch } from './rule-matches.ts';

type Forward = Extract<EdgePlainAction, { kind: 'forward' }>;
type Redirect = Extract<EdgePlainAction, { kind: 'redirect' }>;
type Server = Pick<EdgeServer, 'port' | 'protocol'>;

/** A rule is one route; two where a share of it has nobody to go to; as many as it has parts, where backends ask for more than headers. */
export function ruleRoutes(rule: EdgeRule, domain: string, server: Server): readonly JsonObject[] {
  const { action } = rule;
  const match = routeMatch(rule.match, domain);
  if (action.kind === 'split') return splitRoutes(action.parts, rule, match, server);
  const route = plainRoute(rule, match, action, server);
  if (action.kind !== 'forward' || action.lostWeight === 0) return [route];
  const total = action.lostWeight + action.shares.reduce((sum, { weight }) => sum + weight, 0);
  return [{ name: rule.source, match: withShare(match, action.lostWeight / total), direct_response: { status: 500 } }, route];
}

/**
 * A proxy draws once for all routes that it looks at, so that each is for what those before have left: of 1, 1 and 2 the first takes what
 * is drawn below 1/4, the second below 2/4, and the last the rest.
 */
function splitRoutes(parts: readonly EdgePart[], rule: EdgeRule, match: JsonObject, server: Server): readonly JsonObject[] {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  return parts.map((part, index) => {
    below += part.weight;
    const own = { ...rule, cors: part.cors ?? rule.cors, requestHeaders: merged(rule.requestHeaders, part.requestHeaders), responseHeaders: merged(rule.responseHeaders, part.responseHeaders) };
    return plainRoute(own, index === parts.length - 1 ? match : withShare(match, below / total), part.action, server);
  });
}

/** Those of the part come last, so that they are what stands in the end. */
function merged(rule: HeaderChanges, part: HeaderChanges): HeaderChanges {
  return { set: [...rule.set, ...part.set], add: [...rule.add, ...part.add], remove: [...rule.remove, ...part.remove] };
}

function withShare(match: JsonObject, ratio: number): JsonObject {
  return { ...match, runtime_fraction: { default_value: { numerator: Math.round(ratio * million), denominator: 'MILLION' } } };
}

function plainRoute(rule: EdgeRule, match: JsonObject, action: EdgePlainAction, server: Server): JsonObject {
  const { source: name, requestHeaders, responseHeaders } = rule;
  const route = { name, match, ...headerRules(requestHeaders, responseHeaders), ...perFilter(rule, action) };
  if (action.kind === 'answer') return { ...route, direct_response: { status: action.status } };
  if (action.kind === 'redirect') return { ...route, redirect: redirect(action, rule, server) };
  return { ...route, route: forward(action, rule) };
}

function perFilter({ cors }: EdgeRule, action: EdgePlainAction): JsonObject {
  const session = action.kind === 'forward' ? action.session : undefined;
  const configs = { ...(cors ? { [edgeFilterNames.cors]: corsPolicy(cors) } : {}), ...(session ? { [edgeFilterNames.session]: sessionPolicy(session) } : {}) };
  return Object.keys(configs).length === 0 ? {} : { typed_per_filter_config: configs };
}

const million = 1_000_000;

function forward(action: Forward, { match }: EdgeRule): JsonObject {
  const { shares, rewriteHost, rewritePath, mirrors, retry, timeoutMs, tryTimeoutMs } = action;
  // One try is all there is: whichever of the two is over first ends it.
  const limitMs = retry || tryTimeoutMs === 0 ? timeoutMs : timeoutMs === 0 ? tryTimeoutMs : Math.min(timeoutMs, tryTimeoutMs);
  return {
    weighted_clusters: { clusters: shares.map(weightedCluster) },
    timeout: seconds(limitMs),
    ...(rewriteHost === '' ? {} : { host_rewrite_literal: rewriteHost }),
    ...(rewritePath ? changedPath(rewritePath, match.path.value, fullPath) : {}),
    ...(mirrors.length === 0 ? {} : { request_mirror_policies: mirrors.map(mirror) }),
    ...(retry
      ? {
          retry_policy: {
            // What fails before there is an answer is worth another try beside the codes that are stated.
            retry_on: 'connect-failure,reset,refused-stream,retriable-status-codes',
            ...(retry.codes.length === 0 ? {} : { retriable_status_codes: [...retry.codes] }),
            num_retries: retry.attempts,
            ...(tryTimeoutMs === 0 ? {} : { per_try_timeout: seconds(tryTimeoutMs) }),
            ...(retry.backOffMs === 0 ? {} : { retry_back_off: { base_interval: seconds(retry.backOffMs) } }),
          },
        }
      : {}),
  };
}

/** As structs, since a gateway's codec knows no messages of this filter. */
function sessionPolicy(session: EdgeSession): JsonObject {
  const state =
    session.kind === 'header'
      ? { name: 'header', typed_config: { '@type': typeNames.headerSession, name: session.name } }
      : { name: 'cookie', typed_config: { '@type': typeNames.cookieSession, cookie: { name: session.name, path: session.path, ...(session.ttlSeconds === 0 ? {} : { ttl: `${session.ttlSeconds}s` }) } } };
  return { '@type': typeNames.typedStruct, type_url: typeNames.statefulSessionPerRoute, value: { stateful_session: { session_state: state } } };
}

function weightedCluster({ backend, weight, requestHeaders, responseHeaders }: EdgeShare): JsonObject {
  return { name: backend, weight, ...headerRules(requestHeaders, responseHeaders) };
}

function mirror({ backend, ratio }: Forward['mirrors'][number]): JsonObject {
  return {
    cluster: backend,
    // A copy is to look as its original does.
    disable_shadow_host_suffix_append: true,
    ...(ratio === 1 ? {} : { runtime_fraction: { default_value: { numerator: Math.round(ratio * million), denominator: 'MILLION' } } }),
  };
}

const redirectCodes = { 301: 'MOVED_PERMANENTLY', 302: 'FOUND', 303: 'SEE_OTHER', 307: 'TEMPORARY_REDIRECT', 308: 'PERMANENT_REDIRECT' } as const;
const usualPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** The port is not said where it is the scheme's own. Without a scheme and a port it is that of the listener. */
function redirect({ status, scheme, host, port, path }: Redirect, { match }: EdgeRule, server: Server): JsonObject {
  const wanted = port !== 0 ? port : scheme === '' ? server.port : 0;
  const isUsual = wanted === usualPorts[scheme === '' ? server.protocol.toLowerCase() : scheme];
  return {
    ...(scheme === '' ? {} : { scheme_redirect: scheme }),
    ...(host === '' ? {} : { host_redirect: host }),
    ...(wanted === 0 || isUsual ? {} : { port_redirect: wanted }),
    ...(path ? changedPath(path, match.path.value, (value) => ({ path_redirect: value })) : {}),
    response_code: redirectCodes[status],
  };
}

/** What is behind the prefix stays, with one slash before it, however the prefix and what comes in its place end. */
function changedPath({ kind, value }: PathChange, prefix: string, full: (value: string) => JsonObject): JsonObject {
  if (kind === 'full') return full(value);
  const place = value.replace(/\/+$/, '');
  if (prefix === '/') return place === '' ? {} : { prefix_rewrite: `${place}/` };
  if (place === '') return { regex_rewrite: { pattern: { regex: `^${escaped(prefix)}/*` }, substitution: '/' } };
  return { prefix_rewrite: place };
}

function fullPath(value: string): JsonObject {
  return { regex_rewrite: { pattern: { regex: '^/.*$' }, substitution: value.replaceAll('\\', '\\\\') } };
}

function headerRules(request: HeaderChanges, response: HeaderChanges): JsonObject {
  return { ...sideRules('request', request), ...sideRules('response', response) };
}

function sideRules(side: 'request' | 'response', { set, add, remove }: HeaderChanges): JsonObject {
  const rule = (action: string) => ([key, value]: readonly [string, string]): JsonObject => ({ header: { key, value: value.replaceAll('%', '%%') }, append_action: action });
  const rules = [...set.map(rule('OVERWRITE_IF_EXISTS_OR_ADD')), ...add.map(rule('APPEND_IF_EXISTS_OR_ADD'))];
  return { ...(rules.length === 0 ? {} : { [`${side}_headers_to_add`]: rules }), ...(remove.length === 0 ? {} : { [`${side}_headers_to_remove`]: [...remove] }) };
}

function corsPolicy({ origins, methods, headers, exposed, maxAgeSeconds, credentials }: EdgeCors): JsonObject {
  return {
    '@type': typeNames.corsPolicy,
    allow_origin_string_match: origins.map((origin) => (origin.includes('*') ? { safe_regex: { regex: origin === '*' ? '.*' : escaped(origin).replaceAll(String.raw`\*`, '.*') } } : { exact: origin })),
    ...(methods.length === 0 ? {} : { allow_methods: methods.join(', ') }),
    ...(headers.length === 0 ? {} : { allow_headers: headers.join(', ') }),
    ...(exposed.length === 0 ? {} : { expose_headers: exposed.join(', ') }),
    max_age: String(maxAgeSeconds),
    allow_credentials: credentials,
  };
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
