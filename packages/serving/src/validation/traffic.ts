/** Rules for traffic targets. */
import type { TrafficTarget } from '../api/route.ts';
import { because, disallowed, invalidValue, oneOf, outOfBounds, type FieldProblem } from './field-problem.ts';
import { checkQualifiedName, dnsLabelComplaint } from './names.ts';

/** Whose traffic it is: a Service's own Configuration is meant where a target names nothing. */
export type TrafficOwner = 'Service' | 'Route';

/** Paths of tags and targets are Knative's, in which the index of a tag stands after the field's name. */
export function checkTraffic(traffic: readonly TrafficTarget[], owner: TrafficOwner): FieldProblem[] {
  const found: FieldProblem[] = [];
  const tags = new Map<string, number>();
  let sum = 0;
  traffic.forEach((target, index) => {
    for (const inner of checkTarget(target, owner)) {
      found.push({ ...inner, paths: inner.paths.map((path) => `traffic[${index}].${path}`) });
    }
    sum += target.percent ?? 0;
    if (!target.tag) return;
    const complaint = dnsLabelComplaint(target.tag);
    if (complaint !== undefined)
      found.push(invalidValue(`not a DNS 1035 label: ${complaint}`, `traffic.tag[${index}]`));
    const earlier = tags.get(target.tag);
    if (earlier !== undefined) {
      found.push(
        because(`Multiple definitions for "${target.tag}"`, `traffic[${earlier}].tag`, `traffic[${index}].tag`),
      );
    }
    tags.set(target.tag, index);
  });
  if (sum !== 100) found.push(because(`Traffic targets sum to ${sum}, want 100`, 'traffic'));
  return found;
}

function checkTarget(target: TrafficTarget, owner: TrafficOwner): FieldProblem[] {
  const { revisionName = '', configurationName = '', percent } = target;
  const found = [...checkDestination(target, owner)];
  if (percent !== undefined && (percent < 0 || percent > 100)) found.push(outOfBounds(percent, 0, 100, 'percent'));
  if (target.url !== undefined && target.url !== '') found.push(disallowed('url'));
  if (revisionName !== '') found.push(...checkQualifiedName(revisionName, 'revisionName'));
  if (configurationName !== '') found.push(...checkQualifiedName(configurationName, 'configurationName'));
  return found;
}

function checkDestination(target: TrafficTarget, owner: TrafficOwner): FieldProblem[] {
  const { revisionName = '', configurationName = '', latestRevision } = target;
  if (owner === 'Service' && configurationName !== '') return [disallowed('configurationName')];
  if (revisionName !== '' && configurationName !== '') return [oneOf('both', 'revisionName', 'configurationName')];
  if (owner === 'Route' && revisionName === '' && configurationName === '') {
    return [oneOf('neither', 'revisionName', 'configurationName')];
  }
  if (latestRevision === undefined || latestRevision === (revisionName === '')) return [];
  return [
    because(
      `may not set revisionName ${JSON.stringify(revisionName)} when latestRevision is ${latestRevision}`,
      'latestRevision',
    ),
  ];
}
