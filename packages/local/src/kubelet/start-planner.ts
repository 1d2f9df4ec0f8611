/** Finds out what a container of one pod needs for its next start, or what it has to wait for. */
import { objectKey, type Container, type Pod } from '@sluice/kubernetes';
import type { KubeletContainer } from '../objects/pod-facts.ts';
import type { StartPlan } from './container-worker.ts';
import type { ImageRuntime } from './image-runtime.ts';
import type { ImageProgram, ImagePrograms } from './sandbox/image-programs.ts';
import type { SandboxedPod } from './sandbox/sandboxed-pod.ts';
import { insistingAdvice } from './isolation/isolation-plan.ts';
import type { PodIsolation } from './isolation/pod-isolation.ts';
import type { KubeletApi } from './kubelet-api.ts';
import type { PodPorts } from './pod-ports.ts';
import { toldPort, type PortPlan } from './port-plan.ts';
import { planStart, referencesOf } from './start-plan.ts';

export interface StartPlannerOptions {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly hostAddress: string;
  readonly ports: PodPorts;
  readonly isolation: Pick<PodIsolation, 'isolates' | 'renew'>;
  readonly api: Pick<KubeletApi, 'configMap' | 'secret'>;
  readonly images: ImageRuntime;
  readonly programs: ImagePrograms;
  /** Absent: its containers run among the machine's own programs. */
  readonly sandbox: Pick<SandboxedPod, 'wrapper'> | undefined;
  readonly baseEnvironment: Readonly<Record<string, string>>;
  /** The container's port is with another pod. */
  readonly onPortTaken: (message: string) => void;
}

type Values = Readonly<Record<string, string>>;

/** What a container is told that has all ports for itself. */
const noneReplaced: PortPlan = new Map();

/** What may appear any moment is looked for this often, in ms. */
const retryMs = 1000;

export class StartPlanner {
  readonly #options: StartPlannerOptions;
  readonly #pod: Pod;

  constructor(options: StartPlannerOptions) {
    this.#options = options;
    const { pod, nodeName } = options;
    // The binding is on its way while the first process starts.
    this.#pod = pod.spec.nodeName === nodeName ? pod : { ...pod, spec: { ...pod.spec, nodeName } };
  }

  /** Never rejects: what goes wrong is a reason to wait. */
  async plan(container: KubeletContainer): Promise<StartPlan> {
    const taken = this.#claimPort(container);
    if (taken) return taken;
    try {
      const plan = await this.#planWithReferences(container);
      if (plan.kind === 'run' && this.#options.sandbox) return await this.#enter(this.#options.sandbox, container, plan);
      return plan.kind === 'run' && this.#options.isolation.isolates(container) ? await this.#isolate(container, plan) : plan;
    } catch (reason) {
      const message = `cannot read what the container refers to: ${reason instanceof Error ? reason.message : String(reason)}`;
      return { kind: 'wait', reason: 'CreateContainerConfigError', message, retryMs };
    }
  }

  #claimPort(container: Container): StartPlan | undefined {
    const declared = toldPort(container);
    const holder = declared === undefined ? undefined : this.#options.ports.claimFixed(declared);
    if (holder === undefined) return undefined;
    const message = `listens on ${declared} whatever PORT says, and pod ${holder} has that port: on one machine it can run as one pod; ${insistingAdvice}`;
    this.#options.onPortTaken(message);
    return { kind: 'wait', reason: 'PortTaken', message, retryMs };
  }

  async #enter(sandbox: Pick<SandboxedPod, 'wrapper'>, container: KubeletContainer, plan: Extract<StartPlan, { kind: 'run' }>): Promise<StartPlan> {
    try {
      const wrapper = await sandbox.wrapper(container, this.#programOf(container));
      return { ...plan, spec: { ...plan.spec, wrapper } };
    } catch (reason) {
      return { kind: 'wait', reason: 'CreateContainerError', message: reason instanceof Error ? reason.message : String(reason), retryMs };
    }
  }

  #programOf({ image }: Container): ImageProgram | undefined {
    return image === undefined ? undefined : this.#options.programs(image);
  }

  /** The program itself has its declared ports; whoever reaches it from outside keeps to the replaced ones. */
  async #isolate(container: KubeletContainer, plan: Extract<StartPlan, { kind: 'run' }>): Promise<StartPlan> {
    try {
      const { wrapper } = await this.#options.isolation.renew(container);
      return { ...plan, ports: this.#options.ports.plan, spec: { ...plan.spec, wrapper } };
    } catch (reason) {
      return { kind: 'wait', reason: 'IsolationFailed', message: reason instanceof Error ? reason.message : String(reason), retryMs };
    }
  }

  /** References are read anew at each start. */
  async #planWithReferences(container: KubeletContainer): Promise<StartPlan> {
    const { api, ports, images, hostAddress, baseEnvironment, isolation } = this.#options;
    const namespace = this.#pod.metadata.namespace ?? 'default';
    const program = this.#programOf(container);
    const references = referencesOf(container);
    const configMaps = await fetchAll(references.configMaps, (name) => api.configMap(namespace, name));
    const secrets = await fetchAll(references.secrets, (name) => api.secret(namespace, name));
    return planStart(container, {
      pod: this.#pod,
      podIp: ports.address,
      hostIp: hostAddress,
      base: baseEnvironment,
      ports: isolation.isolates(container) ? noneReplaced : ports.plan,
      configMap: (name) => configMaps.get(name),
      secret: (name) => secrets.get(name),
      image: container.command?.length || program ? undefined : await images.find(),
      program,
      podKey: objectKey(this.#pod),
    });
  }
}

async function fetchAll(names: ReadonlySet<string>, fetch: (name: string) => Promise<Values | undefined>): Promise<Map<string, Values>> {
  const found = new Map<string, Values>();
  await Promise.all(
    [...names].map(async (name) => {
      const values = await fetch(name);
      if (values) found.set(name, values);
    }),
  );
  return found;
}
