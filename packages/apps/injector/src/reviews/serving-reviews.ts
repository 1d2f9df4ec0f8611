/** What is said to objects of serving: first what they leave open is filled in, then they are judged, by Knative's rules and in its words. */
import { admit, checkConfigMap, podDryRun, podDryRunProblem, refusalOf, type AdmissionRules, type ConfigMapReaders } from '@sluice/serving';
import type { Decision, ReviewRequest, Reviewer } from './admission-review.ts';
import type { PodTrial } from './pod-trial.ts';

/** Fills in. Refuses nothing: whoever validates says everything at once. */
export function defaultingReviewer(rules: () => AdmissionRules): (request: ReviewRequest) => Decision {
  return (request) => {
    const { object } = admit(request, rules());
    return object === request.object ? { kind: 'allow' } : { kind: 'change', object };
  };
}

/** @param tryPod where what is good by the rules is tried, too, if it asks for that; undefined: nowhere */
export function validatingReviewer(rules: () => AdmissionRules, tryPod?: PodTrial): Reviewer {
  return async (request) => {
    const { errors, warnings } = admit(request, rules());
    if (errors.length > 0) return { kind: 'refuse', message: refusalOf(errors) };
    const dryRun = tryPod && podDryRun(request, rules());
    const refusal = dryRun && (await tryPod(dryRun));
    const problem = dryRun && refusal !== undefined ? podDryRunProblem(dryRun, refusal) : undefined;
    return problem ? { kind: 'refuse', message: refusalOf([problem]) } : { kind: 'allow', warnings };
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
