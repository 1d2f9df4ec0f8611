/** What a request to the fake server is about. */
import type { KubernetesObject } from '../object.ts';
import type { ResourceKind } from '../resource-kind.ts';

export interface Target {
  readonly kind: ResourceKind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
}

/** Undefined for a path that names no known kind. */
export function readTarget(fullPath: string, kinds: readonly ResourceKind[]): Target | undefined {
  const [path = '', query = ''] = fullPath.split('?');
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [group, version, rest] =
    parts[0] === 'api' ? ['', parts[1], parts.slice(2)] : [parts[1], parts[2], parts.slice(3)];
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [plural, name, subresource] = namespaced ? rest.slice(2) : rest;
  const kind = kinds.find((k) => k.group === group && k.version === version && k.plural === plural);
  if (!kind) return undefined;
  return { kind, namespace: namespaced ? rest[1] : undefined, name, subresource, query: new URLSearchParams(query) };
}

/** The key of the object that is meant. */
export function keyOf(target: Target): string {
  return target.namespace === undefined ? (target.name ?? '') : `${target.namespace}/${target.name}`;
}

/** Equality of labels, existence of labels, and `metadata.name`: what our own informers ask for. */
export function selector(query: URLSearchParams, namespace: string | undefined): (object: KubernetesObject) => boolean {
  const labels = (query.get('labelSelector') ?? '').split(',').filter((part) => part !== '');
  const name = /^metadata\.name=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1];
  return ({ metadata }) =>
    (namespace === undefined || metadata.namespace === namespace) &&
    (name === undefined || metadata.name === name) &&
    labels.every((label) => {
      const [key = '', value] = label.split('=');
      return value === undefined ? metadata.labels?.[key] !== undefined : metadata.labels?.[key] === value;
    });
}
