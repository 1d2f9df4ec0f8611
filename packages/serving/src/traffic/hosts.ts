/** Names in the network: the hosts of a route and of its tags, and its URLs. */
import type { Route } from '../api/route.ts';
import { domainsFor } from '../config/domain-config.ts';
import { fillTemplate } from '../config/name-template.ts';
import type { ServingConfig } from '../config/serving-config.ts';
import { labels } from '../labels.ts';
import { hiddenTags } from './hidden-tags.ts';

/** Which part of the configuration names depend on. */
export type HostConfig = Pick<ServingConfig, 'domain' | 'network'>;

export interface RouteHosts {
  /** Hosts for clients outside; empty when the route is visible to the cluster only. The first is the URL's. */
  readonly external: readonly string[];
  /** Hosts for clients in the cluster, shortest first. */
  readonly internal: readonly string[];
}

/** @param tag empty for the route itself */
export function routeHosts(route: Route, tag: string, config: HostConfig): RouteHosts {
  const { namespace = '' } = route.metadata;
  const name = taggedName(route, tag, config);
  const base = `${name}.${namespace}`;
  const internal = [base, `${base}.svc`, `${base}.svc.${config.network.clusterDomain}`];
  return { external: externalHosts(route, tag, config).map(({ host: external }) => external), internal };
}

/** Hosts for clients outside, each with the domain that it is under. */
export function externalHosts(route: Route, tag: string, config: HostConfig): { readonly host: string; readonly domain: string }[] {
  if (isClusterLocal(route) || hiddenTags(route).includes(tag)) return [];
  const name = taggedName(route, tag, config);
  return externalDomains(route, config).flatMap((domain) => hostUnder(route, name, domain, config).map((host) => ({ host, domain })));
}

/** `tag-route` by the template, `route` without a tag. */
export function taggedName(route: Route, tag: string, config: HostConfig): string {
  const { name } = route.metadata;
  if (tag === '') return name;
  return fillTemplate(config.network.tagTemplate, { texts: { Name: name, Tag: tag } }) ?? `${tag}-${name}`;
}

/**
 * Where clients find the route or one of its tags: outside when it is visible there, else in the cluster.
 * @param isSecure whether a host has a certificate
 */
export function routeUrl(route: Route, tag: string, config: HostConfig, isSecure: (host: string) => boolean = nobody): string {
  const { external } = routeHosts(route, tag, config);
  const [host] = external;
  if (host === undefined) return clusterUrl(route, tag, config, isSecure);
  const { defaultExternalScheme, externalPort, externalTlsPort } = config.network;
  // Where a host has a certificate, HTTPS is ours to serve; the default scheme tells of somebody in front, who does.
  if (isSecure(host)) return urlOf('https', host, externalTlsPort);
  return urlOf(defaultExternalScheme, host, externalPort);
}

/** Where clients in the cluster find it. */
export function clusterUrl(route: Route, tag: string, config: HostConfig, isSecure: (host: string) => boolean = nobody): string {
  const host = clusterHost(`${route.metadata.namespace ?? ''}/${taggedName(route, tag, config)}`, config.network.clusterDomain);
  return urlOf(isSecure(host) ? 'https' : 'http', host, 0);
}

/** The name in the cluster of a Service. @param service `namespace/name` */
export function clusterHost(service: string, clusterDomain: string): string {
  const [namespace = '', name = ''] = service.split('/');
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

function nobody(): boolean {
  return false;
}

/** @param port 0: the scheme's own */
function urlOf(scheme: 'http' | 'https', host: string, port: number): string {
  return port === 0 || port === (scheme === 'https' ? 443 : 80) ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

/** Whether only clients in the cluster may see it. */
export function isClusterLocal(route: Route): boolean {
  return route.metadata.labels?.[labels.visibility] === 'cluster-local';
}

/** A domain under the cluster's own is no outside. */
function externalDomains(route: Route, config: HostConfig): string[] {
  const ownDomain = `svc.${config.network.clusterDomain}`;
  return domainsFor(config.domain, route.metadata.labels ?? {}).filter((domain) => domain !== ownDomain);
}

/** A host must have at least two parts; a template that gives less gives nothing. */
function hostUnder(route: Route, name: string, domain: string, config: HostConfig): string[] {
  const { namespace = '', labels: own, annotations } = route.metadata;
  const filled = fillTemplate(config.network.domainTemplate, {
    texts: { Name: name, Namespace: namespace, Domain: domain },
    ...(own === undefined ? {} : { labels: own }),
    ...(annotations === undefined ? {} : { annotations }),
  });
  return filled !== undefined && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(filled) ? [filled] : [];
}
