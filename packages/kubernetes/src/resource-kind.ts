/** Where a kind of object lives in the API: what is needed to form its paths. */
import type { KubernetesObject } from './object.ts';

export interface ResourceKind<T extends KubernetesObject = KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The lower-case plural of the path. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: it ties the descriptor to the type of its objects, so that `client.resource(pods)` gives Pods. */
  readonly objectType?: T;
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf(kind: Pick<ResourceKind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The path of a collection, of one object when `name` is given, or of its subresource. */
export function resourcePath(
  kind: ResourceKind,
  where: {
    readonly namespace?: string | undefined;
    readonly name?: string | undefined;
    readonly subresource?: string | undefined;
  } = {},
): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace = kind.namespaced && where.namespace ? `/namespaces/${encodeURIComponent(where.namespace)}` : '';
  const name = where.name === undefined ? '' : `/${encodeURIComponent(where.name)}`;
  const subresource = where.subresource === undefined ? '' : `/${where.subresource}`;
  return `${root}${namespace}/${kind.plural}${name}${subresource}`;
}
