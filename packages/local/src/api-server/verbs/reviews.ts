/**
 * Questions about rights and identity, answered from the stored roles. The person at this machine may do everything; for anybody else
 * who is named, the roles decide, whether requests are checked against them or not.
 */
import { rulesOf, type Attributes } from '../access/rules.ts';
import { userJson, type Access } from '../access/access.ts';
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import type { UserInfo } from '../request/user.ts';
import { invalid } from '../status-error.ts';

interface Review {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  answer(spec: JsonObject, user: UserInfo, access: Access): JsonObject;
}

export const REVIEWS: readonly Review[] = [
  review('authorization.k8s.io', 'SelfSubjectAccessReview', (spec, user, access) => decide(spec, user, access)),
  review('authorization.k8s.io', 'SubjectAccessReview', (spec, _user, access) => decide(spec, namedUser(spec), access)),
  review('authorization.k8s.io', 'SelfSubjectRulesReview', (spec, user, access) => rulesAnswer(textAt(spec, 'namespace'), user, access)),
  review('authentication.k8s.io', 'SelfSubjectReview', (_spec, user) => ({ userInfo: userJson(user) })),
  review('authentication.k8s.io', 'TokenReview', (spec, _user, access) => {
    const read = access.readToken(textAt(spec, 'token'), listAt(spec, 'audiences').map(String));
    if (read.kind === 'refused') return { user: {}, error: read.why };
    return { authenticated: true, user: userJson(read.user), audiences: [...read.audiences] };
  }),
];

/** The review with its answer as status. @throws StatusError 422 */
export function answerReview(found: Review, body: JsonObject, user: UserInfo, access: Access): JsonObject {
  const spec = objectAt(body, 'spec');
  return {
    kind: found.kind,
    apiVersion: `${found.group}/v1`,
    metadata: { creationTimestamp: null },
    spec,
    status: found.answer(spec, user, access),
  };
}

function decide(spec: JsonObject, user: UserInfo, access: Access): JsonObject {
  const { allowed, reason } = access.decide(user, askedAttributes(spec));
  return reason === '' ? { allowed } : { allowed, reason };
}

function askedAttributes(spec: JsonObject): Attributes {
  const path = spec['nonResourceAttributes'];
  if (isObject(path)) return { kind: 'path', verb: textAt(path, 'verb'), path: textAt(path, 'path') };
  const asked = objectAt(spec, 'resourceAttributes');
  const text = (field: string): string => textAt(asked, field);
  return { kind: 'resource', verb: text('verb'), group: text('group'), resource: text('resource'), subresource: text('subresource'), namespace: text('namespace'), name: text('name') };
}

function namedUser(spec: JsonObject): UserInfo {
  const username = textAt(spec, 'user');
  const groups = listAt(spec, 'groups').map(String);
  if (username !== '' || groups.length > 0) return { username, groups };
  const message = 'Invalid value: "": at least one of user or group must be specified';
  throw invalid({ group: 'authorization.k8s.io', kind: 'SubjectAccessReview' }, [{ reason: 'FieldValueInvalid', message, field: 'spec.user' }]);
}

function rulesAnswer(namespace: string, user: UserInfo, access: Access): JsonObject {
  const resourceRules: Json[] = [];
  const nonResourceRules: Json[] = [];
  if (access.decide(user, { kind: 'path', verb: '*', path: '*' }).allowed) {
    resourceRules.push({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
    nonResourceRules.push({ verbs: ['*'], nonResourceURLs: ['*'] });
  }
  for (const rule of rulesOf(access.objects, user, namespace)) (listAt(rule, 'nonResourceURLs').length > 0 ? nonResourceRules : resourceRules).push(rule);
  return { resourceRules, nonResourceRules, incomplete: false };
}

function review(group: string, kind: string, answer: Review['answer']): Review {
  return { group, kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), answer };
}
