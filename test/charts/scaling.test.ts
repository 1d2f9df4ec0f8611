/** How many pods each component has, who may take them away, and how those of the autoscaler share their work. */
import { bucketNames } from '@sluice/autoscaler';
import type { KubernetesObject } from '@sluice/kubernetes';
import { describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { render } from './helm.ts';
import { components, type RenderedChart } from './rendered-chart.ts';
import { settingsOf } from './settings.ts';

interface DisruptionBudget extends KubernetesObject {
  readonly spec: { readonly maxUnavailable: string; readonly unhealthyPodEvictionPolicy: string; readonly selector: { readonly matchLabels: Readonly<Record<string, string>> } };
}

describe.skipIf(kubernetesToolsMissing !== undefined)('pods', () => {
  test('are as many as was asked for, and are only taken away a few at a time where there are several', async () => {
    expect(budgeted(await render())).toEqual({ 'config-server': 1, controller: 1, autoscaler: '2, budgeted', activator: '2, budgeted', gateway: '2, budgeted', injector: '2, budgeted' });
    const set = ['configServer.replicas=2', 'autoscaler.replicas=1', 'activator.replicas=5', 'gateway.replicas=1'];
    expect(budgeted(await render({ set }))).toEqual({ 'config-server': '2, budgeted', controller: 1, autoscaler: 1, activator: '5, budgeted', gateway: 1, injector: '2, budgeted' });
  });

  test('outlive a node with the values for that: as many as their load asks for, three at least, and not all on one', async () => {
    const chart = await render({ values: ['values-ha.yaml'] });
    expect(budgeted(chart)).toMatchObject({ 'config-server': '2, budgeted', autoscaler: '3, budgeted', activator: 'undefined, budgeted', gateway: 'undefined, budgeted' });
    const scaled = chart.ofKind('HorizontalPodAutoscaler').map((object) => object['spec']);
    expect(scaled).toHaveLength(2);
    for (const spec of scaled) expect(spec).toMatchObject({ minReplicas: 3, maxReplicas: 20 });
    for (const component of components) expect(chart.pod(component)).toHaveProperty('topologySpreadConstraints');
  });

  test('of autoscalers are replaced one after the other, and when they are to share their work out otherwise', async () => {
    const deployment = (chart: RenderedChart) => chart.get('Deployment', 'sluice-autoscaler').spec;
    const chart = await render();
    expect(deployment(chart)).toMatchObject({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } });
    const templates = await Promise.all([render(), render({ set: ['leaderElectionConfig.buckets=2'] })]);
    const [same, other] = templates.map((each) => JSON.stringify(deployment(each).template));
    expect(same).toBe(JSON.stringify(deployment(chart).template));
    expect(other).not.toBe(same);
  });
});

describe.skipIf(kubernetesToolsMissing !== undefined)('autoscalers', () => {
  test('always agree by Leases who decides, and can be reached by each other', async () => {
    for (const set of [[], ['autoscaler.replicas=1']]) {
      expect(settingsOf(await render({ set }), 'autoscaler')).toMatchObject({ leaderElection: true, podIp: '10.0.0.7', podName: 'autoscaler-0' });
    }
  });

  test('hear statistics only where that is asked for, then at the names that Knative’s activators know', async () => {
    const found = (chart: RenderedChart) => chart.ofKind('Service').map(({ metadata: { name } }) => name).filter((name) => name.startsWith('autoscaler'));
    expect(found(await render())).toEqual([]);
    const chart = await render({ set: ['autoscaler.statsPort=8181', 'leaderElectionConfig.buckets=3'] });
    expect(found(chart).toSorted()).toEqual(['autoscaler', ...bucketNames(3)]);
    expect(chart.get('Service', 'autoscaler').spec.ports).toMatchObject([{ port: 8080, targetPort: 'stats' }]);
    for (const name of bucketNames(3)) expect(chart.get('Service', name).spec).toEqual({ ports: [{ name: 'http', port: 8080, targetPort: 8181 }] });
  });

  test('of Knative’s are told of the load where they are named', async () => {
    expect(settingsOf(await render(), 'activator').stockAutoscaler).toBeUndefined();
    const set = ['activator.stockAutoscaler=autoscaler.knative-serving:8080'];
    expect(settingsOf(await render({ set }), 'activator').stockAutoscaler).toEqual({ host: 'autoscaler.knative-serving', port: 8080 });
  });
});

test.skipIf(kubernetesToolsMissing !== undefined)('gateways have the threads and the reports that were asked for', async () => {
  expect(settingsOf(await render(), 'gateway')).toMatchObject({ concurrency: 1, loadReports: 'as-configured' });
  expect(settingsOf(await render({ set: ['gateway.concurrency=3', 'gateway.loadReports=all'] }), 'gateway')).toMatchObject({ concurrency: 3, loadReports: 'all' });
});

/** Pods of each component, and whether a budget is kept of them. */
function budgeted(chart: RenderedChart): Readonly<Record<string, unknown>> {
  const budgets = chart.ofKind<DisruptionBudget>('PodDisruptionBudget');
  return Object.fromEntries(
    components.map((component) => {
      const { replicas, selector } = chart.get('Deployment', `sluice-${component}`).spec;
      const [budget, ...others] = budgets.filter(({ spec }) => JSON.stringify(spec.selector.matchLabels) === JSON.stringify(selector.matchLabels));
      expect(others).toEqual([]);
      if (budget) expect(budget.spec).toMatchObject({ maxUnavailable: '20%', unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      return [component, budget ? `${replicas}, budgeted` : replicas];
    }),
  );
}
