/** `/var/log` of user containers as a volume of the pod, from which a collector on the node can read. */
import type { EnvVar } from '../api/pod-spec.ts';
import type { PodContainer } from './pod-container.ts';

export const varLogVolume = { name: 'knative-var-log', emptyDir: {} } as const;

const environment: readonly EnvVar[] = [
  { name: 'K_INTERNAL_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'K_INTERNAL_POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
];

export function withVarLog(container: PodContainer): PodContainer {
  const mount = {
    name: varLogVolume.name,
    mountPath: '/var/log',
    subPathExpr: `$(K_INTERNAL_POD_NAMESPACE)_$(K_INTERNAL_POD_NAME)_${container.name}`,
  };
  return {
    ...container,
    env: [...(container.env ?? []), ...environment],
    volumeMounts: [...(container.volumeMounts ?? []), mount],
  };
}
