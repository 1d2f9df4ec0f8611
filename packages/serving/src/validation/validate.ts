/** Everything that is wrong with an object, at once. Objects are expected with their defaults filled in. */
import type { Problem } from '@sluice/kernel';
import type { Configuration } from '../api/configuration.ts';
import type { ObjectMeta } from '../api/object.ts';
import type { Revision, RevisionTemplate } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import { labels } from '../labels.ts';
import { checkObjectAnnotations, checkTemplateAnnotations, type CheckScaling } from './annotations.ts';
import { missing, toProblems, within, type FieldProblem } from './field-problem.ts';
import { checkObjectName, checkTemplateName } from './names.ts';
import { checkRevisionSpec } from './revision-spec.ts';
import type { SpecRules } from './spec-rules.ts';
import { checkTraffic } from './traffic.ts';

export interface ValidationRules extends SpecRules {
  readonly checkScaling: CheckScaling;
}

export function validateService(service: Service, rules: ValidationRules): Problem[] {
  return toProblems([
    ...within('metadata', checkMetadata(service.metadata)),
    ...within('spec', [
      ...checkTemplate(service.spec.template, service.metadata, rules),
      ...checkTraffic(service.spec.traffic ?? [], 'Service'),
    ]),
  ]);
}

export function validateConfiguration(configuration: Configuration, rules: ValidationRules): Problem[] {
  const { metadata } = configuration;
  return toProblems([
    ...within('metadata', [...checkMetadata(metadata), ...checkOwnerLabel(metadata, labels.service, 'Service')]),
    ...within('spec', checkTemplate(configuration.spec.template, metadata, rules)),
  ]);
}

export function validateRoute(route: Route): Problem[] {
  const { metadata } = route;
  return toProblems([
    ...within('metadata', [...checkMetadata(metadata), ...checkOwnerLabel(metadata, labels.service, 'Service')]),
    ...within('spec', checkTraffic(route.spec.traffic ?? [], 'Route')),
  ]);
}

export function validateRevision(revision: Revision, rules: ValidationRules): Problem[] {
  return toProblems([...checkRevisionMetadata(revision.metadata, rules), ...within('spec', checkRevisionSpec(revision.spec, rules))]);
}

/** What may still change of a Revision that is there. */
export function checkRevisionMetadata(metadata: ObjectMeta, { checkScaling }: Pick<ValidationRules, 'checkScaling'>): FieldProblem[] {
  return within('metadata', [
    ...checkTemplateAnnotations(metadata.annotations, checkScaling),
    ...checkOwnerLabel(metadata, labels.configuration, 'Configuration'),
  ]);
}

function checkMetadata(metadata: ObjectMeta): FieldProblem[] {
  return [...checkObjectName(metadata), ...checkObjectAnnotations(metadata.annotations)];
}

function checkTemplate(
  template: RevisionTemplate | undefined,
  parent: ObjectMeta,
  rules: ValidationRules,
): FieldProblem[] {
  const { metadata, spec = {} } = template ?? {};
  return within('template', [
    ...within('metadata', [
      ...checkTemplateName(metadata, parent),
      ...checkTemplateAnnotations(metadata?.annotations, rules.checkScaling),
    ]),
    ...within('spec', checkRevisionSpec(spec, rules)),
  ]);
}

/** A label that names an owner must be borne out by an owner reference: labels alone are easily forged. */
function checkOwnerLabel(metadata: ObjectMeta, label: string, kind: string): FieldProblem[] {
  const name = metadata.labels?.[label];
  if (name === undefined) return [];
  const isOwned = metadata.ownerReferences?.some((owner) => owner.kind === kind && owner.name === name);
  return isOwned ? [] : [missing(`labels.${label}`)];
}
