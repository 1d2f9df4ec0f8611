/** What a container's status, written by an earlier run of the kubelet, means for its next start. */
import type { Container, ContainerState, Pod } from '@sluice/kubernetes';

export interface ContainerHistory {
  readonly restartCount: number;
  readonly lastState: ContainerState;
}

/** A container that ran before counts one restart more; how it ended is not known unless it says so. */
export function historyOf(pod: Pod, { name }: Container): ContainerHistory {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const known = statuses.find((status) => status.name === name);
  if (!known) return { restartCount: 0, lastState: {} };
  const { state, lastState, restartCount } = known;
  if (state?.terminated) return { restartCount: restartCount + 1, lastState: { terminated: state.terminated } };
  if (state?.running) return { restartCount: restartCount + 1, lastState: interrupted(state.running.startedAt) };
  return { restartCount, lastState: lastState ?? {} };
}

/** Kubernetes' words for a container whose end nobody saw. */
function interrupted(startedAt: string | undefined): ContainerState {
  return {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The kubelet was stopped while the container ran',
      ...(startedAt === undefined ? {} : { startedAt }),
    },
  };
}
