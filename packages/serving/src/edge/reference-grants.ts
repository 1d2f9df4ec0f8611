/** ReferenceGrant: who of another namespace may name what is here. */
import type { ReferenceGrant } from './api/gateway-api.ts';

export interface CrossReference {
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
  readonly to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

export class ReferenceGrants {
  readonly #byNamespace = new Map<string, ReferenceGrant[]>();

  constructor(grants: Iterable<ReferenceGrant>) {
    for (const grant of grants) {
      const { namespace = '' } = grant.metadata;
      const own = this.#byNamespace.get(namespace);
      if (own) own.push(grant);
      else this.#byNamespace.set(namespace, [grant]);
    }
  }

  /** Within a namespace nobody needs leave. */
  allows({ from, to }: CrossReference): boolean {
    if (from.namespace === to.namespace) return true;
    return (this.#byNamespace.get(to.namespace) ?? []).some(
      ({ spec }) =>
        spec.from.some(({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace) &&
        spec.to.some(({ group, kind, name }) => group === to.group && kind === to.kind && (name === undefined || name === '' || name === to.name)),
    );
  }
}
