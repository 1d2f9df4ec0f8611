/** What a pod's status says, computed from what its containers do. Pure. */
import { formatTime, mergeConditions, type Condition, type ContainerState, type ContainerStatus, type Pod, type PodStatus } from '@sluice/kubernetes';

/** `init` runs to its end before the next; `sidecar` is an init container that stays; `main` is the rest. */
export type ContainerRole = 'init' | 'sidecar' | 'main';

/** One container as its worker sees it. */
export interface ContainerView {
  readonly name: string;
  readonly role: ContainerRole;
  readonly image: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
  /** Running, and its startup probe (if any) has succeeded. */
  readonly started: boolean;
  /** Started, and its readiness probe (if any) succeeds. */
  readonly ready: boolean;
  readonly restartCount: number;
  readonly containerId: string | undefined;
}

export interface PodFacts {
  readonly podIp: string;
  readonly hostIp: string;
  /** When the kubelet took the pod on, in ms since the epoch. */
  readonly startedAtMs: number;
  /** Now, in ms since the epoch. */
  readonly wallTimeMs: number;
  /** What local mode has to say about the pod's ports. Absent when there is nothing. */
  readonly ports?: PortFinding;
  /** What became of the wish for isolation. Absent when there was none. */
  readonly isolation?: IsolationFinding;
}

/** A finding of the kubelet about the ports a program listens on, shown as a condition of its own. */
export interface PortFinding {
  readonly status: 'True' | 'False';
  readonly reason: 'WrongPort' | 'InsistsOnContainerPort' | 'PortTaken';
  /** `listens on 3000, PORT is 20001` */
  readonly message: string;
}

/** Whether a pod has the isolation that it asked for. */
export interface IsolationFinding {
  readonly status: 'True' | 'False';
  readonly reason: 'OwnNetwork' | 'NotSupported' | 'UnknownIsolation' | 'HostNetwork' | 'NoCommand';
  readonly message: string;
}

/** The condition that carries an `IsolationFinding`; there is none on pods that ask for nothing. */
export const isolatedCondition = 'local.sluice.dev/Isolated';

/** The condition that carries a `PortFinding`; there is none while programs listen where they were told. */
export const listensOnPortCondition = 'local.sluice.dev/ListensOnPort';

/** The whole status. Transition times of conditions that have not changed come from `previous`. */
export function podStatus(pod: Pod, views: readonly ContainerView[], facts: PodFacts, previous?: PodStatus): PodStatus {
  const mains = views.filter(({ role }) => role === 'main');
  const inits = views.filter(({ role }) => role !== 'main');
  const phase = podPhase(pod, mains, inits);
  const initStatuses = inits.map(containerStatus);
  return {
    phase,
    conditions: mergeConditions(
      previous?.conditions,
      podConditions(phase, mains, inits, facts),
      formatTime(facts.wallTimeMs),
    ),
    hostIP: facts.hostIp,
    podIP: facts.podIp,
    podIPs: [{ ip: facts.podIp }],
    startTime: formatTime(facts.startedAtMs),
    ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: mains.map(containerStatus),
  };
}

function podPhase(pod: Pod, mains: readonly ContainerView[], inits: readonly ContainerView[]): NonNullable<PodStatus['phase']> {
  const restartPolicy = pod.spec.restartPolicy ?? 'Always';
  if (restartPolicy === 'Never' && inits.some((view) => view.role === 'init' && (exitCode(view) ?? 0) !== 0)) return 'Failed';
  if (!inits.every(isInitialized)) return 'Pending';
  const neverRan = mains.some(({ state, lastState }) => state.waiting !== undefined && lastState.terminated === undefined);
  if (neverRan) return 'Pending';
  const ended = mains.filter(({ state }) => state.terminated !== undefined);
  if (ended.length < mains.length || restartPolicy === 'Always') return 'Running';
  if (ended.every((view) => exitCode(view) === 0)) return 'Succeeded';
  return restartPolicy === 'Never' ? 'Failed' : 'Running';
}

/** Done, for one that runs to its end; up, for a sidecar. */
export function isInitialized(view: ContainerView): boolean {
  return view.role === 'sidecar' ? view.started || view.restartCount > 0 : exitCode(view) === 0;
}

function exitCode({ state }: ContainerView): number | undefined {
  return state.terminated?.exitCode;
}

function podConditions(
  phase: PodStatus['phase'],
  mains: readonly ContainerView[],
  inits: readonly ContainerView[],
  { ports, isolation }: Pick<PodFacts, 'ports' | 'isolation'>,
): Condition[] {
  const uninitialized = inits.filter((view) => !isInitialized(view));
  const initialized: Condition =
    uninitialized.length === 0
      ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: ${nameList(uninitialized)}`,
        };
  const readiness = containersReadiness(phase, mains, inits);
  return [
    initialized,
    { type: 'Ready', ...readiness },
    { type: 'ContainersReady', ...readiness },
    { type: 'PodScheduled', status: 'True' },
    ...(ports ? [{ type: listensOnPortCondition, ...ports }] : []),
    ...(isolation ? [{ type: isolatedCondition, ...isolation }] : []),
  ];
}

function containersReadiness(
  phase: PodStatus['phase'],
  mains: readonly ContainerView[],
  inits: readonly ContainerView[],
): Omit<Condition, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = [...inits.filter(({ role }) => role === 'sidecar'), ...mains].filter(({ ready }) => !ready);
  if (unready.length === 0) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${nameList(unready)}`,
  };
}

function nameList(views: readonly ContainerView[]): string {
  return `[${views.map(({ name }) => name).join(' ')}]`;
}

function containerStatus(view: ContainerView): ContainerStatus {
  return {
    name: view.name,
    state: view.state,
    lastState: view.lastState,
    // An init container is ready when it has done its work.
    ready: view.role === 'init' ? exitCode(view) === 0 : view.ready,
    restartCount: view.restartCount,
    image: view.image,
    imageID: '',
    ...(view.containerId === undefined ? {} : { containerID: view.containerId }),
    started: view.started,
  };
}
