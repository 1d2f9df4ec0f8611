/** The scale subresource: the number of replicas of anything that has one, in one common form. */
import type { Json, JsonObject } from '../json.ts';
import { cloneJson, ensureObject, isObject, objectAt, textAt } from '../json.ts';
import type { ResourceKind, ScalePaths } from '../resources/resource-kind.ts';
import { formatSelector } from '../selectors/format-selector.ts';
import { badRequest, internalError, invalid } from '../status-error.ts';

/** The object's Scale (autoscaling/v1). @param scale the kind's paths */
export function scaleOf(object: JsonObject, scale: ScalePaths): JsonObject {
  const metadata = objectAt(object, 'metadata');
  const shown: JsonObject = {};
  for (const field of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']) {
    const value = metadata[field];
    if (value !== undefined) shown[field] = value;
  }
  const status: JsonObject = { replicas: numberAt(object, scale.statusReplicasPath) };
  const selector = scale.labelSelectorPath === undefined ? undefined : valueAt(object, scale.labelSelectorPath);
  const selectorText = isObject(selector) ? formatSelector(selector) : selector;
  if (typeof selectorText === 'string' && selectorText !== '') status['selector'] = selectorText;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: shown,
    spec: { replicas: numberAt(object, scale.specReplicasPath) },
    status,
  };
}

/** @throws StatusError 422 about the Scale itself, whatever it scales */
export function checkScale(asked: JsonObject, name: string): void {
  const replicas = objectAt(asked, 'spec')['replicas'];
  if (typeof replicas !== 'number' || replicas >= 0) return;
  const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
  throw invalid({ group: 'autoscaling', kind: 'Scale', name }, [{ reason: 'FieldValueInvalid', message, field: 'spec.replicas' }]);
}

/** The object with the replicas that a Scale asks for. @throws StatusError 400 */
export function withScale(object: JsonObject, asked: JsonObject, kind: ResourceKind, scale: ScalePaths): JsonObject {
  const replicas = objectAt(asked, 'spec')['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest(`Scale in version "v1" cannot be handled as a Scale: spec.replicas must be a whole number`);
  }
  if (textAt(asked, 'kind') !== 'Scale') throw badRequest(`the body of ${kind.plural}/scale must be a Scale`);
  const next = cloneJson(object);
  const steps = scale.specReplicasPath.split('.').filter((step) => step !== '');
  const last = steps.pop();
  if (last === undefined) throw internalError(`the kind ${kind.kind} names no place for its replicas`);
  let parent = next;
  for (const step of steps) parent = ensureObject(parent, step);
  parent[last] = replicas;
  const version = textAt(objectAt(asked, 'metadata'), 'resourceVersion');
  if (version !== '') ensureObject(next, 'metadata')['resourceVersion'] = version;
  return next;
}

/** Whether there were to be none of them, and now there are. */
export function isWaking(object: JsonObject, asked: JsonObject, { specReplicasPath }: ScalePaths): boolean {
  return numberAt(object, specReplicasPath) === 0 && numberAt(asked, '.spec.replicas') > 0;
}

function valueAt(object: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = object;
  for (const step of path.split('.').filter((one) => one !== '')) value = isObject(value) ? value[step] : undefined;
  return value;
}

function numberAt(object: JsonObject, path: string): number {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : 0;
}
