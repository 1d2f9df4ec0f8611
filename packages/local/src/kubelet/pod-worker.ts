/**
 * One pod on this node, from the moment the kubelet sees it until nothing of it is left.
 *
 * States: `starting` (address, ports) → `running` (init containers in order, then the others; restarts) → `ending`
 * (somebody deleted it: hooks, signals) → `gone`. `abandon` leads to `gone` from anywhere.
 */
import { isConditionTrue, objectKey, type Container, type Pod, type PodStatus } from '@sluice/kubernetes';
import type { Logger } from '@sluice/kernel';
import type { EventSink } from '../events/late-events.ts';
import { realPortsAnnotation, type KubeletContainer } from '../objects/pod-facts.ts';
import type { ActionFloor } from './container-action.ts';
import { historyOf } from './container-history.ts';
import { ContainerWorker } from './container-worker.ts';
import type { Lull } from '../lull/lull.ts';
import { readField } from './environment.ts';
import type { FixedPorts } from './fixed-ports.ts';
import type { ImageRuntime } from './image-runtime.ts';
import type { NetworkIsolation } from './isolation/network-isolation.ts';
import { PodIsolation } from './isolation/pod-isolation.ts';
import type { KubeletApi } from './kubelet-api.ts';
import type { LogStore } from './log-store.ts';
import { PodPorts } from './pod-ports.ts';
import { isInitialized, podStatus, type ContainerRole, type PortFinding } from './pod-status.ts';
import { PodWriter } from './pod-writer.ts';
import type { PortAllocator } from './port-allocator.ts';
import { PortFindings } from './port-findings.ts';
import type { RestartBackoffOptions } from './restart-backoff.ts';
import type { ImagePrograms } from './sandbox/image-programs.ts';
import { SandboxedPod, type SandboxSettings } from './sandbox/sandboxed-pod.ts';
import { StartPlanner } from './start-planner.ts';
import type { TimelinePhase } from './timeline.ts';

/** What all pods of a kubelet share. */
export interface PodSurroundings {
  readonly nodeName: string;
  readonly hostAddress: string;
  readonly floor: ActionFloor;
  readonly api: KubeletApi;
  readonly allocator: PortAllocator;
  readonly images: ImageRuntime;
  /** Images that are programs of this machine. */
  readonly programs: ImagePrograms;
  /** Absent: pods run among the machine's own programs. */
  readonly sandboxes: SandboxSettings | undefined;
  readonly fixedPorts: FixedPorts;
  readonly isolation: NetworkIsolation;
  readonly logs: LogStore;
  readonly events: EventSink;
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly backoff: RestartBackoffOptions;
  readonly logger: Logger;
  readonly onTimeline: (pod: Pod, phase: TimelinePhase) => void;
  /** Absent: nothing is ever put off. */
  readonly lull: Pick<Lull, 'isOn' | 'whenOver'> | undefined;
}

/** What a pod waits for before its processes start keeps it from the API no longer than this, in ms. Chosen: most have nothing to wait for. */
const tellAfterMs = 25;

/**
 * In a lull a pod is first asked after this long, in ms. Chosen: longer than quick programs take to listen, since asking takes from them what they start with, and
 * the activator, which asks for itself, needs no kubelet for it.
 */
const readinessInLullMs = 100;

/** Kubernetes' default between SIGTERM and SIGKILL, in seconds. */
const defaultGraceSeconds = 30;

export class PodWorker {
  readonly key: string;
  readonly #surroundings: PodSurroundings;
  readonly #startedAtMs: number;
  readonly #writer: PodWriter;
  readonly #ports: PodPorts;
  readonly #isolation: PodIsolation;
  readonly #sandbox: SandboxedPod | undefined;
  readonly #containers: readonly ContainerWorker[];
  readonly #begun = new Set<ContainerWorker>();
  readonly #planner: StartPlanner;
  readonly #findings: PortFindings;
  #pod: Pod;
  #state: 'starting' | 'running' | 'ending' | 'gone' = 'starting';
  #status: PodStatus | undefined;
  #saidStarted = false;
  #saidReady = false;
  /** The API is told of it from now on: writing takes longer than starting, and is in its way. */
  #isTold = false;
  /** The API has been told that its containers run. */
  #hasToldStart = false;
  /** Its status is written when the lull is over. */
  #isPutOff = false;
  #ended: Promise<void> | undefined;

  constructor(pod: Pod, surroundings: PodSurroundings) {
    this.key = objectKey(pod);
    this.#pod = pod;
    this.#surroundings = surroundings;
    const { floor, api, logger, hostAddress, allocator, fixedPorts, isolation } = surroundings;
    this.#startedAtMs = floor.clock.wallTime();
    this.#status = pod.status;
    this.#writer = new PodWriter(api, floor.timers, logger.child({ pod: this.key }));
    this.#ports = new PodPorts(pod, hostAddress, allocator, fixedPorts);
    this.#isolation = new PodIsolation({
      pod,
      podIp: this.#ports.address,
      plan: this.#ports.plan,
      isolation,
      onLost: (container, message) => this.#onSandboxLost(container, message),
    });
    this.#findings = new PortFindings({
      timers: floor.timers,
      ports: this.#ports,
      isolates: (container) => this.#isolation.isolates(container),
      onFinding: (finding) => this.#onFinding(finding),
      onInsists: (worker) => this.#onInsists(worker),
    });
    const facts = { pod, podIp: this.#ports.address, hostIp: hostAddress };
    this.#sandbox =
      surroundings.sandboxes && pod.spec.hostNetwork !== true
        ? new SandboxedPod({ ...surroundings.sandboxes, pod, address: this.#ports.address, api, clock: floor.clock, timers: floor.timers, field: (path) => readField(path, facts) })
        : undefined;
    this.#planner = new StartPlanner({
      ...surroundings,
      pod,
      sandbox: this.#sandbox,
      ports: this.#ports,
      isolation: this.#isolation,
      onPortTaken: (message) => this.#findings.portTaken(message),
    });
    const worker = (role: (container: KubeletContainer) => ContainerRole) => (container: KubeletContainer) =>
      this.#containerWorker(container, role(container));
    this.#containers = [
      ...(pod.spec.initContainers ?? []).map(worker(({ restartPolicy }) => (restartPolicy === 'Always' ? 'sidecar' : 'init'))),
      ...pod.spec.containers.map(worker(() => 'main')),
    ];
  }

  /** Takes the pod on. The processes are spawned before the API has heard of it. */
  async start(): Promise<void> {
    const { nodeName, events, onTimeline } = this.#surroundings;
    onTimeline(this.#pod, 'created');
    await Promise.all([this.#ports.allocate(), this.#isolation.begin()]);
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    await Promise.race([this.#advance(), this.#tooLong()]);
    if (this.#state !== 'running') return;
    this.#isTold = true;
    if (this.#pod.spec.nodeName === undefined) {
      this.#writer.bind(this.#pod, nodeName, this.#ports.plan.size > 0 ? this.#portAnnotations() : {});
      events.record(this.#pod, 'Normal', 'Scheduled', `Successfully assigned ${this.key} to ${nodeName}`);
    } else if (this.#ports.plan.size > 0) {
      this.#writer.annotate(this.#pod, this.#portAnnotations());
    }
    this.#warnOfVolumes();
    this.#warnOfIsolation();
    this.#publish();
  }

  /** What has to be fetched or made for a container may take a while, and somebody may want to know of the pod. */
  #tooLong(): Promise<void> {
    return new Promise((resolve) => this.#surroundings.floor.timers.after(tellAfterMs, resolve));
  }

  /** The pod changed: what matters is that somebody wants it gone, and how soon. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp === undefined) return;
    const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
    void this.#end(graceSeconds * 1000);
  }

  /** The pod is no longer in the API: whatever still runs ends at once. */
  abandon(): Promise<void> {
    this.#writer.close();
    return this.#goneAfter(this.#stopContainers(0));
  }

  /** The kubelet itself stops: the containers end, the pod stays in the API for the next run. */
  suspend(graceMs: number): Promise<void> {
    this.#writer.close();
    return this.#goneAfter(this.#stopContainers(graceMs), false);
  }

  #containerWorker(container: KubeletContainer, role: ContainerRole): ContainerWorker {
    const { floor, logs, events, backoff } = this.#surroundings;
    const { name, namespace = 'default', uid = '' } = this.#pod.metadata;
    const worker: ContainerWorker = new ContainerWorker({
      container,
      role,
      podLabel: `${name}_${namespace}(${uid})`,
      podIp: this.#ports.address,
      restartPolicy: this.#pod.spec.restartPolicy ?? 'Always',
      graceMs: (this.#pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000,
      backoff,
      floor,
      plan: () => this.#planner.plan(container),
      openLog: (run) => logs.open({ namespace, pod: name, podUid: uid, container: container.name }, run),
      readinessAfterMs: () => (this.#surroundings.lull?.isOn ? readinessInLullMs : 0),
      history: historyOf(this.#pod, container),
      onChange: () => this.#onContainerChange(worker, container),
      onEvent: (type, reason, message) => events.record(this.#pod, type, reason, message),
    });
    return worker;
  }

  /** Starts what may start now. Called on every change, so order and waiting need no other bookkeeping. Fulfils when that has been started, or has to wait. */
  async #advance(): Promise<void> {
    if (this.#state !== 'running') return;
    const starts: Promise<void>[] = [];
    for (const worker of this.#startable()) {
      if (this.#begun.has(worker)) continue;
      this.#begun.add(worker);
      starts.push(worker.start());
    }
    await Promise.all(starts);
  }

  /** Those before the main ones in order, up to the first that is not done; and if all are, everything. */
  #startable(): readonly ContainerWorker[] {
    const first = this.#containers.findIndex(({ role, view }) => role !== 'main' && !isInitialized(view));
    return first === -1 ? this.#containers : this.#containers.slice(0, first + 1);
  }

  #onContainerChange(worker: ContainerWorker, container: Container): void {
    if (this.#state === 'running') this.#findings.follow(worker, container);
    void this.#advance();
    this.#publish();
    if (this.#state === 'running' && (this.#status?.phase === 'Succeeded' || this.#status?.phase === 'Failed')) {
      for (const sidecar of this.#containers) if (sidecar.role === 'sidecar') void sidecar.stop(defaultGraceSeconds * 1000);
    }
  }

  /** The program cannot be moved, so the others in the pod are told its port instead. */
  #onInsists(worker: ContainerWorker): void {
    this.#writer.annotate(this.#pod, this.#portAnnotations());
    for (const other of this.#containers) if (other !== worker) other.renew();
  }

  #onFinding(finding: PortFinding | undefined): void {
    if (finding) this.#surroundings.events.record(this.#pod, 'Warning', finding.reason, finding.message);
    this.#publish();
  }

  /** Nobody reaches the program any more; in a new network somebody will. */
  #onSandboxLost(container: string, message: string): void {
    if (this.#state !== 'running') return;
    const text = `The network of container ${container} is gone, starting it in a new one: ${message}`;
    this.#surroundings.events.record(this.#pod, 'Warning', 'NetworkLost', text);
    this.#containers.find(({ name }) => name === container)?.renew();
  }

  #portAnnotations(): Record<string, string> {
    return { [realPortsAnnotation]: JSON.stringify(Object.fromEntries(this.#ports.plan)) };
  }

  #publish(): void {
    if (this.#state === 'starting' || this.#state === 'gone') return;
    const { hostAddress, floor } = this.#surroundings;
    const views = this.#containers.map(({ view }) => view);
    const facts = {
      podIp: this.#ports.address,
      hostIp: hostAddress,
      startedAtMs: this.#startedAtMs,
      wallTimeMs: floor.clock.wallTime(),
      ...(this.#findings.finding ? { ports: this.#findings.finding } : {}),
      ...(this.#isolation.finding ? { isolation: this.#isolation.finding } : {}),
    };
    this.#status = podStatus(this.#pod, views, facts, this.#status);
    this.#tellTimeline();
    this.#findings.podReady(isConditionTrue(this.#status.conditions, 'Ready'));
    this.#writeStatus();
  }

  /** That it runs is told at once, since an activator has to know where; that it is ready the activator finds out sooner by itself. */
  #writeStatus(): void {
    if (!this.#isTold) return;
    const { lull } = this.#surroundings;
    if (this.#hasToldStart && this.#state === 'running' && lull?.isOn) {
      if (!this.#isPutOff) lull.whenOver(() => this.#writePutOff());
      this.#isPutOff = true;
      return;
    }
    this.#hasToldStart ||= this.#saidStarted;
    if (this.#status) this.#writer.writeStatus(this.#pod, this.#status);
  }

  #writePutOff(): void {
    this.#isPutOff = false;
    if (this.#state !== 'gone') this.#writeStatus();
  }

  #tellTimeline(): void {
    const { onTimeline } = this.#surroundings;
    const mains = this.#containers.filter(({ role }) => role === 'main');
    if (!this.#saidStarted && mains.every((worker) => worker.isRunning)) {
      this.#saidStarted = true;
      onTimeline(this.#pod, 'started');
    }
    const ready = isConditionTrue(this.#status?.conditions, 'Ready');
    if (!this.#saidReady && ready) {
      this.#saidReady = true;
      onTimeline(this.#pod, 'ready');
    }
  }

  #end(graceMs: number): Promise<void> {
    if (this.#state === 'gone') return Promise.resolve();
    if (this.#state !== 'ending') {
      this.#state = 'ending';
      for (const worker of this.#containers.filter(({ isRunning }) => isRunning)) {
        this.#surroundings.events.record(this.#pod, 'Normal', 'Killing', `Stopping container ${worker.name}`);
      }
      this.#ended = this.#goneAfter(this.#stopContainers(graceMs).then(() => this.#removeFromApi()));
      return this.#ended;
    }
    // Asked again, with less time.
    void this.#stopContainers(graceMs);
    return this.#ended ?? Promise.resolve();
  }

  async #removeFromApi(): Promise<void> {
    this.#publish();
    await this.#writer.remove(this.#pod);
  }

  /** Sidecars serve the others to the end, so they go last, the youngest first. */
  async #stopContainers(graceMs: number): Promise<void> {
    const { clock } = this.#surroundings.floor;
    const deadline = clock.now() + graceMs;
    this.#findings.stop();
    await Promise.all(this.#containers.filter(({ role }) => role !== 'sidecar').map((worker) => worker.stop(graceMs)));
    for (const sidecar of this.#containers.filter(({ role }) => role === 'sidecar').toReversed()) {
      await sidecar.stop(Math.max(0, deadline - clock.now()));
    }
  }

  async #goneAfter(stopping: Promise<void>, forget = true): Promise<void> {
    if (this.#state !== 'ending') this.#state = 'ending';
    await stopping;
    await this.#isolation.close();
    await this.#sandbox?.close().catch((reason: unknown) => this.#surroundings.logger.warn('sandbox not closed', { pod: this.key, error: reason }));
    this.#state = 'gone';
    this.#writer.close();
    this.#ports.release();
    const { name, namespace = 'default', uid = '' } = this.#pod.metadata;
    if (forget) this.#surroundings.logs.remove({ namespace, pod: name, podUid: uid });
  }

  #warnOfIsolation(): void {
    const { finding } = this.#isolation;
    if (finding?.status === 'False') this.#surroundings.events.record(this.#pod, 'Warning', 'NotIsolated', finding.message);
  }

  #warnOfVolumes(): void {
    if (this.#sandbox) return;
    const mounted = this.#pod.spec.containers.filter(({ volumeMounts = [] }) => volumeMounts.length > 0);
    if (mounted.length === 0) return;
    const names = mounted.map(({ name }) => name).join(', ');
    this.#surroundings.events.record(this.#pod, 'Warning', 'VolumesNotMounted', `Local mode mounts no volumes; container ${names} asks for some`);
  }
}
