/**
 * Warnings about what a container may do only because nobody says otherwise. What is dangerous on purpose is not warned
 * of. Only where the cluster does not secure its containers by itself (`secure-pod-defaults`).
 */
import type { RevisionSpec } from '../api/revision.ts';
import type { FeaturesConfig } from '../config/features-config.ts';
import { because, invalidValue, within, type FieldProblem } from '../validation/field-problem.ts';
import { elementsOf, membersOf } from '../validation/members.ts';

const told = 'Kubernetes default value is insecure, Knative may default this to secure in a future release';

export function insecureDefaults(spec: RevisionSpec, features: FeaturesConfig): FieldProblem[] {
  if (features['secure-pod-defaults'] !== 'Disabled') return [];
  const pod = membersOf(membersOf(spec)['securityContext']);
  return (['containers', 'initContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap((container, index) =>
      within(`${list}[${index}].securityContext`, insecureIn(membersOf(container.securityContext), pod)),
    ),
  );
}

function insecureIn(own: Readonly<Record<string, unknown>>, pod: Readonly<Record<string, unknown>>): FieldProblem[] {
  const found: FieldProblem[] = [];
  if (pod['runAsNonRoot'] === undefined && own['runAsNonRoot'] === undefined) found.push(because(told, 'runAsNonRoot'));
  if (own['allowPrivilegeEscalation'] === undefined) found.push(because(told, 'allowPrivilegeEscalation'));
  if (own['seccompProfile'] === undefined && pod['seccompProfile'] === undefined) found.push(because(told, 'seccompProfile'));
  else if (!membersOf(own['seccompProfile'])['type'] && !membersOf(pod['seccompProfile'])['type']) found.push(because(told, 'seccompProfile.type'));
  const { drop } = membersOf(own['capabilities']);
  if (own['capabilities'] === undefined) found.push(because(told, 'capabilities'));
  else if (drop === undefined) found.push(because(told, 'capabilities.drop'));
  // In small letters it does nothing.
  else if (elementsOf(drop)[0] === 'all') found.push(invalidValue('all', 'capabilities.drop', "Must be spelled as 'ALL'"));
  return found;
}
