/**
 * PodAutoscaler of the class `hpa.autoscaling.knative.dev` → HorizontalPodAutoscaler: Kubernetes scales, on cpu, memory or a metric of
 * the user's. https://github.com/knative/serving/blob/main/pkg/reconciler/autoscaling/hpa/resources/hpa.go
 */
import { controllerReference, type HorizontalMetric, type HorizontalPodAutoscaler, type HorizontalPodAutoscalerSpec } from '@sluice/kubernetes';
import type { HorizontalSpec, ScalingSpec } from '@sluice/scaling';
import type { PodAutoscaler } from '@sluice/serving';

/** Kubernetes wants a maximum; this is its largest. */
const REPLICAS_MAX = 2_147_483_647;

export function makeHorizontalPodAutoscaler(pa: PodAutoscaler, spec: ScalingSpec): HorizontalPodAutoscaler {
  const { name, namespace, labels, annotations } = pa.metadata;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(pa)],
    },
    spec: specOf(pa, spec),
  };
}

function specOf(pa: PodAutoscaler, { horizontal, minScale, maxScale }: ScalingSpec): HorizontalPodAutoscalerSpec {
  const { apiVersion, kind, name } = pa.spec.scaleTargetRef;
  const { target, windowSeconds } = horizontal;
  const stabilization = windowSeconds === undefined ? undefined : { stabilizationWindowSeconds: windowSeconds };
  return {
    scaleTargetRef: { apiVersion, kind, name },
    ...(minScale > 0 ? { minReplicas: minScale } : {}),
    maxReplicas: maxScale > 0 ? maxScale : REPLICAS_MAX,
    ...(target === undefined ? {} : { metrics: [metricOf(horizontal.metric, target)] }),
    ...(stabilization === undefined ? {} : { behavior: { scaleUp: stabilization, scaleDown: stabilization } }),
  };
}

function metricOf(metric: HorizontalSpec['metric'], target: number): HorizontalMetric {
  switch (metric) {
    case 'cpu':
      return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: Math.ceil(target) } } };
    case 'memory':
      return { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: `${Math.trunc(target)}Mi` } } };
    default:
      return { type: 'Pods', pods: { metric: { name: metric }, target: { type: 'AverageValue', averageValue: String(Math.trunc(target)) } } };
  }
}

/** Whether what is there says all that is wanted. The server adds what it takes for the rest, which is not ours to compare. */
export function saysAll(existing: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return existing === wanted;
  if (typeof existing !== 'object' || existing === null) return false;
  if (Array.isArray(wanted)) return Array.isArray(existing) && existing.length === wanted.length && wanted.every((item, index) => saysAll(existing[index], item));
  return Object.entries(wanted).every(([key, value]) => saysAll((existing as Record<string, unknown>)[key], value));
}
