/** Everything that is wrong with a DomainMapping, in Knative's words. */
import type { Problem } from '@sluice/kernel';
import type { DomainMapping, ObjectReference } from '../api/domain-mapping.ts';
import { checkObjectAnnotations } from '../validation/annotations.ts';
import { because, disallowed, missing, toProblems, within, type FieldProblem } from '../validation/field-problem.ts';

const hostLengthMax = 253;
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const segmentsComplaint = 'should be a domain with at least two segments separated by dots';

/** @param clusterDomain `cluster.local`: names under it are the cluster's own */
export function validateDomainMapping({ metadata, spec }: DomainMapping, clusterDomain: string): Problem[] {
  return toProblems([
    ...within('metadata', [...checkName(metadata, clusterDomain), ...checkObjectAnnotations(metadata.annotations)]),
    ...within('spec', [
      ...within('ref', checkReference(spec.ref, metadata.namespace ?? '')),
      ...(spec.tls !== undefined && !spec.tls.secretName ? [missing('tls.secretName')] : []),
    ]),
  ]);
}

function checkName({ name = '', generateName }: Partial<DomainMapping['metadata']>, clusterDomain: string): FieldProblem[] {
  const found: FieldProblem[] = [];
  // A host is chosen, and never made up.
  if (generateName) found.push(disallowed('generateName'));
  const complaint = hostComplaint(name);
  if (complaint !== undefined) found.push(because(`invalid name "${name}": name: ${complaint}`, 'name'));
  else if (name === clusterDomain || name.endsWith(`.${clusterDomain}`)) {
    found.push(because(`invalid name "${name}": must not be a subdomain of cluster local domain "${clusterDomain}"`, 'name'));
  }
  return found;
}

/** Why a name is no host of its own; undefined when it is one. */
function hostComplaint(name: string): string | undefined {
  if (name === '') return 'Required value';
  const labels = name.split('.');
  const invalid = `Invalid value: "${name}"`;
  if (name.length > hostLengthMax) return `${invalid}: must be no more than ${hostLengthMax} characters`;
  if (!labels.every((part) => label.test(part))) {
    return `${invalid}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`;
  }
  return labels.length < 2 ? `${invalid}: ${segmentsComplaint}` : undefined;
}

function checkReference(ref: ObjectReference | undefined, namespace: string): FieldProblem[] {
  const found = (['name', 'apiVersion', 'kind'] as const).filter((member) => !ref?.[member]).map((member) => missing(member));
  if (ref?.namespace && ref.namespace !== namespace) {
    const details = `parent namespace: "${namespace}" does not match ref: "${ref.namespace}"`;
    found.push({ message: 'mismatched namespaces', paths: ['namespace'], details });
  }
  return found;
}
