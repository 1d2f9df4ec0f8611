/**
 * The process kubelet: runs the pods of its one node as child processes. It is the scheduler too: every
 * pod is its own. What it needs from the outside world comes through its options, so a simulation replaces
 * the floor and keeps everything else.
 */
import { isTerminating, isFinished } from '../objects/pod-facts.ts';
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import { Informer, isNotFound, objectKey, pods, type Change, type KubernetesClient, type Pod } from '@sluice/kubernetes';
import { createLateEvents } from '../events/late-events.ts';
import { FixedPorts } from './fixed-ports.ts';
import { noImageRuntime, type ImageRuntime } from './image-runtime.ts';
import type { Lull } from '../lull/lull.ts';
import { noNetworkIsolation, type NetworkIsolation } from './isolation/network-isolation.ts';
import { createKubeletApi, type KubeletApi } from './kubelet-api.ts';
import type { LogStore } from './log-store.ts';
import { nodeObject, type NodeFacts } from './node.ts';
import { PodWorker, type PodSurroundings } from './pod-worker.ts';
import type { PortAllocator } from './port-allocator.ts';
import type { ProbeTransport } from './probe-transport.ts';
import type { ProcessRunner } from './process-runner.ts';
import type { ImagePrograms } from './sandbox/image-programs.ts';
import type { SandboxSettings } from './sandbox/sandboxed-pod.ts';
import type { RestartBackoffOptions } from './restart-backoff.ts';
import type { TimelineListener } from './timeline.ts';

export interface KubeletOptions {
  readonly client: KubernetesClient;
  readonly runner: ProcessRunner;
  readonly allocator: PortAllocator;
  readonly probes: ProbeTransport;
  readonly logs: LogStore;
  /** What runs containers that have only an image. Default: nothing does. */
  readonly images?: ImageRuntime;
  /** Images that are run as programs of this machine, whatever else could run them. Default: none. */
  readonly programs?: ImagePrograms;
  /** What gives each pod a network and each container a view of the files. Default: nothing does; pods run among the machine's own programs, without volumes. */
  readonly sandboxes?: SandboxSettings;
  /** What gives pods a network of their own that ask for it. Default: nothing does. */
  readonly isolation?: NetworkIsolation;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** The Node it stands for. */
  readonly node: NodeFacts;
  /** What every process gets beside its own variables: PATH, HOME and the like. Default: nothing. */
  readonly baseEnvironment?: Readonly<Record<string, string>>;
  readonly backoff?: RestartBackoffOptions;
  readonly onTimeline?: TimelineListener;
  /** Begins with each pod that is taken on, and settles when it is ready. Absent: nobody waits for that. */
  readonly lull?: Lull;
}

/** How long containers may take to end when the kubelet stops, in ms. Chosen: a person waits at the terminal. */
const stopGraceMsDefault = 2000;

export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #api: KubeletApi;
  readonly #informer: Informer<Pod>;
  readonly #surroundings: PodSurroundings;
  /** By uid. */
  readonly #workers = new Map<string, PodWorker>();
  readonly #wallStartMs: number;
  #stopped = false;

  constructor(options: KubeletOptions) {
    const { client, clock, timers, random, logger, meter, runner, node } = options;
    this.#options = options;
    this.#api = createKubeletApi(client);
    this.#informer = new Informer({ client, kind: pods, clock, timers, random, logger });
    this.#wallStartMs = clock.wallTime() - clock.now();
    this.#surroundings = {
      nodeName: node.name,
      hostAddress: node.address,
      floor: { clock, timers, runner, transport: options.probes },
      api: this.#api,
      allocator: options.allocator,
      fixedPorts: new FixedPorts(),
      isolation: options.isolation ?? noNetworkIsolation,
      logs: options.logs,
      images: options.images ?? noImageRuntime,
      programs: options.programs ?? (() => undefined),
      sandboxes: options.sandboxes,
      events: createLateEvents('kubelet', { client, clock, timers, logger }),
      baseEnvironment: options.baseEnvironment ?? {},
      backoff: options.backoff ?? {},
      logger,
      lull: options.lull,
      onTimeline: (pod, phase) => {
        const atMs = this.#wallStartMs + clock.now();
        if (phase === 'created') options.lull?.begin();
        if (phase === 'ready') options.lull?.settle();
        options.onTimeline?.({ podKey: objectKey(pod), labels: pod.metadata.labels ?? {}, phase, atMs });
      },
    };
    meter.observedGauge('kubelet_running_pods', 'Pods that have a worker.', () => this.#workers.size);
  }

  /** Clears up after an earlier run, registers the node, and takes on the pods that are there. */
  async start(): Promise<void> {
    const { runner, allocator, logger, node, clock } = this.#options;
    const leftovers = await runner.endLeftovers();
    if (leftovers > 0) logger.info('leftover processes ended', { groups: leftovers });
    // The first pod that wants to be isolated does not wait for an answer.
    const [support] = await Promise.all([this.#surroundings.isolation.support(), allocator.start()]);
    logger.debug('network isolation', { ...support });
    await this.#api.registerNode(nodeObject(node, clock.wallTime())).catch((reason: unknown) => {
      // The node is for people to look at: pods run without it.
      if (!isNotFound(reason)) logger.warn('node not registered', { error: reason });
    });
    this.#informer.subscribe((change) => this.#onChange(change));
    this.#informer.start();
    await this.#informer.whenSynced();
  }

  /**
   * Ends every process and fulfils when none is left, at the latest a moment after `graceMs`. Pods stay in the
   * API: the next start runs them again.
   */
  async stop(graceMs: number = stopGraceMsDefault): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const informerStopped = this.#informer.stop();
    await Promise.all([...this.#workers.values()].map((worker) => worker.suspend(graceMs)));
    await this.#options.runner.close();
    await this.#options.allocator.stop();
    await informerStopped;
  }

  #onChange(change: Change<Pod>): void {
    if (this.#stopped) return;
    const { uid = '' } = change.object.metadata;
    const worker = this.#workers.get(uid);
    if (change.kind === 'deleted') {
      if (worker) void worker.abandon().finally(() => this.#workers.delete(uid));
      return;
    }
    if (worker) worker.update(change.object);
    else this.#takeOn(change.object, uid);
  }

  #takeOn(pod: Pod, uid: string): void {
    const { node, logger } = this.#options;
    if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== node.name) return;
    if (isTerminating(pod)) {
      // Nothing of it runs: an earlier kubelet's processes have been ended.
      void this.#api.removePod(pod).catch((reason: unknown) => logger.warn('pod not removed', { pod: objectKey(pod), error: reason }));
      return;
    }
    if (isFinished(pod)) return;
    const worker = new PodWorker(pod, this.#surroundings);
    this.#workers.set(uid, worker);
    worker.start().catch((reason: unknown) => logger.error('pod not started', { pod: worker.key, error: reason }));
  }
}
