/** What is said to objects of serving: first what they leave open is filled in, then they are judged, by Knative's rules and in its words. Pure. */
import { admit, checkConfigMap, refusalOf, type AdmissionRules, type ConfigMapReaders } from '@sluice/serving';
import type { Reviewer } from './admission-review.ts';

/** Fills in. Refuses nothing: whoever validates says everything at once. */
export function defaultingReviewer(rules: () => AdmissionRules): Reviewer {
  return (request) => {
    const { object } = admit(request, rules());
    return object === request.object ? { kind: 'allow' } : { kind: 'change', object };
  };
}

export function validatingReviewer(rules: () => AdmissionRules): Reviewer {
  return (request) => {
    const { errors, warnings } = admit(request, rules());
    return errors.length > 0 ? { kind: 'refuse', message: refusalOf(errors) } : { kind: 'allow', warnings };
  };
}

/** ConfigMaps that no component could read are refused to whoever writes them. @param readers by name of the ConfigMap */
export function configMapReviewer(readers: ConfigMapReaders): Reviewer {
  return ({ operation, object }) => {
    if (operation !== 'CREATE' && operation !== 'UPDATE') return { kind: 'allow' };
    const problems = checkConfigMap(readers, (object ?? {}) as Parameters<typeof checkConfigMap>[1]);
    return problems.length > 0 ? { kind: 'refuse', message: refusalOf(problems) } : { kind: 'allow' };
  };
}
