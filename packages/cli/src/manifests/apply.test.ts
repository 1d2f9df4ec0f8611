import { createMeter, createSeededRandom, formatProblem, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { KubernetesClient } from '@sluice/kubernetes';
import { createApiServer, createInProcessTransport, createMemoryStorage, type WebhookCaller } from '@sluice/local';
import { expect, test } from 'vitest';
import { applyManifests } from './apply.ts';
import { Discovery } from './discovery.ts';
import { parseManifests } from './read.ts';

/** A server that knows the built-in kinds, and what it says to the objects of `text`. */
function mesh(webhooks?: WebhookCaller) {
  const time = new SimulatedTime();
  const surroundings = { clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() };
  const api = createApiServer({ ...surroundings, storage: createMemoryStorage(), ...(webhooks ? { webhooks } : {}) });
  const client = new KubernetesClient({ transport: createInProcessTransport(api), fieldManager: 'test' });
  return async (text: string) => {
    const { manifests } = parseManifests(text, 'a.yaml');
    const { applied, problems } = await applyManifests(client, new Discovery(client), manifests);
    return { applied: applied.map(({ manifest, result }) => `${result} ${manifest.object.metadata.name}`), problems: problems.map(formatProblem) };
  };
}

const configMap = (name: string, more = ''): string => `---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}`;

test('what has not changed in the file is left alone', async () => {
  const apply = mesh();
  expect(await apply(configMap('a'))).toEqual({ applied: ['applied a'], problems: [] });
  expect(await apply(configMap('a'))).toEqual({ applied: ['unchanged a'], problems: [] });
  expect(await apply(configMap('a', 'data: {x: y}\n'))).toEqual({ applied: ['applied a'], problems: [] });
});

test('a field that the kind does not have is refused where it stands, and others are applied', async () => {
  const { applied, problems } = await mesh()(configMap('slip', 'dat: {x: y}\n') + configMap('fine'));
  expect(problems).toEqual(['a.yaml:6:1: unknown field "dat"']);
  expect(applied).toEqual(['applied fine']);
});

test('each wrong field is told where it stands, without the words of the request', async () => {
  const { problems } = await mesh()('apiVersion: v1\nkind: Namespace\nmetadata:\n  name: Not_A_Name\n');
  expect(problems).toEqual([expect.stringMatching(/^a\.yaml:4:3: metadata\.name: Invalid value: "Not_A_Name"/)]);
});

test('what a webhook of serving refuses is told where it stands, each complaint by itself', async () => {
  const message = 'validation failed: Immutable fields changed (-old +new): spec.a\n-1\n+2\nmust not set the field(s): metadata.labels';
  const call = ({ body }: { readonly body: string }) => {
    const { uid } = (JSON.parse(body) as { request: { uid: string } }).request;
    const response = { uid, allowed: false, status: { code: 400, reason: 'BadRequest', message } };
    return Promise.resolve({ status: 200, body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }) });
  };
  const rules = 'rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]';
  const hook = `{name: a.b.c, clientConfig: {url: "https://a"}, ${rules}, sideEffects: None, admissionReviewVersions: [v1]}`;
  const apply = mesh({ call, close() {} });
  await apply(`apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: a}\nwebhooks: [${hook}]\n`);
  const { problems } = await apply(configMap('refused', '  labels: {a: b}\n'));
  expect(problems).toEqual([expect.stringMatching(/^a\.yaml:\d+:\d+: Immutable fields changed \(-old \+new\): spec\.a\n-1\n\+2$/), 'a.yaml:6:3: must not set the field(s): metadata.labels']);
});

test('a kind that nobody knows is told in words', async () => {
  const { problems } = await mesh()('apiVersion: v1\nkind: ConfgMap\nmetadata: {name: a}\n');
  expect(problems).toEqual(['a.yaml:1:1: no kind ConfgMap in v1']);
});

test('a namespace is there before what lives in it, wherever it stands', async () => {
  const inTeam = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: team}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n';
  expect(await mesh()(inTeam)).toEqual({ applied: ['applied team', 'applied a'], problems: [] });
});
