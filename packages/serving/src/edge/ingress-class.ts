/** Which Ingresses are ours: by the class that they name, or that stands for those that name none. */
import type { IngressClass, KubernetesIngress } from './api/kubernetes-ingress.ts';
import { ingressController } from './edge-kinds.ts';

/** From before there was a field for it. */
const classAnnotation = 'kubernetes.io/ingress.class';
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';

/** The classes of ours, and whether one of them is the default. */
export interface OwnClasses {
  readonly names: ReadonlySet<string>;
  readonly isDefault: boolean;
}

export function ownClasses(classes: Iterable<IngressClass>): OwnClasses {
  const own = [...classes].filter(({ spec }) => spec?.controller === ingressController);
  return { names: new Set(own.map(({ metadata }) => metadata.name)), isDefault: own.some(({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true') };
}

/** The field counts where both are there. An empty name is a name, of no class. */
export function isOwnIngress({ metadata, spec }: KubernetesIngress, { names, isDefault }: OwnClasses): boolean {
  const named = spec?.ingressClassName ?? metadata.annotations?.[classAnnotation];
  return named === undefined ? isDefault : names.has(named);
}
