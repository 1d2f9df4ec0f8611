/** Namespace, ConfigMap, Secret, ServiceAccount, Lease and Node: kinds with few rules of their own. */
import type { JsonObject } from '../../json.ts';
import { ensureObject, equalJson, isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { Cause } from '../../status-error.ts';
import { AGE_COLUMN, NAME_COLUMN, column } from '../../tables/column.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';
import { badValue, required } from './pod-validation.ts';
import { isConditionTrue } from './pod.ts';

/** The most that one ConfigMap or Secret may hold, in bytes (Kubernetes' `MaxSecretSize`). */
const DATA_BYTES_MAX = 1024 * 1024;

export const NAMESPACE: BuiltinKind = {
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  selectableFields: ['status.phase'],
  columns: [NAME_COLUMN, column('Status', (one) => textAt(objectAt(one, 'status'), 'phase')), AGE_COLUMN],
  rules: {
    nameRule: 'label',
    complete(namespace) {
      const metadata = ensureObject(namespace, 'metadata');
      // So that a selector can pick a namespace by its name.
      if (textAt(metadata, 'name') !== '') {
        ensureObject(metadata, 'labels')['kubernetes.io/metadata.name'] = textAt(metadata, 'name');
      }
      ensureObject(namespace, 'spec');
      fallback(ensureObject(namespace, 'status'), 'phase', 'Active');
    },
    prepareCreate(namespace) {
      // Keeps a deleted namespace until it has been emptied; only the namespace lifecycle takes it away.
      namespace['spec'] = { finalizers: ['kubernetes'] };
      namespace['status'] = { phase: 'Active' };
    },
    prepareUpdate(next, previous) {
      next['spec'] = objectAt(previous, 'spec');
    },
  },
};

export const CONFIG_MAP: BuiltinKind = {
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  columns: [
    NAME_COLUMN,
    column('Data', (one) => Object.keys(objectAt(one, 'data')).length + Object.keys(objectAt(one, 'binaryData')).length),
    AGE_COLUMN,
  ],
  rules: {
    validate: (one) => [
      ...validateKeys(objectAt(one, 'data'), 'data'),
      ...validateKeys(objectAt(one, 'binaryData'), 'binaryData'),
      ...validateSize([objectAt(one, 'data'), objectAt(one, 'binaryData')]),
    ],
    validateUpdate: (next, previous) => validateImmutable(next, previous, ['data', 'binaryData']),
  },
};

export const SECRET: BuiltinKind = {
  kind: 'Secret',
  plural: 'secrets',
  selectableFields: ['type'],
  columns: [
    NAME_COLUMN,
    column('Type', (one) => textAt(one, 'type')),
    column('Data', (one) => Object.keys(objectAt(one, 'data')).length),
    AGE_COLUMN,
  ],
  rules: {
    complete(secret) {
      fallback(secret, 'type', 'Opaque');
      const plain = objectAt(secret, 'stringData');
      for (const [key, value] of Object.entries(plain)) {
        ensureObject(secret, 'data')[key] = Buffer.from(String(value), 'utf8').toString('base64');
      }
      // Write-only: what was given in plain text is kept and shown encoded.
      delete secret['stringData'];
    },
    validate: (one) => [
      ...validateKeys(objectAt(one, 'data'), 'data'),
      ...validateSize([objectAt(one, 'data')]),
      ...validateTls(one),
    ],
    validateUpdate(next, previous) {
      const causes = validateImmutable(next, previous, ['data']);
      if (textAt(next, 'type') !== textAt(previous, 'type')) {
        causes.push(badValue('type', JSON.stringify(textAt(next, 'type')), 'field is immutable'));
      }
      return causes;
    },
  },
};

export const SERVICE_ACCOUNT: BuiltinKind = {
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  hasTokens: true,
  answersDeletedObject: true,
  columns: [NAME_COLUMN, column('Secrets', (one) => listAt(one, 'secrets').length), AGE_COLUMN],
};

export const LEASE: BuiltinKind = {
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  columns: [NAME_COLUMN, column('Holder', (one) => textAt(objectAt(one, 'spec'), 'holderIdentity')), AGE_COLUMN],
  rules: {
    complete(lease) {
      ensureObject(lease, 'spec');
    },
    validate(lease) {
      const seconds = objectAt(lease, 'spec')['leaseDurationSeconds'];
      if (typeof seconds !== 'number' || seconds > 0) return [];
      return [badValue('spec.leaseDurationSeconds', String(seconds), 'must be greater than 0')];
    },
  },
};

export const NODE: BuiltinKind = {
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  hasStatus: true,
  selectableFields: ['spec.unschedulable'],
  columns: [
    NAME_COLUMN,
    column('Status', (one) => (isConditionTrue(one, 'Ready') ? 'Ready' : 'NotReady')),
    column('Roles', (one) => rolesText(one)),
    AGE_COLUMN,
    column('Version', (one) => textAt(nodeInfo(one), 'kubeletVersion')),
    column('Internal-IP', (one) => nodeAddress(one, 'InternalIP'), 1),
    column('External-IP', (one) => nodeAddress(one, 'ExternalIP'), 1),
    column('OS-Image', (one) => textAt(nodeInfo(one), 'osImage') || '<unknown>', 1),
    column('Kernel-Version', (one) => textAt(nodeInfo(one), 'kernelVersion') || '<unknown>', 1),
    column('Container-Runtime', (one) => textAt(nodeInfo(one), 'containerRuntimeVersion') || '<unknown>', 1),
  ],
};

/** Keys become file names when mounted. */
function validateKeys(map: JsonObject, field: string): Cause[] {
  const bad = Object.keys(map).filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key) || key === '.' || key === '..' || key.length > 253);
  const words = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  return bad.map((key) => badValue(`${field}[${key}]`, JSON.stringify(key), words));
}

function validateTls(secret: JsonObject): Cause[] {
  if (secret['type'] !== 'kubernetes.io/tls') return [];
  const data = objectAt(secret, 'data');
  return ['tls.crt', 'tls.key'].filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`));
}

function validateSize(maps: readonly JsonObject[]): Cause[] {
  let bytes = 0;
  for (const map of maps) {
    for (const [key, value] of Object.entries(map)) bytes += key.length + Buffer.byteLength(String(value));
  }
  if (bytes <= DATA_BYTES_MAX) return [];
  return [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${DATA_BYTES_MAX} bytes`, field: '[]' }];
}

function validateImmutable(next: JsonObject, previous: JsonObject, fields: readonly string[]): Cause[] {
  if (previous['immutable'] !== true) return [];
  const changed = ['immutable', ...fields].filter((field) => !equalJson(next[field], previous[field]));
  return changed.map((field) => ({
    reason: 'FieldValueForbidden',
    message: 'Forbidden: field is immutable when `immutable` is set',
    field,
  }));
}

function nodeInfo(node: JsonObject): JsonObject {
  return objectAt(objectAt(node, 'status'), 'nodeInfo');
}

function nodeAddress(node: JsonObject, type: string): string {
  const found = listAt(objectAt(node, 'status'), 'addresses').find((one) => isObject(one) && one['type'] === type);
  return isObject(found) ? textAt(found, 'address') : '<none>';
}

function rolesText(node: JsonObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const labels = Object.keys(objectAt(objectAt(node, 'metadata'), 'labels'));
  const roles = labels.filter((label) => label.startsWith(prefix)).map((label) => label.slice(prefix.length));
  return roles.length === 0 ? '<none>' : roles.sort().join(',');
}
