/** What a rendered chart allows one service account, and how much of it has been used. Kubernetes' RBAC, as far as the chart uses it. */
import type { KubernetesObject } from '@sluice/kubernetes';
import type { RenderedChart } from '../rendered-chart.ts';
import type { Attributes } from './api-attributes.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Absent: whatever the name. */
  readonly resourceNames?: readonly string[];
}

export interface Role extends KubernetesObject {
  readonly rules: readonly Rule[];
}

export interface Binding extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

export class GrantedAccess {
  /** `verb group/resource in namespace` of all that is allowed, with ` named name` where it is bound to one; the namespace is `*` for all. */
  readonly granted: ReadonlySet<string>;
  readonly #used = new Set<string>();

  constructor(chart: RenderedChart, serviceAccount: string) {
    this.granted = new Set(
      [...chart.ofKind<Binding>('ClusterRoleBinding'), ...chart.ofKind<Binding>('RoleBinding')]
        .filter(({ subjects }) => subjects.some(({ kind, name }) => kind === 'ServiceAccount' && name === serviceAccount))
        .flatMap((binding) => grantsOf(chart, binding)),
    );
  }

  /** Whether it is allowed. What is counts as used. */
  allows({ verb, group, resource, namespace, name }: Attributes): boolean {
    const everywhere = grant(verb, group, resource, '*');
    const here = grant(verb, group, resource, namespace ?? '*');
    const named = name === undefined ? [] : [here, everywhere].map((place) => `${place} named ${name}`);
    const found = [...named, here, everywhere].find((candidate) => this.granted.has(candidate));
    if (found === undefined) return false;
    this.#used.add(found);
    return true;
  }

  /** What was allowed in vain so far. */
  unused(): string[] {
    return [...this.granted].filter((each) => !this.#used.has(each));
  }
}

function grantsOf(chart: RenderedChart, { roleRef, metadata: { namespace = '*' } }: Binding): string[] {
  const role = chart.ofKind<Role>(roleRef.kind).find(({ metadata }) => metadata.name === roleRef.name);
  if (!role) throw new Error(`a binding names the ${roleRef.kind} ${roleRef.name}, which is not there`);
  return role.rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) => {
    const grants = apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => grant(verb, group, resource, namespace))));
    return resourceNames ? grants.flatMap((each) => resourceNames.map((name) => `${each} named ${name}`)) : grants;
  });
}

function grant(verb: string, group: string, resource: string, namespace: string): string {
  return `${verb} ${group === '' ? 'core' : group}/${resource} in ${namespace}`;
}
