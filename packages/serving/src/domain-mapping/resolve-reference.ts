/** What a DomainMapping leads to: the host in the cluster at which the object that it names answers. */
import type { DomainMapping } from '../api/domain-mapping.ts';

export type ResolvedReference =
  | { readonly kind: 'resolved'; readonly host: string; readonly service: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What is read of an object that may be led to. */
export interface Addressable {
  readonly status?: { readonly address?: { readonly url?: string } };
}

/**
 * @param found the object, if it is there and of a kind that is served here
 * @param clusterDomain `cluster.local`
 */
export function resolveReference(mapping: DomainMapping, found: Addressable | 'unknown-kind' | undefined, clusterDomain: string): ResolvedReference {
  const { kind = '', name = '', apiVersion = '' } = mapping.spec.ref ?? {};
  if (found === 'unknown-kind') return failed(`${kind} of ${apiVersion} is not served here, want Service or Route of serving.knative.dev/v1`);
  if (found === undefined) return failed(`${kind} "${name}" not found`);
  const url = found.status?.address?.url;
  if (!url) return failed(`address not set for ${kind} "${name}"`);
  const { hostname, pathname } = new URL(url);
  if (pathname !== '' && pathname !== '/') return failed(`resolved URI "${url}" contains a path`);
  const suffix = `.svc.${clusterDomain}`;
  const [service = '', namespace, ...rest] = hostname.endsWith(suffix) ? hostname.slice(0, -suffix.length).split('.') : [];
  if (namespace === undefined || rest.length > 0) {
    return failed(`resolved URI "${url}" must be of the form {name}.{namespace}.svc.${clusterDomain}`);
  }
  if (namespace !== mapping.metadata.namespace) return failed(`resolved URI "${url}" must be in same namespace as DomainMapping`);
  return { kind: 'resolved', host: hostname, service };
}

function failed(message: string): ResolvedReference {
  return { kind: 'failed', message };
}
