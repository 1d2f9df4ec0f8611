/** What the fake server does to objects: masks, views, and what it does not keep. */
import type { KubernetesObject } from '../object.ts';

export type WithStatus = KubernetesObject & { readonly status?: unknown };

/** Writes to the object leave the status alone, and writes to the status all the rest. */
export function mask(
  before: KubernetesObject,
  after: KubernetesObject,
  subresource: string | undefined,
): KubernetesObject {
  const { status: statusBefore, ...restBefore } = before as WithStatus;
  const { status: statusAfter, ...restAfter } = after as WithStatus;
  const [rest, status] = subresource === 'status' ? [restBefore, statusAfter] : [restAfter, statusBefore];
  const masked: WithStatus = status === undefined ? rest : { ...rest, status };
  return masked;
}

/** Labels and annotations that hold nothing are not kept, as by a server that stores typed objects. */
export function withoutEmptyMaps({
  labels,
  annotations,
  ...rest
}: KubernetesObject['metadata']): KubernetesObject['metadata'] {
  return {
    ...rest,
    ...(Object.keys(labels ?? {}).length === 0 ? {} : { labels: labels ?? {} }),
    ...(Object.keys(annotations ?? {}).length === 0 ? {} : { annotations: annotations ?? {} }),
  };
}

export function scaleOf(object: KubernetesObject): KubernetesObject {
  const { spec, status } = object as KubernetesObject & {
    spec?: { replicas?: number };
    status?: { replicas?: number };
  };
  const view = { spec: { replicas: spec?.replicas ?? 0 }, status: { replicas: status?.replicas ?? 0 } };
  return { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: object.metadata, ...view } as KubernetesObject;
}

/** Whether a write changes nothing, versions aside. */
export function sameContent(a: KubernetesObject, b: KubernetesObject): boolean {
  const bare = ({ metadata, ...rest }: KubernetesObject) => {
    const { resourceVersion: _, ...kept } = metadata;
    return { ...rest, metadata: kept };
  };
  return same(bare(a), bare(b));
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
