/** Why pods of a revision do not run, as one reason and one message that a person can act on. */
import type { Condition } from '../api/object.ts';
import { isFalse, type Mark } from './condition-set.ts';

/** What is read of a pod. */
export interface PodView {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerView[];
    readonly initContainerStatuses?: readonly ContainerView[];
  };
}

export interface ContainerView {
  readonly name: string;
  readonly state?: ContainerStateView;
  readonly lastState?: ContainerStateView;
}

interface ContainerStateView {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: unknown;
  readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
}

export interface PodFailure {
  readonly condition: 'ResourcesAvailable' | 'ContainerHealthy';
  readonly mark: Mark;
}

/** The kubelet of local mode says with this condition that a program listens where nobody will ask. */
const listensOnPort = 'local.sluice.dev/ListensOnPort';

/** What a container waits for when nothing is wrong. */
const ordinaryWaits = new Set(['', 'ContainerCreating', 'PodInitializing', 'CrashLoopBackOff']);

/** The first failure that the pods show, pods in order of their names; undefined when they may yet come up. */
export function findPodFailure(
  pods: readonly PodView[],
  options: { readonly podIsAlwaysSchedulable: boolean } = { podIsAlwaysSchedulable: false },
): PodFailure | undefined {
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const pod of staying.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const failure = failureOf(pod, options.podIsAlwaysSchedulable);
    if (failure) return failure;
  }
  return undefined;
}

function failureOf(pod: PodView, podIsAlwaysSchedulable: boolean): PodFailure | undefined {
  for (const { type, status, reason = '', message = '' } of pod.status?.conditions ?? []) {
    if (type === 'PodScheduled' && status === 'False' && !podIsAlwaysSchedulable) {
      return { condition: 'ResourcesAvailable', mark: isFalse(reason, message) };
    }
    if (type === listensOnPort && status === 'False') {
      return { condition: 'ContainerHealthy', mark: isFalse(reason, message) };
    }
  }
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const container of containers) {
    const mark = exitOf(container) ?? refusalOf(container);
    if (mark) return { condition: 'ContainerHealthy', mark };
  }
  return undefined;
}

/** A container that has ended, and was not meant to. One that runs again may have recovered, so it must be seen to end. */
function exitOf({ name, state, lastState }: ContainerView): Mark | undefined {
  const ended = state?.terminated ?? (state?.running === undefined ? lastState?.terminated : undefined);
  if (!ended) return undefined;
  const { exitCode, message = '' } = ended;
  const lines = message.trim();
  const said = lines === '' ? 'it wrote nothing' : lines;
  return isFalse(`ExitCode${exitCode}`, `Container failed with exit code ${exitCode} (${name}): ${said}`);
}

/** A container that cannot even be started: no such image, no command to run, a missing Secret. */
function refusalOf({ name, state }: ContainerView): Mark | undefined {
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (ordinaryWaits.has(reason)) return undefined;
  return isFalse(reason, message === '' ? `Container ${name} cannot be started` : message);
}
