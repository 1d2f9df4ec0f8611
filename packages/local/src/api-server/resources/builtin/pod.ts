/** Pod. */
import type { Json, JsonObject } from '../../json.ts';
import { cloneJson, ensureObject, equalJson, isObject, listAt, objectAt, textAt } from '../../json.ts';
import { AGE_COLUMN, NAME_COLUMN, ageSince, column, type Column } from '../../tables/column.ts';
import type { BuiltinKind } from './kind-template.ts';
import { completePodSpec, fallback } from './pod-defaults.ts';
import { required, validatePodSpec } from './pod-validation.ts';
import type { Cause } from '../../status-error.ts';

export const POD: BuiltinKind = {
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  hasStatus: true,
  hasLogs: true,
  answersDeletedObject: true,
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  columns: podColumns(),
  rules: {
    complete(pod) {
      const spec = ensureObject(pod, 'spec');
      completePodSpec(spec);
      fallback(spec, 'enableServiceLinks', true);
      fallback(ensureObject(pod, 'status'), 'phase', 'Pending');
    },
    prepareCreate(pod) {
      pod['status'] = { phase: 'Pending', qosClass: qualityOf(objectAt(pod, 'spec')) };
    },
    validate: (pod) => validatePodSpec(objectAt(pod, 'spec'), 'spec'),
    validateUpdate: validateSpecKept,
  },
};

/** Of a running pod only images and a few deadlines may change, as on a real server. */
function validateSpecKept(next: JsonObject, previous: JsonObject): Cause[] {
  const comparable = (pod: JsonObject): Json => {
    const spec = cloneJson(objectAt(pod, 'spec'));
    for (const field of ['nodeName', 'activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'tolerations', 'schedulingGates']) {
      delete spec[field];
    }
    for (const list of ['initContainers', 'containers'] as const) {
      for (const container of listAt(spec, list)) if (isObject(container)) delete container['image'];
    }
    return spec;
  };
  if (equalJson(comparable(next), comparable(previous))) return [];
  return [
    {
      reason: 'FieldValueForbidden',
      message:
        'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      field: 'spec',
    },
  ];
}

/** Guaranteed: every container limits what it asks for; BestEffort: none asks for anything. */
function qualityOf(spec: JsonObject): string {
  let asks = false;
  let guaranteed = true;
  for (const container of [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')]) {
    if (!isObject(container)) continue;
    const resources = objectAt(container, 'resources');
    const limits = objectAt(resources, 'limits');
    const requests = objectAt(resources, 'requests');
    if (Object.keys(limits).length > 0 || Object.keys(requests).length > 0) asks = true;
    for (const name of ['cpu', 'memory'] as const) {
      const wanted = requests[name] ?? limits[name];
      if (limits[name] === undefined || !equalJson(limits[name], wanted)) guaranteed = false;
    }
  }
  if (!asks) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function podColumns(): Column[] {
  return [
    NAME_COLUMN,
    column('Ready', (pod) => readyText(pod), 0, 'Containers that are ready, of all'),
    column('Status', (pod) => statusText(pod), 0, 'The aggregate status of the containers in this pod'),
    column('Restarts', (pod, wallTime) => restartsText(pod, wallTime), 0, 'How often containers were restarted'),
    AGE_COLUMN,
    column('IP', (pod) => textAt(objectAt(pod, 'status'), 'podIP') || '<none>', 1),
    column('Node', (pod) => textAt(objectAt(pod, 'spec'), 'nodeName') || '<none>', 1),
    column('Nominated Node', (pod) => textAt(objectAt(pod, 'status'), 'nominatedNodeName') || '<none>', 1),
    column('Readiness Gates', () => '<none>', 1),
  ];
}

/** Native sidecars count as containers. */
function sidecarNames(pod: JsonObject): Set<string> {
  const names = new Set<string>();
  for (const container of listAt(objectAt(pod, 'spec'), 'initContainers')) {
    if (isObject(container) && container['restartPolicy'] === 'Always') names.add(textAt(container, 'name'));
  }
  return names;
}

function containerStatuses(pod: JsonObject): JsonObject[] {
  return listAt(objectAt(pod, 'status'), 'containerStatuses').filter((one) => isObject(one));
}

function initStatuses(pod: JsonObject): JsonObject[] {
  return listAt(objectAt(pod, 'status'), 'initContainerStatuses').filter((one) => isObject(one));
}

function readyText(pod: JsonObject): string {
  const sidecars = sidecarNames(pod);
  const total = listAt(objectAt(pod, 'spec'), 'containers').length + sidecars.size;
  const statuses = [...containerStatuses(pod), ...initStatuses(pod).filter((one) => sidecars.has(textAt(one, 'name')))];
  return `${statuses.filter((one) => one['ready'] === true).length}/${total}`;
}

/** kubectl's word for a pod, by the rules of `printPod` in Kubernetes' `pkg/printers/internalversion`. */
function statusText(pod: JsonObject): string {
  const status = objectAt(pod, 'status');
  let text = textAt(status, 'reason') || textAt(status, 'phase');
  const gate = listAt(status, 'conditions').find((one) => isObject(one) && one['type'] === 'PodScheduled');
  if (isObject(gate) && textAt(gate, 'reason') === 'SchedulingGated') text = 'SchedulingGated';
  const waitingInit = initText(pod);
  if (waitingInit !== undefined) text = waitingInit;
  else {
    let hasRunning = false;
    for (const container of containerStatuses(pod).toReversed()) {
      const { waiting, terminated } = objectAt(container, 'state');
      if (isObject(waiting) && textAt(waiting, 'reason') !== '') text = textAt(waiting, 'reason');
      else if (isObject(terminated)) text = terminatedText(terminated);
      else if (container['ready'] === true) hasRunning = true;
    }
    if (text === 'Completed' && hasRunning) text = isConditionTrue(pod, 'Ready') ? 'Running' : 'NotReady';
  }
  if (textAt(objectAt(pod, 'metadata'), 'deletionTimestamp') === '') return text;
  return textAt(status, 'reason') === 'NodeLost' ? 'Unknown' : 'Terminating';
}

/** What a pod is doing before its containers start, or undefined when that is over. */
function initText(pod: JsonObject): string | undefined {
  const sidecars = sidecarNames(pod);
  const statuses = initStatuses(pod);
  const total = listAt(objectAt(pod, 'spec'), 'initContainers').length;
  for (const [index, container] of statuses.entries()) {
    const { waiting, terminated } = objectAt(container, 'state');
    if (isObject(terminated) && terminated['exitCode'] === 0) continue;
    if (sidecars.has(textAt(container, 'name')) && container['started'] === true) continue;
    if (isObject(terminated)) return `Init:${terminatedText(terminated)}`;
    const reason = isObject(waiting) ? textAt(waiting, 'reason') : '';
    if (reason !== '' && reason !== 'PodInitializing') return `Init:${reason}`;
    return `Init:${index}/${total}`;
  }
  return undefined;
}

function terminatedText(terminated: JsonObject): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = terminated['signal'];
  return typeof signal === 'number' && signal !== 0 ? `Signal:${signal}` : `ExitCode:${String(terminated['exitCode'] ?? 0)}`;
}

function restartsText(pod: JsonObject, wallTime: number): string {
  let restarts = 0;
  let last = '';
  for (const container of containerStatuses(pod)) {
    restarts += Number(container['restartCount'] ?? 0);
    const finished = textAt(objectAt(objectAt(container, 'lastState'), 'terminated'), 'finishedAt');
    if (finished > last) last = finished;
  }
  return restarts === 0 || last === '' ? String(restarts) : `${restarts} (${ageSince(last, wallTime)} ago)`;
}

export function isConditionTrue(object: JsonObject, type: string): boolean {
  return listAt(objectAt(object, 'status'), 'conditions').some(
    (one) => isObject(one) && one['type'] === type && one['status'] === 'True',
  );
}

/** For templates that may come without labels. */
export function validateTemplate(template: JsonObject, path: string): Cause[] {
  if (Object.keys(template).length === 0) return [required(path)];
  return validatePodSpec(objectAt(template, 'spec'), `${path}.spec`);
}
