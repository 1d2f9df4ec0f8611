/** An Ingress → the routes that it asks for, before it is known whether their hosts are free and what is behind them. */
import type { Problem } from '@sluice/kernel';
import type { IngressPath, IngressRule, IngressSpec } from '../api/ingress.ts';
import { expandHosts } from '../ingress/expand-hosts.ts';
import { covers } from '../certificates/route-certificates.ts';
import type { RouteOwner, ServingPath, ServingRoute } from '../serving-model.ts';
import type { ReadAffinity } from './session-affinity.ts';

/** A route with the paths still as declared. */
export interface RouteCandidate extends Omit<ServingRoute, 'splits' | 'headers' | 'rewriteHost' | 'paths'> {
  readonly declared: readonly IngressPath[];
  /** What is wrong with the affinity that its owner asks for. */
  readonly affinityProblem?: Problem | undefined;
}

export interface CandidatesInput {
  readonly owner: RouteOwner;
  readonly namespace: string;
  readonly spec: IngressSpec;
  readonly hash: string;
  readonly clusterDomain: string;
  readonly affinity: ReadAffinity;
}

/**
 * One candidate for each rule, except that a rule for outside joins the one for the cluster before it when the two say the
 * same, as those of a Route do.
 */
export function routeCandidates(input: CandidatesInput): RouteCandidate[] {
  const { owner, namespace, spec, hash, clusterDomain, affinity } = input;
  const redirects = spec.httpOption === 'Redirected';
  const groups: { external: string[]; internal: string[]; paths: readonly IngressPath[]; text: string }[] = [];
  for (const rule of spec.rules ?? []) {
    const isLocal = rule.visibility === 'ClusterLocal';
    const paths = rule.http?.paths ?? [];
    const text = JSON.stringify(paths);
    const last = groups.at(-1);
    if (!isLocal && last?.text === text) last.external.push(...hostsOf(rule));
    else if (isLocal) groups.push({ external: [], internal: byLength(expandHosts(hostsOf(rule), clusterDomain)), paths, text });
    else groups.push({ external: [...hostsOf(rule)], internal: [], paths, text });
  }
  return groups.map(({ external, internal, paths }) => ({
    name: nameOf(namespace, internal, external),
    namespace,
    owner,
    externalHosts: [...new Set(external)],
    internalHosts: internal,
    redirectsToHttps: redirects && external.length > 0 && external.every((host) => isSecured(host, spec)),
    hash,
    ...(affinity.affinity ? { affinity: affinity.affinity } : {}),
    ...(affinity.problem ? { affinityProblem: affinity.problem } : {}),
    declared: paths,
  }));
}

/** A host is sent to HTTPS when it is served there: the certificate of another may still be on its way. */
function isSecured(host: string, { tls = [] }: IngressSpec): boolean {
  return tls.some(({ hosts = [] }) => hosts.length === 0 || hosts.some((named) => named.toLowerCase() === host || covers(named, host)));
}

/** A path as the model has it, still without its shares. */
export function pathOf({ path = '', headers = {}, appendHeaders = {}, rewriteHost = '' }: IngressPath): Omit<ServingPath, 'splits'> {
  return {
    prefix: path === '' ? '/' : path,
    match: Object.fromEntries(Object.entries(headers).map(([name, { exact = '' }]) => [name, exact])),
    headers: appendHeaders,
    rewriteHost,
  };
}

/** Whether a path takes whatever no other takes. */
export function isDefault({ prefix, match }: Pick<ServingPath, 'prefix' | 'match'>): boolean {
  return prefix === '/' && Object.keys(match).length === 0;
}

/** A rule without hosts is for all. */
function hostsOf({ hosts = [] }: IngressRule): readonly string[] {
  return hosts.length === 0 ? ['*'] : hosts.map((host) => host.toLowerCase());
}

function nameOf(namespace: string, [shortest]: readonly string[], [first = '']: readonly string[]): string {
  if (shortest === undefined) return `${namespace}/${first}`;
  const suffix = `.${namespace}`;
  return `${namespace}/${shortest.endsWith(suffix) ? shortest.slice(0, -suffix.length) : shortest}`;
}

function byLength(hosts: readonly string[]): string[] {
  return hosts.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
}
