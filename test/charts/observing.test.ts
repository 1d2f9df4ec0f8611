/** What the chart gives to those who look on: monitors, dashboards, network policies that let them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { chartFolder, render } from './helm.ts';
import { components, type ComponentName, type RenderedChart } from './rendered-chart.ts';

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly { readonly id: number; readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const dashboardFolder = join(chartFolder('sluice'), 'dashboards');
const dashboards = readdirSync(dashboardFolder).map((file) => ({ file, dashboard: JSON.parse(readFileSync(join(dashboardFolder, file), 'utf8')) as Dashboard }));

describe.skipIf(kubernetesToolsMissing !== undefined)('where it is asked for', () => {
  test('each component has a ServiceMonitor that finds its pods, at a port that they have', async () => {
    const chart = await render({ set: ['serviceMonitor.enabled=true', 'serviceMonitor.labels.release=prometheus'] });
    const monitors = chart.ofKind('ServiceMonitor');
    expect(monitors).toHaveLength(components.length);
    for (const component of components) {
      const name = `sluice-${component}-metrics`;
      const monitor = monitors.find(({ metadata }) => metadata.name === name) as unknown as { metadata: { labels: Record<string, string> }; spec: { endpoints: { port: string }[]; selector: { matchLabels: Record<string, string> } } };
      const service = chart.get('Service', name);
      expect(monitor.metadata.labels['release']).toBe('prometheus');
      expect(service.metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
      expect(service.spec.selector).toEqual(monitor.spec.selector.matchLabels);
      expect(service.spec.ports?.map((port) => port.name)).toEqual(monitor.spec.endpoints.map(({ port }) => port));
      expect(chart.container(component).ports.map((port) => port.name)).toContain(service.spec.ports?.[0]?.targetPort);
    }
  });

  test('dashboards come in a ConfigMap, each as it is in its file', async () => {
    const chart = await render({ set: ['dashboards.enabled=true'] });
    const { data = {}, metadata } = chart.get('ConfigMap', 'sluice-dashboards');
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(Object.entries(data).map(([file, text]) => ({ file, dashboard: JSON.parse(text) as unknown }))).toEqual(dashboards);
  });

  test('pods are reached only at ports that they have, and none of those is closed to everybody', async () => {
    const set = ['networkPolicy.enabled=true', 'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring', 'gateway.httpsPort=8443', 'autoscaler.statsPort=8181'];
    const chart = await render({ set });
    for (const component of components) {
      const [open, metrics] = rulesOf(chart, component);
      const ports = chart.container(component).ports.map(({ name }) => name);
      expect([...open, ...metrics.ports].toSorted()).toEqual(ports.toSorted());
      expect(metrics.from).toEqual([{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }]);
    }
  });
});

test.each(dashboards)('$file asks for metrics that there are, each panel for something', ({ dashboard: { panels } }) => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const known = metricNames();
  for (const { title, targets } of panels) {
    const asked = targets.flatMap(({ expr }) => expr.match(/\b(?:kn|envoy|sluice|process)_[a-z_]+(?=[[{)])(?!\) \()/g) ?? []);
    expect(asked, title).not.toEqual([]);
    expect(asked.map((name) => name.replace(/_bucket$/, '')).filter((name) => !known.has(name)), title).toEqual([]);
  }
});

test('dashboards are told apart by their uids', () => {
  expect(new Set(dashboards.map(({ dashboard }) => dashboard.uid)).size).toBe(dashboards.length);
});

/** Ports that anybody may reach, and the rule for those who read metrics. */
function rulesOf(chart: RenderedChart, component: ComponentName): [readonly string[], { readonly ports: readonly string[]; readonly from: unknown }] {
  const policy = chart.ofKind('NetworkPolicy').find(({ metadata }) => metadata.name === `sluice-${component}`);
  if (!policy) throw new Error(`no policy for ${component}`);
  const { podSelector, ingress } = policy['spec'] as { podSelector: { matchLabels: Record<string, string> }; ingress: { ports: { port: string }[]; from?: unknown }[] };
  expect(chart.labelsOfPods(component)).toMatchObject(podSelector.matchLabels);
  const metrics = ingress.at(-1);
  return [ingress.slice(0, -1).flatMap(({ ports }) => ports.map(({ port }) => port)), { ports: metrics?.ports.map(({ port }) => port) ?? [], from: metrics?.from }];
}

/** As the sources name them: each stands there in quotes, or before a colon. */
function metricNames(): ReadonlySet<string> {
  const packages = join(chartFolder('sluice'), '../../packages');
  const sources = readdirSync(packages, { recursive: true, encoding: 'utf8' }).filter((file) => /^(?!.*node_modules).*\/src\/.*(?<!\.test)\.ts$/.test(file));
  const names = sources.flatMap((file) => readFileSync(join(packages, file), 'utf8').match(/\b[a-z]+_[a-z_]+(?=['"`:])/g) ?? []);
  // Counters of clusters are named without what all of them begin with; the process's own are prom-client's.
  return new Set([...names, ...names.filter((name) => name.startsWith('upstream_')).map((name) => `envoy_cluster_${name}`), 'process_cpu_seconds_total', 'process_resident_memory_bytes']);
}
