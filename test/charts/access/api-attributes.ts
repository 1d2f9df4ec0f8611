/** What a request wants, in the terms in which access is granted: verb, group, resource, namespace, name. */
import type { ApiRequest, KubernetesObject } from '@sluice/kubernetes';

export interface Attributes {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** With its subresource: `deployments/scale`. */
  readonly resource: string;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Undefined where the request does not say it: for lists of several, and for what is only being made. */
  readonly name?: string | undefined;
}

const path = /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[^/]+))?)?$/;

const verbsOfMethods = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

/** All that the request needs: its own attributes, and what owning others asks for. */
export function attributesOf(request: ApiRequest): readonly Attributes[] {
  const url = new URL(request.path, 'http://api');
  const groups = path.exec(url.pathname)?.groups;
  if (!groups) throw new Error(`not a path of a resource: ${request.path}`);
  const { group = '', namespace, resource = '', name, subresource } = groups;
  const verb =
    request.method === 'GET' ? (name !== undefined ? 'get' : url.searchParams.get('watch') === 'true' ? 'watch' : 'list') : verbsOfMethods[request.method];
  // Whoever lists or watches one object by its name is judged by that name.
  const selected = /^metadata\.name=([^,]+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  const wanted = { verb, group, resource: subresource === undefined ? resource : `${resource}/${subresource}`, namespace, name: name ?? selected };
  // Server-side apply also makes what is not there, for which the name counts as known.
  const creation = request.headers['content-type'] === 'application/apply-patch+yaml' ? { ...wanted, verb: 'create' } : undefined;
  return [wanted, ...(creation ? [creation] : []), ...(verb === 'create' || creation ? blockingOwners(request, namespace) : [])];
}

/**
 * The admission plugin OwnerReferencesPermissionEnforcement: whoever makes an object whose existence may block the
 * deletion of another must be allowed to update that other's finalizers. Later updates leave the references as they
 * are, for which it asks nothing.
 */
function blockingOwners({ body = '{}' }: ApiRequest, namespace: string | undefined): Attributes[] {
  const { metadata } = JSON.parse(body) as KubernetesObject;
  return (metadata.ownerReferences ?? [])
    .filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
    .map(({ apiVersion, kind }) => ({
      verb: 'update',
      group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
      resource: `${kind.toLowerCase()}s/finalizers`,
      namespace,
    }));
}
