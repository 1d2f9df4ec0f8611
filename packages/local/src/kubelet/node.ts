/** The one Node of local mode, as the kubelet registers it. */
import { formatTime, type KubernetesObject } from '@sluice/kubernetes';

export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  /** As Kubernetes names them: `linux`, `darwin`; `amd64`, `arm64`. */
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
}

/** How many pods may run at once. Chosen: two processes each, well within a laptop's process limit. */
const podsMax = 250;

export function nodeObject(facts: NodeFacts, wallTimeMs: number): KubernetesObject & { readonly status: unknown } {
  const now = formatTime(wallTimeMs);
  const resources = { cpu: String(facts.cpuCount), memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`, pods: String(podsMax) };
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.name,
      labels: {
        'kubernetes.io/arch': facts.architecture,
        'kubernetes.io/hostname': facts.name,
        'kubernetes.io/os': facts.operatingSystem,
      },
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: facts.address },
        { type: 'Hostname', address: facts.name },
      ],
      capacity: resources,
      allocatable: resources,
      conditions: [condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')],
      nodeInfo: {
        architecture: facts.architecture,
        operatingSystem: facts.operatingSystem,
        containerRuntimeVersion: 'process://1',
        kubeletVersion: 'v1.32.0-sluice',
        bootID: '',
        kernelVersion: '',
        kubeProxyVersion: '',
        machineID: '',
        osImage: 'processes of this machine',
        systemUUID: '',
      },
    },
  };
}
