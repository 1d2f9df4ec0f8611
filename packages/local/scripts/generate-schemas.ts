/**
 * Makes `src/api-server/schema/builtin-schemas.json` out of the OpenAPI v3 documents of a Kubernetes 1.32 API
 * server, one file per group version as `kubectl get --raw /openapi/v3/apis/apps/v1` prints it:
 *
 *     node scripts/generate-schemas.ts <folder with core-v1.json, apps-v1.json, …>
 *
 * Kept are the kinds the embedded server offers and what they refer to; of each description, its first
 * sentence, for `kubectl explain`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
type Schema = { [key: string]: Value };

const KINDS: Readonly<Record<string, readonly string[]>> = {
  'core-v1': ['Namespace', 'Pod', 'Service', 'Endpoints', 'Secret', 'ConfigMap', 'Event', 'ServiceAccount', 'Node'],
  'apps-v1': ['Deployment', 'ReplicaSet'],
  'discovery.k8s.io-v1': ['EndpointSlice'],
  'coordination.k8s.io-v1': ['Lease'],
  'events.k8s.io-v1': ['Event'],
  'apiextensions.k8s.io-v1': ['CustomResourceDefinition'],
  'autoscaling-v1': ['Scale'],
  'authorization.k8s.io-v1': ['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'],
  'authentication.k8s.io-v1': ['SelfSubjectReview', 'TokenReview'],
  'autoscaling-v2': ['HorizontalPodAutoscaler'],
  'networking.k8s.io-v1': ['Ingress', 'IngressClass', 'NetworkPolicy'],
  'policy-v1': ['PodDisruptionBudget'],
  'rbac.authorization.k8s.io-v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'admissionregistration.k8s.io-v1': ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
};

const folder = process.argv[2];
if (folder === undefined) throw new Error('give the folder with the OpenAPI documents');

const kept: Record<string, Value> = {};
for (const [file, kinds] of Object.entries(KINDS)) {
  const document = JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8')) as {
    components: { schemas: Record<string, Schema> };
  };
  const group = file === 'core-v1' ? '' : file.replace(/-v\d$/, '');
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const named = (schema['x-kubernetes-group-version-kind'] ?? []) as { group: string; kind: string }[];
    const wanted = named.length === 1 && named[0]?.group === group && kinds.includes(named[0].kind);
    if (wanted) keep(name, document.components.schemas);
  }
}
const sorted = Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1)));
const target = join(import.meta.dirname, '../src/api-server/schema/builtin-schemas.json');
// One definition per line, so that a new Kubernetes version shows as a readable difference.
const lines = Object.entries(sorted).map(([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`);
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`);
process.stdout.write(`${lines.length} definitions written\n`);

function keep(name: string, schemas: Record<string, Schema>): void {
  if (kept[name] !== undefined) return;
  kept[name] = {};
  kept[name] = shorten(schemas[name] ?? {}, schemas);
}

function shorten(value: Value, schemas: Record<string, Schema>): Value {
  if (Array.isArray(value)) return value.map((item) => shorten(item, schemas));
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value['$ref'] === 'string') keep(value['$ref'].slice('#/components/schemas/'.length), schemas);
  // Every type meant for listing and deleting is named on ObjectMeta and the options; only the kind's own matters.
  const shortened: Schema = {};
  for (const [key, child] of Object.entries(value)) {
    if (key === 'description' && typeof child === 'string') shortened[key] = firstSentence(child);
    else shortened[key] = shorten(child, schemas);
  }
  return shortened;
}

function firstSentence(text: string): string {
  const end = /[.:](\s|$)/.exec(text)?.index ?? text.length;
  return text.slice(0, Math.min(end, 160)).trim();
}
