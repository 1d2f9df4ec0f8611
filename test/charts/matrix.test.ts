/**
 * Every way in which the chart is rendered, by what must hold of each: two renders of one set of values are the same to the byte; no two
 * objects have one name; every document is as Kubernetes' own schemas have it, made strict; nobody is granted anything by a star; every pod meets the restricted
 * profile; every selector finds a pod that is rendered. The sets: each of `variants.ts`, each switch of `values.yaml` turned, the values for high availability,
 * and the oldest and the newest Kubernetes. What components are told, and where they listen, `components.test.ts` asks.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { chartFolder, lint, parseChart, renderText, type RenderOptions } from './helm.ts';
import type { Manifest, RenderedChart, RenderedContainer } from './rendered-chart.ts';
import { problemsOf } from './schemas.ts';
import { variants } from './variants.ts';

/** What the chart says it is for, and the newest that there is. */
const versions = { oldest: '1.32.0', newest: '1.36.0' };
const gatewayClasses = 'gateway.networking.k8s.io/v1/GatewayClass';

/** Kinds of others, whose schemas those bring. */
const ofOthers = ['ServiceMonitor', 'GatewayClass'];

/** A switch that cannot be turned without another value. */
const together: Readonly<Record<string, readonly string[]>> = {
  'controller.certificates.issue': ['gateway.httpsPort=8443', 'controller.certificates.authoritySecretName=root'],
};

const values: unknown = parse(readFileSync(join(chartFolder('sluice'), 'values.yaml'), 'utf8'));

/** Every value that is true or false, turned. */
function switches(node: unknown, path = ''): { readonly name: string; readonly options: RenderOptions }[] {
  if (typeof node === 'boolean') return [{ name: `${path} ${node ? 'off' : 'on'}`, options: { set: [`${path}=${!node}`, ...(together[path] ?? [])] } }];
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return [];
  return Object.entries(node).flatMap(([key, inner]) => switches(inner, path === '' ? key : `${path}.${key}`));
}

const matrix: readonly { readonly name: string; readonly options: RenderOptions }[] = [
  ...variants.map(({ name, set }) => ({ name, options: { set } })),
  ...switches(values),
  { name: 'high availability', options: { values: ['values-ha.yaml'] } },
  { name: `Kubernetes ${versions.oldest}`, options: { kubeVersion: versions.oldest } },
  { name: `Kubernetes ${versions.newest}, with Gateway API`, options: { kubeVersion: versions.newest, apiVersions: [gatewayClasses] } },
];

const nameOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;

test('each switch of the values is turned', () => {
  expect(switches(values).map(({ name }) => name)).toEqual(expect.arrayContaining(['injector.enabled off', 'networkPolicy.enabled on', 'gateway.autoscaling.enabled on']));
});

describe.skipIf(kubernetesToolsMissing !== undefined).each(matrix)('with $name', ({ options }) => {
  let chart: RenderedChart;
  let texts: readonly string[];
  beforeAll(async () => {
    texts = [await renderText(options), await renderText(options)];
    chart = parseChart(texts[0] ?? '');
  });

  test('two renders are the same, and no two objects have one name', () => {
    expect(texts[1]).toBe(texts[0]);
    const names = chart.objects.map(nameOf);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('every document is as Kubernetes has it', () => {
    const found = chart.objects.map((object) => ({ object: nameOf(object), kind: object.kind ?? '', problems: problemsOf(object) }));
    expect(found.filter(({ kind, problems }) => (problems === undefined ? !ofOthers.includes(kind) : problems.length > 0))).toEqual([]);
  });

  test('nobody is granted anything by a star', () => {
    const rules = [...chart.ofKind('ClusterRole'), ...chart.ofKind('Role')].flatMap((role) => role['rules'] as Readonly<Record<string, readonly string[]>>[]);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter((rule) => Object.values(rule).some((list) => list.includes('*')))).toEqual([]);
  });

  test('every pod, those of tests too, meets the restricted profile', () => {
    for (const pod of podsOf(chart)) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext } of pod.containers) expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
  });

  test('every selector finds pods, and every role somebody who has it', () => {
    const labels = chart.ofKind('Deployment').map(({ spec }) => (spec as { template: { metadata: { labels: Record<string, string> } } }).template.metadata.labels);
    const finds = (selector: Readonly<Record<string, string>>): boolean => labels.some((own) => Object.entries(selector).every(([label, value]) => own[label] === value));
    const selecting = chart.objects.flatMap((object) => selectorsOf(object).map((selector) => ({ object: nameOf(object), selector })));
    expect(selecting.length).toBeGreaterThan(10);
    expect(selecting.filter(({ selector }) => !finds(selector))).toEqual([]);
    const bindings = [...chart.ofKind('ClusterRoleBinding'), ...chart.ofKind('RoleBinding')].map(({ roleRef, subjects }) => ({ roleRef: roleRef as { kind: string; name: string }, subjects: subjects as { name: string; namespace: string }[] }));
    for (const { roleRef, subjects } of bindings) {
      expect(chart.ofKind(roleRef.kind).map(({ metadata }) => metadata.name)).toContain(roleRef.name);
      for (const { name } of subjects) expect(chart.ofKind('ServiceAccount').map(({ metadata }) => metadata.name)).toContain(name);
    }
  });
});

describe.skipIf(kubernetesToolsMissing !== undefined)('Kubernetes', () => {
  test('older than the chart is for is refused', async () => {
    await expect(renderText({ kubeVersion: '1.31.9' })).rejects.toThrow(/requires kubeVersion: >=1\.32\.0-0/);
  });

  test.each(Object.values(versions))('%s has every API that the charts use', async (version) => {
    for (const chart of ['sluice', 'sluice-crds'] as const) expect(await lint(chart, version)).toContain('0 chart(s) failed');
  });
});

test.skipIf(kubernetesToolsMissing !== undefined)('two releases side by side have no object in common, and each its own webhooks', async () => {
  const apiVersions = [gatewayClasses];
  const [one, other] = (await Promise.all([renderText({ apiVersions }), renderText({ apiVersions, release: 'trial', namespace: 'trial', set: ['clusterSuffix=trial'] })])).map(parseChart) as [RenderedChart, RenderedChart];
  const names = new Set(one.objects.map(nameOf));
  expect(other.objects).toHaveLength(one.objects.length);
  expect(other.objects.map(nameOf).filter((name) => names.has(name))).toEqual([]);
  const text = JSON.stringify(other.objects);
  expect(text).not.toContain('"mesh"');
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const own = other.ofKind(kind);
    const told = other.container('injector').args.find((arg) => arg.startsWith(kind === 'MutatingWebhookConfiguration' ? '--mutating' : '--validating')) ?? '';
    expect(own.length).toBeGreaterThan(0);
    expect(told.split('=')[1]?.split(',').toSorted()).toEqual(own.map(({ metadata }) => metadata.name).toSorted());
    for (const { webhooks } of own) for (const { clientConfig } of webhooks as { clientConfig: { service: { namespace: string } } }[]) expect(clientConfig.service.namespace).toBe('trial');
  }
  // Pods of the one are found by nothing of the other.
  const labels = one.ofKind('Deployment').map(({ spec }) => (spec as { template: { metadata: { labels: Record<string, string> } } }).template.metadata.labels);
  const found = other.objects.flatMap(selectorsOf).filter((selector) => labels.some((own) => Object.entries(selector).every(([label, value]) => own[label] === value)));
  expect(found).toEqual([]);
});

interface PodLike {
  readonly securityContext: unknown;
  readonly containers: readonly Pick<RenderedContainer, 'securityContext'>[];
}

function podsOf(chart: RenderedChart): PodLike[] {
  return [...chart.ofKind('Deployment').map(({ spec }) => (spec as { template: { spec: PodLike } }).template.spec), ...chart.ofKind('Pod').map(({ spec }) => spec as PodLike)];
}

/** By what an object finds pods of this release. Policies of networks name others, too. */
function selectorsOf({ kind, spec }: Manifest): Readonly<Record<string, string>>[] {
  const { selector, podSelector } = (spec ?? {}) as { selector?: Record<string, string> & { matchLabels?: Record<string, string> }; podSelector?: { matchLabels?: Record<string, string> } };
  if (kind === 'Service') return selector ? [selector] : [];
  if (kind === 'Deployment' || kind === 'PodDisruptionBudget') return selector?.matchLabels ? [selector.matchLabels] : [];
  return kind === 'NetworkPolicy' && podSelector?.matchLabels ? [podSelector.matchLabels] : [];
}
