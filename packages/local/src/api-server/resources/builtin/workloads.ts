/** Deployment and ReplicaSet: a number of pods from one template. */
import type { JsonObject } from '../../json.ts';
import { ensureObject, equalJson, isObject, listAt, objectAt, textAt } from '../../json.ts';
import { matcherOf } from '../../selectors/label-selector.ts';
import { formatSelector } from '../../selectors/format-selector.ts';
import type { Cause } from '../../status-error.ts';
import { AGE_COLUMN, NAME_COLUMN, column, type Cell } from '../../tables/column.ts';
import type { ScalePaths } from '../resource-kind.ts';
import type { BuiltinKind } from './kind-template.ts';
import { completePodSpec, fallback } from './pod-defaults.ts';
import { badValue, required } from './pod-validation.ts';
import { validateTemplate } from './pod.ts';

const SCALE: ScalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};

export const DEPLOYMENT: BuiltinKind = {
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  hasStatus: true,
  scale: SCALE,
  columns: [
    NAME_COLUMN,
    column('Ready', (one) => `${statusNumber(one, 'readyReplicas')}/${specReplicas(one)}`, 0, 'Pods that are ready, of those wanted'),
    column('Up-to-date', (one) => statusNumber(one, 'updatedReplicas'), 0, 'Pods made from the present template'),
    column('Available', (one) => statusNumber(one, 'availableReplicas'), 0, 'Pods ready for at least minReadySeconds'),
    AGE_COLUMN,
    column('Containers', containerCell('name'), 1),
    column('Images', containerCell('image'), 1),
    column('Selector', selectorCell, 1),
  ],
  rules: {
    hasGeneration: true,
    complete(deployment) {
      const spec = ensureObject(deployment, 'spec');
      completeReplicas(deployment, spec);
      fallback(spec, 'revisionHistoryLimit', 10);
      fallback(spec, 'progressDeadlineSeconds', 600);
      const strategy = ensureObject(spec, 'strategy');
      fallback(strategy, 'type', 'RollingUpdate');
      if (strategy['type'] !== 'RollingUpdate') return;
      const rolling = ensureObject(strategy, 'rollingUpdate');
      fallback(rolling, 'maxUnavailable', '25%');
      fallback(rolling, 'maxSurge', '25%');
    },
    validate: validateReplicas,
    validateUpdate: validateSelectorKept,
  },
};

export const REPLICA_SET: BuiltinKind = {
  group: 'apps',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  hasStatus: true,
  scale: SCALE,
  selectableFields: ['status.replicas'],
  columns: [
    NAME_COLUMN,
    { ...column('Desired', (one) => specReplicas(one), 0, 'Pods wanted'), type: 'integer' },
    { ...column('Current', (one) => statusNumber(one, 'replicas'), 0, 'Pods that exist'), type: 'integer' },
    { ...column('Ready', (one) => statusNumber(one, 'readyReplicas'), 0, 'Pods that are ready'), type: 'integer' },
    AGE_COLUMN,
    column('Containers', containerCell('name'), 1),
    column('Images', containerCell('image'), 1),
    column('Selector', selectorCell, 1),
  ],
  rules: {
    hasGeneration: true,
    complete(set) {
      completeReplicas(set, ensureObject(set, 'spec'));
      fallback(ensureObject(set, 'status'), 'replicas', 0);
    },
    validate: validateReplicas,
    validateUpdate: validateSelectorKept,
  },
};

function completeReplicas(object: JsonObject, spec: JsonObject): void {
  fallback(spec, 'replicas', 1);
  const template = ensureObject(spec, 'template');
  ensureObject(template, 'metadata');
  completePodSpec(ensureObject(template, 'spec'));
  ensureObject(object, 'status');
}

function validateReplicas(object: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const spec = objectAt(object, 'spec');
  const replicas = spec['replicas'];
  if (typeof replicas === 'number' && replicas < 0) {
    causes.push(badValue('spec.replicas', String(replicas), 'must be greater than or equal to 0'));
  }
  const selector = objectAt(spec, 'selector');
  const template = objectAt(spec, 'template');
  if (Object.keys(selector).length === 0) causes.push(required('spec.selector'));
  else {
    const labels = objectAt(objectAt(template, 'metadata'), 'labels');
    if (!matcherOf(selector)(labels)) {
      causes.push(
        badValue('spec.template.metadata.labels', formatGoMap(labels), '`selector` does not match template `labels`'),
      );
    }
  }
  causes.push(...validateTemplate(template, 'spec.template'));
  return causes;
}

function validateSelectorKept(next: JsonObject, previous: JsonObject): Cause[] {
  const selector = objectAt(objectAt(next, 'spec'), 'selector');
  if (equalJson(selector, objectAt(objectAt(previous, 'spec'), 'selector'))) return [];
  return [badValue('spec.selector', JSON.stringify(selector), 'field is immutable')];
}

function formatGoMap(labels: JsonObject): string {
  return `map[string]string${JSON.stringify(labels)}`;
}

function specReplicas(object: JsonObject): number {
  const replicas = objectAt(object, 'spec')['replicas'];
  return typeof replicas === 'number' ? replicas : 0;
}

function statusNumber(object: JsonObject, field: string): number {
  const value = objectAt(object, 'status')[field];
  return typeof value === 'number' ? value : 0;
}

function containerCell(field: 'name' | 'image'): Cell {
  return (object) =>
    listAt(objectAt(objectAt(objectAt(object, 'spec'), 'template'), 'spec'), 'containers')
      .map((container) => textAt(isObject(container) ? container : undefined, field))
      .join(',');
}

function selectorCell(object: JsonObject): string {
  return formatSelector(objectAt(objectAt(object, 'spec'), 'selector')) || '<none>';
}
