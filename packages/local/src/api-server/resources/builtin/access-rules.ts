/** Role, ClusterRole and their bindings (rbac.authorization.k8s.io): who may do what. `access/` reads them. */
import type { JsonObject } from '../../json.ts';
import { equalJson, isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { Cause } from '../../status-error.ts';
import { AGE_COLUMN, NAME_COLUMN, column, type Column } from '../../tables/column.ts';
import { CREATED_COLUMN } from '../../tables/created-column.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';
import { badValue, notSupported, required } from './pod-validation.ts';

const GROUP = 'rbac.authorization.k8s.io';

export const ROLE: BuiltinKind = {
  group: GROUP,
  kind: 'Role',
  plural: 'roles',
  columns: [NAME_COLUMN, CREATED_COLUMN],
  rules: { nameRule: 'path-segment', validate: (role) => validateRules(role, true) },
};

export const CLUSTER_ROLE: BuiltinKind = {
  group: GROUP,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  columns: [NAME_COLUMN, CREATED_COLUMN],
  rules: { nameRule: 'path-segment', validate: (role) => validateRules(role, false) },
};

export const ROLE_BINDING: BuiltinKind = {
  group: GROUP,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  columns: bindingColumns(),
  rules: { nameRule: 'path-segment', complete: completeBinding, validate: (one) => validateBinding(one, ['Role', 'ClusterRole']), validateUpdate: validateRoleKept },
};

export const CLUSTER_ROLE_BINDING: BuiltinKind = {
  group: GROUP,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  columns: bindingColumns(),
  rules: { nameRule: 'path-segment', complete: completeBinding, validate: (one) => validateBinding(one, ['ClusterRole']), validateUpdate: validateRoleKept },
};

function completeBinding(binding: JsonObject): void {
  const role = binding['roleRef'];
  if (isObject(role) && textAt(role, 'apiGroup') === '') role['apiGroup'] = GROUP;
  for (const subject of listAt(binding, 'subjects')) {
    if (isObject(subject) && subject['kind'] !== 'ServiceAccount') fallback(subject, 'apiGroup', GROUP);
  }
}

function validateRules(role: JsonObject, isNamespaced: boolean): Cause[] {
  const causes: Cause[] = [];
  for (const [index, rule] of listAt(role, 'rules').entries()) {
    if (!isObject(rule)) continue;
    const path = `rules[${index}]`;
    if (listAt(rule, 'verbs').length === 0) causes.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
    const paths = listAt(rule, 'nonResourceURLs');
    if (paths.length > 0 && isNamespaced) {
      causes.push(badValue(`${path}.nonResourceURLs`, JSON.stringify(paths), 'namespaced rules cannot apply to non-resource URLs'));
    }
    if (paths.length > 0) continue;
    if (listAt(rule, 'apiGroups').length === 0) causes.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
    if (listAt(rule, 'resources').length === 0) causes.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return causes;
}

function validateBinding(binding: JsonObject, roleKinds: readonly string[]): Cause[] {
  const causes: Cause[] = [];
  const role = objectAt(binding, 'roleRef');
  if (!roleKinds.includes(textAt(role, 'kind'))) causes.push(notSupported('roleRef.kind', textAt(role, 'kind'), roleKinds));
  if (textAt(role, 'name') === '') causes.push(required('roleRef.name'));
  for (const [index, subject] of listAt(binding, 'subjects').entries()) {
    if (!isObject(subject)) continue;
    const path = `subjects[${index}]`;
    if (textAt(subject, 'name') === '') causes.push(required(`${path}.name`));
    const kind = textAt(subject, 'kind');
    if (kind === 'ServiceAccount') {
      if (textAt(subject, 'namespace') === '') causes.push(required(`${path}.namespace`));
    } else if (kind !== 'User' && kind !== 'Group') {
      causes.push(notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
    }
  }
  return causes;
}

/** A binding that changed its role would give everybody in it other rights unseen. */
function validateRoleKept(next: JsonObject, previous: JsonObject): Cause[] {
  if (equalJson(next['roleRef'], previous['roleRef'])) return [];
  return [badValue('roleRef', JSON.stringify(next['roleRef'] ?? null), 'cannot change roleRef')];
}

function bindingColumns(): Column[] {
  const names = (kind: string, nameOf: (subject: JsonObject) => string) => (binding: JsonObject) =>
    listAt(binding, 'subjects')
      .filter((subject) => isObject(subject) && subject['kind'] === kind)
      .map((subject) => nameOf(subject as JsonObject))
      .join(', ');
  return [
    NAME_COLUMN,
    column('Role', (binding) => `${textAt(objectAt(binding, 'roleRef'), 'kind')}/${textAt(objectAt(binding, 'roleRef'), 'name')}`),
    AGE_COLUMN,
    column('Users', names('User', (subject) => textAt(subject, 'name')), 1),
    column('Groups', names('Group', (subject) => textAt(subject, 'name')), 1),
    column('ServiceAccounts', names('ServiceAccount', (subject) => `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}`), 1),
  ];
}
