/** What a Pod says about itself, asked in the words that the kubelet and the controllers use. */
import { isConditionTrue, type Container, type Pod } from '@sluice/kubernetes';

/** Fields of a container which only the kubelet reads. */
export interface KubeletContainer extends Container {
  readonly envFrom?: readonly {
    readonly prefix?: string;
    readonly configMapRef?: { readonly name: string; readonly optional?: boolean };
    readonly secretRef?: { readonly name: string; readonly optional?: boolean };
  }[];
  /** Of init containers: `Always` makes a sidecar, which starts before the others and runs beside them. */
  readonly restartPolicy?: 'Always';
}

/** How a pod with replaced ports says so: a JSON object from declared container port to real one. */
export const realPortsAnnotation = 'local.sluice.dev/real-ports';

/** On a pod: how far its programs step back for others who want the processor, as `nice`: 1 to 19. Anything else counts as 0. */
export const nicenessAnnotation = 'local.sluice.dev/niceness';

/** As the annotation says, where it says anything. */
export function niceness({ metadata }: Pod): { readonly niceness?: number } {
  const said = Number(metadata.annotations?.[nicenessAnnotation]);
  return Number.isInteger(said) && said > 0 && said <= 19 ? { niceness: said } : {};
}

/** True once the pod will never run again. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** True when somebody asked for the pod to go. */
export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** True when the pod's `Ready` condition holds. */
export function isReady(pod: Pod): boolean {
  return isConditionTrue(pod.status?.conditions, 'Ready');
}

/** When the pod became ready, in ms since the epoch. Absent while it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
  return condition?.lastTransitionTime === undefined ? undefined : Date.parse(condition.lastTransitionTime);
}

/** The port under which a declared container port of this pod is really reached. */
export function realPort(pod: Pod, containerPort: number): number {
  const text = pod.metadata.annotations?.[realPortsAnnotation];
  if (text === undefined) return containerPort;
  try {
    const ports: unknown = JSON.parse(text);
    const real = typeof ports === 'object' && ports !== null ? Reflect.get(ports, String(containerPort)) : undefined;
    return typeof real === 'number' ? real : containerPort;
  } catch {
    // Somebody else wrote the annotation; a pod without usable ones keeps its declared ports.
    return containerPort;
  }
}
