/**
 * What a DomainMapping leads to: the host in the cluster at which the object that it names answers. In Knative's words:
 * https://github.com/knative/pkg/blob/main/resolver/addressable_resolver.go
 */
import type { DomainMapping, ObjectReference } from '../api/domain-mapping.ts';
import { clusterHost } from '../traffic/hosts.ts';

export type ResolvedReference =
  | { readonly kind: 'resolved'; readonly host: string; readonly service: string; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string };

/** What is read of an object that may be led to. */
export interface Addressable {
  readonly status?: { readonly address?: Address; readonly addresses?: readonly Address[] };
}

interface Address {
  readonly name?: string;
  readonly url?: string;
}

export type FoundReference =
  | { readonly kind: 'found'; readonly object: Addressable }
  | { readonly kind: 'missing' }
  /** Objects of its kind cannot be read at all. */
  | { readonly kind: 'unreadable'; readonly why: string };

/** Ports of a Service that stands for a route. */
const ports = { http: 80, https: 443 } as const;

/** A Service of Kubernetes says nowhere that it may be called, and may be: it is not even looked for. */
export function isPlainService({ apiVersion, kind }: ObjectReference): boolean {
  return apiVersion === 'v1' && kind === 'Service';
}

/** The path by which objects of its kind are found, guessed from the kind as Knative guesses. */
export function resourceOf({ apiVersion = '', kind = '' }: ObjectReference): { readonly group: string; readonly version: string; readonly plural: string } {
  const slash = apiVersion.indexOf('/');
  const singular = kind.toLowerCase();
  const plural = singular.endsWith('s') ? `${singular}es` : singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1), plural };
}

/**
 * @param found what it names, unless that is a Service of Kubernetes
 * @param clusterDomain `cluster.local`
 */
export function resolveReference(mapping: DomainMapping, found: FoundReference, clusterDomain: string): ResolvedReference {
  const { namespace = '' } = mapping.metadata;
  const ref = mapping.spec.ref ?? {};
  if (isPlainService(ref)) return hostOf(`http://${clusterHost(`${namespace}/${ref.name ?? ''}`, clusterDomain)}`, namespace, clusterDomain);
  const { group, version, plural } = resourceOf(ref);
  if (found.kind === 'unreadable') return failed(`failed to get lister for ${group}/${version}, Resource=${plural}: ${found.why}`);
  if (found.kind === 'missing') {
    return failed(`failed to get object ${namespace}/${ref.name ?? ''}: ${plural}${group === '' ? '' : `.${group}`} "${ref.name ?? ''}" not found`);
  }
  const { address, addresses = [] } = found.object.status ?? {};
  const said = addresses.length === 0 ? address : addresses.find(({ name }) => address === undefined || name === address.name);
  if (said === undefined) {
    return failed(address === undefined ? `address not set for ${inGo(ref, namespace)}` : `address with name ${address.name ?? ''} cannot be found/resolved for ${inGo(ref, namespace)}`);
  }
  if (!said.url) return failed(`URL missing in address of ${inGo(ref, namespace)}`);
  if (!URL.canParse(said.url) || new URL(said.url).hostname === '') return failed(`hostname missing in address of ${inGo(ref, namespace)}`);
  return hostOf(said.url, namespace, clusterDomain);
}

function hostOf(url: string, ownNamespace: string, clusterDomain: string): ResolvedReference {
  const { hostname, pathname, protocol } = new URL(url);
  if (pathname !== '' && pathname !== '/') return failed(`resolved URI "${url}" contains a path`);
  const suffix = `.svc.${clusterDomain}`;
  const [service = '', namespace, ...rest] = hostname.endsWith(suffix) ? hostname.slice(0, -suffix.length).split('.') : [];
  if (namespace === undefined || rest.length > 0) {
    return failed(`resolved URI "${url}" must be of the form {name}.{namespace}.svc.${clusterDomain}`);
  }
  if (namespace !== ownNamespace) return failed(`resolved URI "${url}" must be in same namespace as DomainMapping`);
  return { kind: 'resolved', host: hostname, service, port: protocol === 'https:' ? ports.https : ports.http };
}

/** A reference as Go prints one. */
function inGo({ apiVersion = '', kind = '', name = '' }: ObjectReference, namespace: string): string {
  return `&ObjectReference{Kind:${kind},Namespace:${namespace},Name:${name},UID:,APIVersion:${apiVersion},ResourceVersion:,FieldPath:,}`;
}

function failed(message: string): ResolvedReference {
  return { kind: 'failed', message };
}
