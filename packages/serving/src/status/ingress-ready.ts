/** `IngressReady` of an object whose Ingress somebody else serves. */
import type { Ingress } from '../api/ingress.ts';
import { isFalse, isUnknown, markOf, readiness, type Mark } from './condition-set.ts';

/** @param ingress undefined until it is there; `not-owned` when something else has its name */
export function ingressReadyMark(name: string, ingress: Ingress | 'not-owned' | undefined): Mark {
  if (ingress === 'not-owned') return isFalse('NotOwned', `There is an existing Ingress "${name}" that we do not own.`);
  const notYet = isUnknown('IngressNotConfigured', 'Ingress has not yet been reconciled.');
  if (ingress === undefined) return notYet;
  const { isCurrent, ready } = readiness(ingress);
  return isCurrent ? (markOf(ready) ?? notYet) : notYet;
}
