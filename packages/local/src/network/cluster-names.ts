/** What the cluster's DNS knows: Services by name, and nothing outside. Pure. */
import { serviceNameLabel, type EndpointSlice, type Service } from '@sluice/kubernetes';

export const clusterDomain = 'cluster.local';

/** `unknown`: there is no such name. Addresses may be none, where a Service has no pods or is only another name. */
export type NameAnswer = { readonly kind: 'addresses'; readonly addresses: readonly string[] } | { readonly kind: 'alias'; readonly name: string } | { readonly kind: 'unknown' };

export interface NamedObjects {
  service(namespace: string, name: string): Service | undefined;
  slices(): readonly EndpointSlice[];
}

/** By Kubernetes' DNS specification: `name.namespace.svc.cluster.local` is the cluster address, or without one the pods' own. */
export function lookUp(name: string, objects: NamedObjects): NameAnswer {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  const suffix = ['svc', ...clusterDomain.split('.')];
  const own = labels.slice(0, -suffix.length);
  if (labels.slice(-suffix.length).join('.') !== suffix.join('.') || own.length !== 2) return { kind: 'unknown' };
  const [service, namespace] = own as [string, string];
  const found = objects.service(namespace, service);
  if (!found) return { kind: 'unknown' };
  const { type, externalName = '', clusterIP } = found.spec;
  if (type === 'ExternalName') return { kind: 'alias', name: externalName };
  if (clusterIP !== undefined && clusterIP !== 'None' && clusterIP !== '') return { kind: 'addresses', addresses: [clusterIP] };
  const pods = objects.slices().filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[serviceNameLabel] === service);
  return { kind: 'addresses', addresses: pods.flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses)) };
}

/** What stands in a pod's resolv.conf, as a kubelet writes it. @param server address of the DNS */
export function resolverFile(namespace: string, server: string): string {
  return `search ${namespace}.svc.${clusterDomain} svc.${clusterDomain} ${clusterDomain}\nnameserver ${server}\noptions ndots:5\n`;
}
