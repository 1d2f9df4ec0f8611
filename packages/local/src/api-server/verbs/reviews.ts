/**
 * Questions about rights and identity. The embedded server knows no users and refuses nobody, so each
 * is answered with yes: what asks before it acts goes on.
 */
import type { JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import { LOCAL_USER } from '../request/user.ts';

interface Review {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  answer(spec: JsonObject): JsonObject;
}


export const REVIEWS: readonly Review[] = [
  review('authorization.k8s.io', 'SelfSubjectAccessReview', () => ({ allowed: true, reason: 'the embedded server allows everything' })),
  review('authorization.k8s.io', 'SubjectAccessReview', () => ({ allowed: true, reason: 'the embedded server allows everything' })),
  review('authorization.k8s.io', 'SelfSubjectRulesReview', () => ({
    incomplete: false,
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  })),
  review('authentication.k8s.io', 'SelfSubjectReview', () => ({ userInfo: localUser() })),
  review('authentication.k8s.io', 'TokenReview', () => ({
    authenticated: true,
    user: localUser(),
  })),
];

function localUser(): JsonObject {
  return { username: LOCAL_USER.username, groups: [...LOCAL_USER.groups] };
}

/** The review with its answer as status. */
export function answerReview(found: Review, body: JsonObject): JsonObject {
  const spec = objectAt(body, 'spec');
  return {
    kind: found.kind,
    apiVersion: `${found.group}/v1`,
    metadata: { creationTimestamp: null },
    spec,
    status: found.answer(spec),
  };
}

function review(group: string, kind: string, answer: Review['answer']): Review {
  return { group, kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), answer };
}
