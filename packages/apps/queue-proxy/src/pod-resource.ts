/** Who a pod is, as OpenTelemetry's resources say it, and as the labels that Prometheus makes of them. */
import type { LabelValues } from '@sluice/kernel';
import type { PodIdentity } from './config.ts';

export interface PodResource {
  readonly attributes: Readonly<Record<string, string>>;
  readonly labels: LabelValues;
}

export function describePod({ namespace, service, configuration, revision, pod }: PodIdentity): PodResource {
  const attributes = {
    'service.name': service || revision,
    'service.version': revision,
    'service.instance.id': pod,
    'k8s.namespace.name': namespace,
    'k8s.pod.name': pod,
    'container.name': 'queue-proxy',
    'kn.service.name': service,
    'kn.configuration.name': configuration,
    'kn.revision.name': revision,
  };
  return { attributes, labels: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name.replaceAll('.', '_'), value])) };
}

/** On each line of metrics up to 1.18. */
export function olderLabelsOf({ namespace, service, configuration, revision, pod }: PodIdentity): LabelValues {
  return { namespace_name: namespace, service_name: service, configuration_name: configuration, revision_name: revision, pod_name: pod, container_name: 'queue-proxy' };
}
