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
  /** Those that ask for parameters, which nobody reads. */
  readonly withParameters: readonly string[];
}

export function ownClasses(classes: Iterable<IngressClass>): OwnClasses {
  const own = [...classes].filter(({ spec }) => spec?.controller === ingressController);
  const withParameters = own.filter(({ spec }) => spec?.parameters !== undefined).map(({ metadata }) => metadata.name);
  return { names: new Set(own.map(({ metadata }) => metadata.name)), withParameters, isDefault: own.some(({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true') };
}

/** The field counts where both are there. An empty name is a name, of no class. */
export function isOwnIngress(ingress: KubernetesIngress, { names, isDefault }: OwnClasses): boolean {
  const named = classNamed(ingress);
  return named === undefined ? isDefault : names.has(named);
}

/** What of an Ingress's class is not as it says. */
export function classProblems(ingress: Pick<KubernetesIngress, 'metadata' | 'spec'>, { withParameters }: OwnClasses): readonly string[] {
  const named = classNamed(ingress);
  return withParameters.filter((name) => named === undefined || named === name).map((name) => `spec.ingressClassName: IngressClass "${name}" has spec.parameters, which are not supported`);
}

function classNamed({ metadata, spec }: Pick<KubernetesIngress, 'metadata' | 'spec'>): string | undefined {
  return spec?.ingressClassName ?? metadata.annotations?.[classAnnotation];
}
