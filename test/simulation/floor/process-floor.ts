/**
 * The floor under the kubelet: processes are objects in memory. A command that names an executable of the
 * product runs its composition; the user's container runs the in-memory program of its service.
 */
import { randomFor } from '../scenario/draw.ts';
import type { ServicePlan } from '../scenario/service-plan.ts';
import { programCommand } from '../service-manifest.ts';
import type { SimulatedNetwork, SimulatedNetworkView } from '@sluice/kernel/testing';
import type { ProcessRunner, ProcessSpec } from '@sluice/local';
import { FakeProcessRunner, type FakeProcess, type FakeProcessContext, type FakeProgram } from '@sluice/local/testing';
import type { Component, ComponentMaker, World } from './component.ts';
import { createObservedLogger } from './observed-logger.ts';
import { Sandbox } from './sandbox.ts';
import { startUserProgram } from './user-program.ts';

export interface ProcessFloorOptions {
  readonly world: World;
  readonly network: SimulatedNetwork;
  readonly seed: number;
  readonly services: readonly ServicePlan[];
  /** By the name of their folder: `gateway`, `queue-proxy`. */
  readonly makers: ReadonlyMap<string, ComponentMaker>;
}

/** How one coming pod will behave. */
export type PodMood = { readonly kind: 'failing' } | { readonly kind: 'slow'; readonly factor: number };

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly spec: ProcessSpec;
  readonly sandbox: Sandbox;
  readonly network: SimulatedNetworkView;
  /** Absent for users' programs, and until it has been made. */
  component: Component | undefined;
}

/** Between the wish for a process and its first instruction, in ms: Node itself needs as long. */
const spawnMs = 40;

export class ProcessFloor {
  readonly runner: ProcessRunner;
  readonly #runner: FakeProcessRunner;
  readonly #options: ProcessFloorOptions;
  readonly #processes = new Map<number, RunningProcess>();
  readonly #moods = new Map<string, PodMood[]>();
  #started = 0;

  constructor(options: ProcessFloorOptions) {
    this.#options = options;
    this.#runner = new FakeProcessRunner({
      timers: options.world.links.time,
      programFor: (spec) => this.#programFor(spec),
      startDelayMs: spawnMs,
    });
    this.runner = this.#runner;
  }

  get processes(): readonly RunningProcess[] {
    return [...this.#processes.values()];
  }

  /** The next pod of `service` whose program starts behaves like this. */
  setNextPodMood(service: string, mood: PodMood): void {
    this.#moods.set(service, [...(this.#moods.get(service) ?? []), mood]);
  }

  /** Ends a process as `kill -9` does. */
  kill(process: RunningProcess): void {
    this.#runner.kill(process.pid);
  }

  #programFor(spec: ProcessSpec): FakeProgram | undefined {
    if (spec.argv[0] === programCommand) return (context) => this.#runUserProgram(context);
    const name = executableName(spec);
    const maker = name === undefined ? undefined : this.#options.makers.get(name);
    return maker && ((context) => this.#runComponent(context, maker));
  }

  #runComponent(context: FakeProcessContext, maker: ComponentMaker): FakeProcess {
    const { process, end } = this.#begin(context, executableName(context.spec) ?? '');
    const { world } = this.#options;
    const { sandbox, network } = process;
    const run = async () => {
      const component = await maker({ world, sandbox, network, spec: context.spec, flags: flagsOf(context.spec) });
      process.component = component;
      await component.start();
    };
    const stop = async () => {
      await process.component?.stop();
      const held = process.component?.held?.();
      if (held && !sandbox.isKilled) world.observations.tell({ at: sandbox.clock.now(), kind: 'process stopped', process: process.name, held });
    };
    run().catch((reason: unknown) => {
      sandbox.logger.error('process failed', { error: reason });
      context.exit(1);
    });
    return {
      onTerminate() {
        void stop().finally(() => context.exit(0));
      },
      onEnd: end,
    };
  }

  #runUserProgram(context: FakeProcessContext): FakeProcess {
    const { pod } = context.spec.identity;
    const [service = ''] = pod.split('-');
    const plan = this.#options.services.find(({ name }) => name === service);
    if (!plan) throw new Error(`pod ${pod} belongs to no service of the scenario`);
    const { process, end } = this.#begin(context, pod);
    const { sandbox, network } = process;
    const mood = this.#moods.get(service)?.shift();
    // Before it listens: a program that dies later takes requests with it, which is another fault.
    if (mood?.kind === 'failing') sandbox.timers.after(plan.program.startupMs[0] / 2, () => context.exit(1));
    const { observations } = this.#options.world;
    const facts = { name: pod, service, containerConcurrency: plan.containerConcurrency };
    const program = startUserProgram({
      plan: plan.program,
      slownessFactor: mood?.kind === 'slow' ? mood.factor : 1,
      // Queue-proxy looks for its program on the machine's own loopback; ports are the kubelet's choice.
      host: '127.0.0.1',
      port: Number(context.spec.env['PORT']),
      pod,
      network,
      timers: sandbox.timers,
      random: sandbox.random,
      onListening: (port) => context.listen(port),
      onBusy: (change, request, concurrency) =>
        observations.tell({ at: sandbox.clock.now(), kind: 'program busy', pod: facts, change, ...request, concurrency }),
    });
    return {
      onTerminate() {
        void program.stop().then(() => context.exit(0));
      },
      onEnd: end,
    };
  }

  #begin(context: FakeProcessContext, executable: string): { readonly process: RunningProcess; readonly end: () => void } {
    const { world, seed } = this.#options;
    const { pod, podIp, container, namespace } = context.spec.identity;
    const isSystem = namespace !== 'default';
    const name = isSystem ? executable : `${pod}/${container}`;
    const { time } = world.links;
    this.#started += 1;
    const sandbox = new Sandbox({
      name,
      // The containers of a pod are one place on the network.
      part: isSystem ? executable : pod,
      time,
      random: randomFor(seed, `${name} ${this.#started}`),
      logger: createObservedLogger(world.observations, time, name),
    });
    const network = this.#options.network.view(sandbox.part, podIp);
    const process: RunningProcess = { name, pid: context.pid, spec: context.spec, sandbox, network, component: undefined };
    this.#processes.set(context.pid, process);
    world.observations.tell({ at: time.now(), kind: 'process started', process: name });
    return {
      process,
      end: () => {
        sandbox.kill();
        network.destroy();
        this.#processes.delete(context.pid);
        world.observations.tell({ at: time.now(), kind: 'process ended', process: name });
      },
    };
  }
}

/** `node … /apps/gateway/src/main.ts` names the executable `gateway`; flags of Node stand before it. */
function executableName({ argv }: ProcessSpec): string | undefined {
  return mainPattern.exec(argv[mainIndex(argv)] ?? '')?.[1];
}

/** What follows the executable. */
function flagsOf({ argv }: ProcessSpec): readonly string[] {
  return argv.slice(mainIndex(argv) + 1);
}

const mainPattern = /\/apps\/([^/]+)\/src\/main\.ts$/;

/** The first word after the program that is no flag. */
function mainIndex(argv: readonly string[]): number {
  const index = argv.findIndex((word, at) => at > 0 && !word.startsWith('-'));
  return index === -1 ? argv.length : index;
}
