/** The webhook configurations of the chart: whom they ask, about what, and what happens when nobody answers. */
import { composeInjector, type WebhookConfiguration } from '@sluice/injector';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { KubernetesClient } from '@sluice/kubernetes';
import { createInProcessTransport } from '@sluice/local';
import { createTestApiServer, type TestApiServer } from '@sluice/local/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { render } from './helm.ts';
import type { RenderedChart } from './rendered-chart.ts';
import { settingsOf } from './settings.ts';
import { variants } from './variants.ts';

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service: { readonly name: string; readonly namespace: string; readonly path: string; readonly port: number } };
}

const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;
const configurationsOf = (chart: RenderedChart, kind: (typeof kinds)[number]) => chart.ofKind<WebhookConfiguration>(kind);
const webhooksOf = (chart: RenderedChart): Webhook[] => kinds.flatMap((kind) => configurationsOf(chart, kind)).flatMap(({ webhooks = [] }) => webhooks as unknown as Webhook[]);

describe.skipIf(kubernetesToolsMissing !== undefined).each(variants)('with $name, webhooks', ({ set }) => {
  let chart: RenderedChart;
  beforeAll(async () => {
    chart = await render({ set });
  });

  test('lead to the injector, at paths where it answers, and all of those are asked', () => {
    const [port] = chart.get('Service', 'sluice-injector').spec.ports ?? [];
    const time = new SimulatedTime();
    const client = new KubernetesClient({ transport: createInProcessTransport(createTestApiServer().server), fieldManager: 'test' });
    const shared = { clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() };
    const { reviewers } = composeInjector({ ...shared, client, settings: settingsOf(chart, 'injector'), onPair: () => {} });
    const asked = webhooksOf(chart).map(({ clientConfig: { service } }) => service);
    for (const service of asked) expect(service).toMatchObject({ name: 'sluice-injector', namespace: 'mesh', port: port?.port });
    expect([...new Set(asked.map(({ path }) => path))].toSorted()).toEqual(Object.keys(reviewers).toSorted());
  });

  test('are told whom to trust by the injector, or by cert-manager', () => {
    const { certificates, mutatingConfigurations, validatingConfigurations } = settingsOf(chart, 'injector');
    const names = kinds.map((kind) => configurationsOf(chart, kind).map(({ metadata }) => metadata.name).toSorted());
    if (certificates === 'self') expect([mutatingConfigurations.toSorted(), validatingConfigurations.toSorted()]).toEqual(names);
    for (const { metadata } of kinds.flatMap((kind) => configurationsOf(chart, kind))) {
      expect(metadata.annotations?.['cert-manager.io/inject-ca-from']).toBe(certificates === 'self' ? undefined : 'mesh/injector');
    }
  });
});

test.skipIf(kubernetesToolsMissing !== undefined)('without the injector there is nothing of it', async () => {
  const { objects } = await render({ set: ['injector.enabled=false'] });
  expect(objects.filter((object) => /injector|webhook/i.test(`${object.kind} ${object.metadata.name} ${JSON.stringify(object['subjects'] ?? '')}`))).toEqual([]);
});

describe.skipIf(kubernetesToolsMissing !== undefined)('while the injector is away', () => {
  let api: TestApiServer;
  const asked: string[] = [];
  beforeAll(async () => {
    const chart = await render();
    const call = ({ body }: { readonly body: string }): Promise<never> => {
      const { request } = JSON.parse(body) as { request: { resource: { resource: string }; namespace: string; name: string } };
      asked.push(`${request.resource.resource} ${request.namespace}/${request.name}`);
      return Promise.reject(new Error('away'));
    };
    api = createTestApiServer({ webhooks: { call, close() {} } });
    const namespace = (name: string, labels: object = {}) => api.send('POST', '/api/v1/namespaces', { metadata: { name, labels } });
    await Promise.all([namespace('kube-system', { 'sluice.dev/injection': 'enabled' }), namespace('mesh', { 'sluice.dev/injection': 'enabled' }), namespace('shop', { 'sluice.dev/injection': 'enabled' }), namespace('bank', { 'sluice.dev/injection': 'disabled' })]);
    await api.send('POST', '/api/v1/namespaces/mesh/services', chart.get('Service', 'sluice-injector'));
    const slice = { metadata: { name: 'injector', labels: { 'kubernetes.io/service-name': 'sluice-injector' } }, addressType: 'IPv4', ports: [{ name: 'webhook', port: 8443 }], endpoints: [{ addresses: ['10.0.0.9'] }] };
    await api.send('POST', '/apis/discovery.k8s.io/v1/namespaces/mesh/endpointslices', slice);
    for (const kind of kinds) {
      for (const configuration of configurationsOf(chart, kind)) {
        const { status, text } = await api.send('POST', `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`, configuration);
        expect(status, text).toBe(201);
      }
    }
  });

  const pod = (namespace: string, name: string, labels: object = {}) => api.send('POST', `/api/v1/namespaces/${namespace}/pods`, { metadata: { name, labels }, spec: { containers: [{ name: 'c', image: 'i' }] } });

  test('every pod is still made, and only those that want a proxy were asked about, once', async () => {
    const made = [
      await pod('kube-system', 'dns'),
      await pod('mesh', 'gateway', { 'sluice.dev/inject': 'true' }),
      await pod('shop', 'web', { 'sluice.dev/inject': 'true' }),
      await pod('shop', 'out', { 'sluice.dev/inject': 'false' }),
      await pod('shop', 'revision', { 'serving.knative.dev/revision': 'hello-00001' }),
      await pod('bank', 'vault', { 'sluice.dev/inject': 'true' }),
      await pod('default', 'plain'),
      await pod('default', 'asks', { 'sluice.dev/inject': 'true' }),
    ];
    expect(made.map(({ status }) => status)).toEqual(made.map(() => 201));
    expect(asked.splice(0)).toEqual(['pods shop/web', 'pods default/asks']);
  });

  test('configuration stands still here, and nowhere else', async () => {
    const map = (namespace: string) => api.send('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'config-gc' } });
    expect([(await map('mesh')).status, (await map('kube-system')).status, (await map('shop')).status]).toEqual([500, 201, 201]);
    expect(asked.splice(0)).toEqual(['configmaps mesh/config-gc']);
  });

  test('it can all be taken away', async () => {
    for (const [index, kind] of kinds.entries()) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`;
      expect((await api.send('DELETE', path)).status).toBe(200);
      expect(((await api.send('GET', path)).json['items'] as unknown[]).length, String(index)).toBe(0);
    }
    expect((await api.send('POST', '/api/v1/namespaces/mesh/configmaps', { metadata: { name: 'config-gc' } })).status).toBe(201);
  });
});
