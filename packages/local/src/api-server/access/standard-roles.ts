/** The roles without which nobody could even ask what there is. A cluster makes them at its start; so does a server that checks rights. */
import type { JsonObject } from '../json.ts';
import { formatTime, type ServerContext } from '../verbs/context.ts';
import { randomUid } from '../verbs/random-names.ts';

const GROUP = 'rbac.authorization.k8s.io';

interface StandardRole {
  readonly name: string;
  readonly rules: readonly JsonObject[];
  readonly groups: readonly string[];
}

const ROLES: readonly StandardRole[] = [
  {
    name: 'cluster-admin',
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ],
    groups: ['system:masters'],
  },
  {
    name: 'system:discovery',
    rules: [{ nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/'], verbs: ['get'] }],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:basic-user',
    rules: [
      { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], verbs: ['create'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:public-info-viewer',
    rules: [{ nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] }],
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
];

/** Makes those that are not there; what somebody has changed stays as it is. */
export function createStandardRoles(context: ServerContext): void {
  for (const { name, rules, groups } of ROLES) {
    keep(context, 'clusterroles', 'ClusterRole', name, { rules: rules.map((rule) => ({ ...rule })) });
    keep(context, 'clusterrolebindings', 'ClusterRoleBinding', name, {
      subjects: groups.map((group) => ({ kind: 'Group', apiGroup: GROUP, name: group })),
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    });
  }
}

function keep(context: ServerContext, plural: string, kind: string, name: string, content: JsonObject): void {
  const { store, random, clock } = context;
  if (store.get(`${GROUP}/${plural}`, '', name)) return;
  const metadata = { name, uid: randomUid(random), resourceVersion: '', creationTimestamp: formatTime(clock.wallTime()), labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } };
  store.put(`${GROUP}/${plural}`, '', name, { kind, apiVersion: `${GROUP}/v1`, metadata, ...content });
}
