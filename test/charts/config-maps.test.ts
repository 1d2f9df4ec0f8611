/** The ConfigMaps of the chart, read by those who read them on a cluster. */
import type { Problem } from '@sluice/kernel';
import { parseAutoscalerConfig } from '@sluice/scaling';
import { defaultServingConfig, isServingConfigMap, readLeaderElectionConfig, updateServingConfig } from '@sluice/serving';
import { beforeAll, describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { render } from './helm.ts';
import type { RenderedChart } from './rendered-chart.ts';
import { variants } from './variants.ts';

describe.skipIf(kubernetesToolsMissing !== undefined).each(variants)('with $name', ({ name: variant, set }) => {
  let chart: RenderedChart;
  beforeAll(async () => {
    chart = await render({ set });
  });

  test('each key of each ConfigMap is read, and nothing is wrong with its value', () => {
    // Dashboards are Grafana's.
    const found = chart.ofKind('ConfigMap').filter(({ metadata: { name } }) => name !== 'sluice-dashboards').map(({ metadata: { name } }) => {
      const given = chart.get('ConfigMap', name).data ?? {};
      const read = new Set<string>();
      const data = new Proxy(given, {
        get(target, key: string) {
          read.add(key);
          return target[key];
        },
      });
      return { name, problems: problemsOf(name, data), unread: Object.keys(given).filter((key) => !read.has(key)) };
    });
    expect(found).toEqual(
      ['config-autoscaler', 'config-deployment', 'config-domain', 'config-leader-election', 'config-network'].map((name) => ({ name, problems: [], unread: [] })),
    );
  });

  test('they say what the values say', () => {
    const serving = ['config-deployment', 'config-domain', 'config-network'].reduce(
      (config, name) => updateServingConfig(config, name, chart.get('ConfigMap', name).data ?? {}).config,
      defaultServingConfig,
    );
    const [gatewayPort] = chart.get('Service', 'sluice-gateway').spec.ports ?? [];
    expect(serving.network.externalPort).toBe(gatewayPort?.port);
    expect(serving.domain.domains).toEqual([{ name: variant.includes('domain') ? 'apps.example.org' : 'example.com', selector: {} }]);
    // The sidecar comes from where the components come from, in the same version.
    expect(serving.deployment.queueSidecarImage).toBe(chart.container('activator').image.replace('/activator:', '/queue-proxy:'));
    const autoscaler = parseAutoscalerConfig(chart.get('ConfigMap', 'config-autoscaler').data ?? {});
    expect(autoscaler.ok && autoscaler.value.stableWindowMs).toBe(variant.includes('tuned') ? 90_000 : 60_000);
    const election = readLeaderElectionConfig(chart.get('ConfigMap', 'config-leader-election').data ?? {});
    const times = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };
    expect(election.ok && election.value).toEqual({ ...times, buckets: variant.includes('autoscalers') ? 4 : 1 });
  });
});

function problemsOf(name: string, data: Readonly<Record<string, string>>): readonly Problem[] {
  if (name === 'config-autoscaler') return parseAutoscalerConfig(data).problems;
  if (name === 'config-leader-election') return readLeaderElectionConfig(data).problems;
  if (!isServingConfigMap(name)) throw new Error(`nobody reads the ConfigMap ${name}`);
  return updateServingConfig(defaultServingConfig, name, data).problems;
}
