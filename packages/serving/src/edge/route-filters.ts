/** The filters of a rule, in whatever order they are written: each says one thing, and once. */
import type { PathModifier, RouteFilter } from './api/gateway-api.ts';
import { resolveBackend, type Referrer } from './backend-references.ts';
import { noHeaderChanges, type EdgeAction, type EdgeCors, type HeaderChanges, type PathChange } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { headerChanges } from './header-changes.ts';
import { tellReference, type RuleProblems } from './route-problems.ts';

export interface ReadFilters {
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly redirect: Extract<EdgeAction, { kind: 'redirect' }> | undefined;
  readonly rewriteHost: string;
  readonly rewritePath: PathChange | undefined;
  readonly mirrors: readonly { readonly backend: string; readonly ratio: number }[];
  readonly cors: EdgeCors | undefined;
}

const redirectStatuses = [301, 302, 303, 307, 308] as const;

const supported = {
  HTTPRoute: ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'RequestMirror', 'CORS'],
  GRPCRoute: ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror'],
  TLSRoute: [],
  TCPRoute: [],
} as const;

/** @param hasPrefixes whether each match of the rule is by the beginning of a path */
export function readFilters(filters: readonly RouteFilter[], referrer: Referrer, surroundings: RouteSurroundings, problems: RuleProblems, hasPrefixes = false): ReadFilters {
  const known: readonly string[] = supported[referrer.kind];
  for (const { type } of filters) if (!known.includes(type)) problems.values.push(`filter ${type} is not supported`);
  const single = (type: string): RouteFilter | undefined => {
    const found = filters.filter((filter) => filter.type === type);
    if (found.length > 1) problems.values.push(`filter ${type} stands there ${found.length} times`);
    return found[0];
  };
  const { requestRedirect } = single('RequestRedirect') ?? {};
  const { urlRewrite } = single('URLRewrite') ?? {};
  if (requestRedirect && urlRewrite) problems.values.push('RequestRedirect and URLRewrite exclude each other');
  const pathOf = (modifier: PathModifier | undefined): PathChange | undefined => readPath(modifier, hasPrefixes, problems);
  return {
    requestHeaders: headerChanges(single('RequestHeaderModifier')?.requestHeaderModifier),
    responseHeaders: headerChanges(single('ResponseHeaderModifier')?.responseHeaderModifier),
    redirect: requestRedirect && {
      kind: 'redirect',
      status: redirectStatuses.find((status) => status === requestRedirect.statusCode) ?? 302,
      scheme: requestRedirect.scheme ?? '',
      host: requestRedirect.hostname ?? '',
      port: requestRedirect.port ?? 0,
      path: pathOf(requestRedirect.path),
    },
    rewriteHost: urlRewrite?.hostname ?? '',
    rewritePath: pathOf(urlRewrite?.path),
    mirrors: filters.flatMap(({ type, requestMirror }) => (type === 'RequestMirror' && requestMirror ? readMirror(requestMirror, referrer, surroundings, problems) : [])),
    cors: readCors(single('CORS')?.cors),
  };
}

export const noFilters: ReadFilters = { requestHeaders: noHeaderChanges, responseHeaders: noHeaderChanges, redirect: undefined, rewriteHost: '', rewritePath: undefined, mirrors: [], cors: undefined };

function readPath(modifier: PathModifier | undefined, hasPrefixes: boolean, problems: RuleProblems): PathChange | undefined {
  if (!modifier) return undefined;
  if (modifier.type === 'ReplaceFullPath') return { kind: 'full', value: modifier.replaceFullPath ?? '/' };
  if (modifier.type === 'ReplacePrefixMatch' && hasPrefixes) return { kind: 'prefix', value: modifier.replacePrefixMatch ?? '/' };
  problems.values.push(modifier.type === 'ReplacePrefixMatch' ? 'ReplacePrefixMatch asks for matches by PathPrefix alone' : `path modifier ${modifier.type} is not supported`);
  return undefined;
}

function readMirror(mirror: NonNullable<RouteFilter['requestMirror']>, referrer: Referrer, surroundings: RouteSurroundings, problems: RuleProblems): { backend: string; ratio: number }[] {
  const backend = resolveBackend(mirror.backendRef, referrer, surroundings, referrer.kind === 'GRPCRoute' ? 'h2c' : undefined);
  if (typeof backend !== 'string') {
    tellReference(problems, backend);
    return [];
  }
  const { percent, fraction } = mirror;
  const ratio = fraction ? fraction.numerator / (fraction.denominator ?? 100) : (percent ?? 100) / 100;
  return ratio > 0 ? [{ backend, ratio: Math.min(1, ratio) }] : [];
}

function readCors(cors: RouteFilter['cors']): EdgeCors | undefined {
  return (
    cors && {
      origins: cors.allowOrigins ?? [],
      methods: cors.allowMethods ?? [],
      headers: cors.allowHeaders ?? [],
      exposed: cors.exposeHeaders ?? [],
      // Gateway API's default.
      maxAgeSeconds: cors.maxAge ?? 5,
      credentials: cors.allowCredentials === true,
    }
  );
}
