/**
 * PodDisruptionBudget, HorizontalPodAutoscaler, NetworkPolicy, Ingress and IngressClass: kept, completed and shown as on a cluster, so that
 * charts install and controllers that read them find them. Nothing in the server itself acts on them.
 */
import type { JsonObject } from '../../json.ts';
import { ensureObject, isObject, listAt, objectAt, textAt } from '../../json.ts';
import { formatSelector } from '../../selectors/format-selector.ts';
import type { Cause } from '../../status-error.ts';
import { AGE_COLUMN, NAME_COLUMN, column } from '../../tables/column.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';
import { badValue, notSupported, required } from './pod-validation.ts';

export const POD_DISRUPTION_BUDGET: BuiltinKind = {
  group: 'policy',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  hasStatus: true,
  columns: [
    NAME_COLUMN,
    column('Min Available', (one) => numberText(objectAt(one, 'spec')['minAvailable'])),
    column('Max Unavailable', (one) => numberText(objectAt(one, 'spec')['maxUnavailable'])),
    { ...column('Allowed Disruptions', (one) => objectAt(one, 'status')['disruptionsAllowed'] ?? 0), type: 'integer' },
    AGE_COLUMN,
  ],
  rules: {
    hasGeneration: true,
    prepareCreate(budget) {
      budget['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    },
    validate(budget) {
      const { minAvailable, maxUnavailable } = objectAt(budget, 'spec');
      if (minAvailable === undefined || maxUnavailable === undefined) return [];
      return [badValue('spec', '{}', 'minAvailable and maxUnavailable cannot be both set')];
    },
  },
};

export const HORIZONTAL_POD_AUTOSCALER: BuiltinKind = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  hasStatus: true,
  columns: [
    NAME_COLUMN,
    column('Reference', (one) => {
      const target = objectAt(objectAt(one, 'spec'), 'scaleTargetRef');
      return `${textAt(target, 'kind')}/${textAt(target, 'name')}`;
    }),
    column('Targets', (one) => targetsText(one)),
    column('MinPods', (one) => String(objectAt(one, 'spec')['minReplicas'] ?? '<unset>')),
    column('MaxPods', (one) => objectAt(one, 'spec')['maxReplicas'] ?? 0),
    column('Replicas', (one) => objectAt(one, 'status')['currentReplicas'] ?? 0),
    AGE_COLUMN,
  ],
  rules: {
    complete(autoscaler) {
      const spec = ensureObject(autoscaler, 'spec');
      fallback(spec, 'minReplicas', 1);
      if (listAt(spec, 'metrics').length > 0) return;
      spec['metrics'] = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
    },
    prepareCreate(autoscaler) {
      autoscaler['status'] = { desiredReplicas: 0, currentMetrics: null };
    },
    validate: validateAutoscaler,
  },
};

export const NETWORK_POLICY: BuiltinKind = {
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  columns: [NAME_COLUMN, column('Pod-Selector', (one) => formatSelector(objectAt(objectAt(one, 'spec'), 'podSelector')) || '<none>'), AGE_COLUMN],
  rules: {
    hasGeneration: true,
    complete(policy) {
      const spec = ensureObject(policy, 'spec');
      ensureObject(spec, 'podSelector');
      if (listAt(spec, 'policyTypes').length > 0) return;
      spec['policyTypes'] = listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    },
  },
};

export const INGRESS: BuiltinKind = {
  group: 'networking.k8s.io',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  hasStatus: true,
  columns: [
    NAME_COLUMN,
    column('Class', (one) => textAt(objectAt(one, 'spec'), 'ingressClassName') || '<none>'),
    column('Hosts', (one) => hostsText(one)),
    column('Address', (one) => addressText(one)),
    column('Ports', (one) => (listAt(objectAt(one, 'spec'), 'tls').length > 0 ? '80, 443' : '80')),
    AGE_COLUMN,
  ],
  rules: {
    hasGeneration: true,
    complete(ingress) {
      fallback(ensureObject(ingress, 'status'), 'loadBalancer', {});
    },
    validate: validateIngress,
  },
};

export const INGRESS_CLASS: BuiltinKind = {
  group: 'networking.k8s.io',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  columns: [
    NAME_COLUMN,
    column('Controller', (one) => textAt(objectAt(one, 'spec'), 'controller')),
    column('Parameters', (one) => {
      const parameters = objectAt(objectAt(one, 'spec'), 'parameters');
      const group = textAt(parameters, 'apiGroup');
      return textAt(parameters, 'name') === '' ? '<none>' : `${textAt(parameters, 'kind')}${group && '.'}${group}/${textAt(parameters, 'name')}`;
    }),
    AGE_COLUMN,
  ],
  rules: { hasGeneration: true },
};

function validateAutoscaler(autoscaler: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const spec = objectAt(autoscaler, 'spec');
  const target = objectAt(spec, 'scaleTargetRef');
  const { minReplicas, maxReplicas } = spec;
  if (typeof maxReplicas !== 'number' || maxReplicas < 1) causes.push(badValue('spec.maxReplicas', String(maxReplicas ?? 0), 'must be greater than 0'));
  else if (typeof minReplicas === 'number' && minReplicas > maxReplicas) {
    causes.push(badValue('spec.maxReplicas', String(maxReplicas), 'must be greater than or equal to `minReplicas`'));
  }
  for (const field of ['kind', 'name'] as const) if (textAt(target, field) === '') causes.push(required(`spec.scaleTargetRef.${field}`));
  return causes;
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validateIngress(ingress: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const spec = objectAt(ingress, 'spec');
  if (listAt(spec, 'rules').length === 0 && spec['defaultBackend'] === undefined) {
    causes.push(badValue('spec', '[]', 'either `defaultBackend` or `rules` must be specified'));
  }
  for (const [index, rule] of listAt(spec, 'rules').entries()) {
    const paths = listAt(objectAt(isObject(rule) ? rule : undefined, 'http'), 'paths');
    for (const [place, path] of paths.entries()) {
      if (!isObject(path)) continue;
      const field = `spec.rules[${index}].http.paths[${place}]`;
      const type = textAt(path, 'pathType');
      if (type === '') causes.push(required(`${field}.pathType`, 'pathType must be specified'));
      else if (!PATH_TYPES.includes(type)) causes.push(notSupported(`${field}.pathType`, type, PATH_TYPES));
      else if (type !== 'ImplementationSpecific' && !textAt(path, 'path').startsWith('/')) {
        causes.push(badValue(`${field}.path`, JSON.stringify(textAt(path, 'path')), 'must be an absolute path'));
      }
    }
  }
  return causes;
}

function numberText(value: JsonObject[string] | undefined): string {
  return value === undefined ? 'N/A' : String(value);
}

function targetsText(autoscaler: JsonObject): string {
  const texts = listAt(objectAt(autoscaler, 'spec'), 'metrics').map((metric) => {
    const resource = objectAt(isObject(metric) ? metric : undefined, 'resource');
    const target = objectAt(resource, 'target');
    if (textAt(resource, 'name') === '') return '<unknown>';
    const wanted = target['averageUtilization'] === undefined ? String(target['averageValue'] ?? '<auto>') : `${String(target['averageUtilization'])}%`;
    return `${textAt(resource, 'name')}: <unknown>/${wanted}`;
  });
  return texts.length === 0 ? '<none>' : texts.join(', ');
}

function hostsText(ingress: JsonObject): string {
  const hosts = listAt(objectAt(ingress, 'spec'), 'rules').map((rule) => textAt(isObject(rule) ? rule : undefined, 'host')).filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, 3).join(',');
  return hosts.length > 3 ? `${shown} + ${hosts.length - 3} more...` : shown;
}

function addressText(ingress: JsonObject): string {
  return listAt(objectAt(objectAt(ingress, 'status'), 'loadBalancer'), 'ingress')
    .map((one) => textAt(isObject(one) ? one : undefined, 'ip') || textAt(isObject(one) ? one : undefined, 'hostname'))
    .join(',');
}
