/** The metrics that an autoscaler names → what they say of its pods now. */
import type { HorizontalMetric, HorizontalTarget, Pod } from '@sluice/kubernetes';
import type { ContainerUsage, PodMetrics } from './pod-metrics.ts';
import { readQuantity } from './quantity.ts';
import type { Reading } from './replica-proposal.ts';

export type MetricReading =
  | { readonly kind: 'reading'; readonly reading: Reading }
  /** `reason` as Kubernetes has it: `FailedGetResourceMetric`. */
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

/** What is taken where an autoscaler names no metric. */
const usualMetrics: readonly HorizontalMetric[] = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];

export async function readMetrics(metrics: readonly HorizontalMetric[] | undefined, pods: readonly Pod[], source: PodMetrics): Promise<MetricReading[]> {
  const wanted = metrics?.length ? metrics : usualMetrics;
  // All resources by one look: the next one is to be a sync later.
  const usage = wanted.some(({ type }) => type === 'Resource' || type === 'ContainerResource') ? await source.usage(pods) : new Map<string, readonly ContainerUsage[]>();
  return Promise.all(wanted.map((metric) => readMetric(metric, pods, usage, source)));
}

async function readMetric(metric: HorizontalMetric, pods: readonly Pod[], usage: ReadonlyMap<string, readonly ContainerUsage[]>, source: PodMetrics): Promise<MetricReading> {
  switch (metric.type) {
    case 'Resource':
      return readResource(metric.resource, undefined, pods, usage);
    case 'ContainerResource':
      return readResource(metric.containerResource, metric.containerResource.container, pods, usage);
    case 'Pods': {
      const { metric: { name }, target } = metric.pods;
      const value = readQuantity(target.averageValue);
      if (value === undefined || value <= 0) return failed('FailedGetPodsMetric', `metric ${name}: target.averageValue is no amount above 0`);
      const values = await source.values(pods, name);
      if (values.size === 0) return failed('FailedGetPodsMetric', `unable to get metric ${name}: no pod gives it`);
      return { kind: 'reading', reading: { metric: `pods metric ${name}`, values, target: { kind: 'value', value }, isCpu: false } };
    }
    case 'Object':
      return failed('FailedGetObjectMetric', 'metrics of objects are not known here');
    case 'External':
      return failed('FailedGetExternalMetric', 'metrics from outside are not known here');
  }
}

function readResource({ name, target }: { readonly name: string; readonly target: HorizontalTarget }, container: string | undefined, pods: readonly Pod[], usage: ReadonlyMap<string, readonly ContainerUsage[]>): MetricReading {
  const reason = container === undefined ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric';
  if (name !== 'cpu' && name !== 'memory') return failed(reason, `unable to get metrics for resource ${name}: only cpu and memory are measured`);
  const values = new Map<string, number>();
  for (const [uid, containers] of usage) {
    const counted = containers.filter((one) => container === undefined || one.container === container);
    if (counted.length > 0) values.set(uid, counted.reduce((total, one) => total + one[name], 0));
  }
  if (values.size === 0) return failed(reason, `unable to get metrics for resource ${name}: no metrics returned`);
  const reading = { metric: `${name} resource`, values, isCpu: name === 'cpu' };
  if (target.type !== 'Utilization') {
    const value = readQuantity(target.averageValue);
    return value === undefined || value <= 0 ? failed(reason, `resource ${name}: target.averageValue is no amount above 0`) : { kind: 'reading', reading: { ...reading, target: { kind: 'value', value } } };
  }
  const requests = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    let total = 0;
    for (const { name: own, resources } of spec.containers) {
      if (container !== undefined && own !== container) continue;
      const requested = readQuantity(resources?.requests?.[name]);
      // A share of nothing is not to be had: Kubernetes says the same.
      if (requested === undefined) return failed(reason, `failed to get ${name} utilization: missing request for ${name} in container ${own} of Pod ${metadata.name}`);
      total += requested;
    }
    requests.set(metadata.uid ?? '', total);
  }
  return { kind: 'reading', reading: { ...reading, target: { kind: 'utilization', percent: target.averageUtilization ?? 80, requests } } };
}

function failed(reason: string, message: string): MetricReading {
  return { kind: 'failed', reason, message };
}
