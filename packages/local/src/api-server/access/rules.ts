/** Whether somebody may do something, by the roles and bindings that are stored (RBAC). Only what a rule allows is allowed. */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import type { UserInfo } from '../request/user.ts';

/** What is to be done. */
export type Attributes =
  | {
      readonly kind: 'resource';
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      /** Empty: all namespaces, or a kind outside them. */
      readonly namespace: string;
      /** Empty: a collection, or a name that is not known yet. */
      readonly name: string;
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

export interface Decision {
  readonly allowed: boolean;
  /** Which binding of which role allows it; empty when none does. */
  readonly reason: string;
}

/** The objects that decide. All are read anew for each question: there are few, and they change while a chart is installed. */
export interface AccessObjects {
  /** @param plural of rbac.authorization.k8s.io */
  list(plural: string): readonly JsonObject[];
}

/** Whoever is in it may do anything, whatever the roles say: else nobody could mend them. */
const MASTERS = 'system:masters';

export function authorize(objects: AccessObjects, user: UserInfo, attributes: Attributes): Decision {
  if (user.groups.includes(MASTERS)) return { allowed: true, reason: '' };
  for (const { rules, reason } of grantsOf(objects, user, attributes.kind === 'resource' ? attributes.namespace : '')) {
    if (rules.some((rule) => isAllowed(rule, attributes))) return { allowed: true, reason };
  }
  return { allowed: false, reason: '' };
}

/** The rules of everything that is bound to somebody, cluster-wide and in one namespace. */
export function rulesOf(objects: AccessObjects, user: UserInfo, namespace: string): JsonObject[] {
  return [...grantsOf(objects, user, namespace)].flatMap(({ rules }) => rules);
}

interface Grant {
  readonly rules: readonly JsonObject[];
  readonly reason: string;
}

function* grantsOf(objects: AccessObjects, user: UserInfo, namespace: string): Generator<Grant> {
  for (const plural of ['clusterrolebindings', 'rolebindings'] as const) {
    const kind = plural === 'rolebindings' ? 'RoleBinding' : 'ClusterRoleBinding';
    for (const binding of objects.list(plural)) {
      const metadata = objectAt(binding, 'metadata');
      const bound = textAt(metadata, 'namespace');
      if (kind === 'RoleBinding' && (namespace === '' || bound !== namespace)) continue;
      const subject = listAt(binding, 'subjects').find((one) => isObject(one) && isSubject(one, bound, user));
      if (!isObject(subject)) continue;
      const role = objectAt(binding, 'roleRef');
      const where = kind === 'RoleBinding' ? `${textAt(metadata, 'name')}/${bound}` : textAt(metadata, 'name');
      const reason = `RBAC: allowed by ${kind} "${where}" of ${textAt(role, 'kind')} "${textAt(role, 'name')}" to ${subjectText(subject, bound)}`;
      yield { rules: rulesOfRole(objects, role, bound), reason };
    }
  }
}

function isSubject(subject: JsonObject, namespace: string, user: UserInfo): boolean {
  const name = textAt(subject, 'name');
  switch (subject['kind']) {
    case 'User':
      return name === user.username;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.username === `system:serviceaccount:${textAt(subject, 'namespace') || namespace}:${name}`;
    default:
      return false;
  }
}

function subjectText(subject: JsonObject, namespace: string): string {
  const name = textAt(subject, 'name');
  if (subject['kind'] === 'ServiceAccount') return `ServiceAccount "${name}/${textAt(subject, 'namespace') || namespace}"`;
  return `${textAt(subject, 'kind')} "${name}"`;
}

function rulesOfRole(objects: AccessObjects, reference: JsonObject, namespace: string): JsonObject[] {
  const isCluster = textAt(reference, 'kind') === 'ClusterRole';
  const role = objects
    .list(isCluster ? 'clusterroles' : 'roles')
    .find(({ metadata }) => isObject(metadata) && metadata['name'] === reference['name'] && (isCluster || metadata['namespace'] === namespace));
  return listAt(role, 'rules').filter((rule) => isObject(rule));
}

function isAllowed(rule: JsonObject, attributes: Attributes): boolean {
  if (!includes(rule, 'verbs', attributes.verb)) return false;
  if (attributes.kind === 'path') return listAt(rule, 'nonResourceURLs').some((one) => isPath(String(one), attributes.path));
  const { group, resource, subresource, name } = attributes;
  const names = listAt(rule, 'resourceNames');
  return includes(rule, 'apiGroups', group) && isResource(listAt(rule, 'resources'), resource, subresource) && (names.length === 0 || (name !== '' && names.includes(name)));
}

function includes(rule: JsonObject, field: string, value: string): boolean {
  const list = listAt(rule, field);
  return list.includes('*') || list.includes(value);
}

/** `pods/log`, `*\/scale`, or `*` for everything with all its parts. */
function isResource(resources: readonly unknown[], resource: string, subresource: string): boolean {
  if (resources.includes('*')) return true;
  if (subresource === '') return resources.includes(resource);
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

function isPath(allowed: string, path: string): boolean {
  if (allowed === '*' || allowed === path) return true;
  return allowed.endsWith('*') && path.startsWith(allowed.slice(0, -1));
}
