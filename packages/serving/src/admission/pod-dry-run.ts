/**
 * Whether the pods of a Service could be made at all is known best by who makes pods: a webhook may have one tried, without any being
 * made, and tell what that comes to. Asked for by writing with a dry run, or by an annotation of the object.
 */
import { problem, type Problem } from '@sluice/kernel';
import type { ServingObject } from '../api/object.ts';
import type { PodSpec } from '../api/pod-spec.ts';
import type { Revision, RevisionTemplate } from '../api/revision.ts';
import { defaultRevision } from '../defaulting/default-objects.ts';
import { labels } from '../labels.ts';
import { isSameContent } from '../names.ts';
import { makeInitContainer, makeUserContainers } from '../resources/make-user-container.ts';
import type { AdmissionRules } from './admission-rules.ts';
import type { AdmissionRequest } from './admit.ts';
import { configurationShape, serviceShape } from './declared-shapes.ts';
import { withoutNulls } from './without-nulls.ts';

/** `enabled` or `strict`, on a Service or a Configuration. */
export const podDryRunAnnotation = 'features.knative.dev/podspec-dryrun';

export interface PodDryRun {
  /** To be created with `dryRun=All`. */
  readonly pod: ServingObject & { readonly spec: PodSpec };
  /** Whether it counts against the object that it cannot be tried. */
  readonly isStrict: boolean;
}

/** Undefined where nothing is to be tried. */
export function podDryRun(request: AdmissionRequest & { readonly dryRun?: boolean }, rules: AdmissionRules): PodDryRun | undefined {
  const { kind, operation, subResource, namespace } = request;
  const shape = { Service: serviceShape, Configuration: configurationShape }[kind.kind];
  if (kind.group !== 'serving.knative.dev' || !shape || (operation !== 'CREATE' && operation !== 'UPDATE') || subResource) return undefined;
  const object = withoutNulls(request.object);
  if (shape(object, '')) return undefined;
  const { metadata, spec } = object as ServingObject & { readonly spec?: { readonly template?: RevisionTemplate } };
  const mode = metadata.annotations?.[podDryRunAnnotation];
  if (request.dryRun !== true && mode !== 'enabled' && mode !== 'strict') return undefined;
  // What stands beneath a Service has been tried with it.
  if (kind.kind === 'Configuration' && metadata.labels?.[labels.service]) return undefined;
  const template = spec?.template;
  const before = withoutNulls(request.oldObject) as { readonly spec?: { readonly template?: unknown } } | undefined;
  if (template === undefined || (operation === 'UPDATE' && isSameContent(before?.spec?.template, template))) return undefined;
  const own = { name: '', generateName: 'dry-run-validation', namespace: namespace ?? metadata.namespace ?? '' };
  const revision = defaultRevision({ apiVersion: 'serving.knative.dev/v1', kind: 'Revision', metadata: own, spec: template.spec ?? {} }, rules.config);
  const { name: _, ...nameless } = own;
  return { isStrict: mode === 'strict', pod: { apiVersion: 'v1', kind: 'Pod', metadata: nameless as ServingObject['metadata'], spec: podSpecOf(revision) } };
}

/** What the object is told, where the try has failed. @param message of the API server */
export function podDryRunProblem({ isStrict }: PodDryRun, message: string): Problem | undefined {
  // Another webhook that pods pass says so: then nothing is known of the pod.
  if (!isStrict && message.includes('does not support dry run')) return undefined;
  return problem('spec.template', `dry run failed with ${message}`);
}

function podSpecOf(revision: Revision): PodSpec {
  const { containerConcurrency: _, timeoutSeconds, responseStartTimeoutSeconds: __, idleTimeoutSeconds: ___, containers: ____, initContainers, ...pod } = revision.spec;
  const sample = {
    ...pod,
    ...(initContainers ? { initContainers: initContainers.map((container) => makeInitContainer(revision, container)) } : {}),
    containers: makeUserContainers(revision),
    terminationGracePeriodSeconds: timeoutSeconds ?? 300,
  };
  return sample;
}
