/** The isolation of one pod: whether it gets what it asks for, and the network of each container's present run. */
import { objectKey, type Container, type Pod } from '@sluice/kubernetes';
import { MeshError } from '@sluice/kernel';
import type { PortPlan } from '../port-plan.ts';
import type { IsolationFinding } from '../pod-status.ts';
import { isolationWish, relayedPorts } from './isolation-plan.ts';
import type { NetworkIsolation, Sandbox } from './network-isolation.ts';

export interface PodIsolationOptions {
  readonly pod: Pod;
  readonly podIp: string;
  readonly plan: PortPlan;
  readonly isolation: NetworkIsolation;
  /** A container can no longer be reached: it has to be started anew. */
  readonly onLost: (container: string, message: string) => void;
}

export class PodIsolation {
  readonly #options: PodIsolationOptions;
  readonly #sandboxes = new Map<string, Promise<Sandbox>>();
  #isolated: ReadonlySet<string> = new Set();
  #finding: IsolationFinding | undefined;
  #closing: Promise<unknown> | undefined;

  constructor(options: PodIsolationOptions) {
    this.#options = options;
  }

  /** What is to be said about it. Undefined when nobody asked for isolation. */
  get finding(): IsolationFinding | undefined {
    return this.#finding;
  }

  /** Finds out what the pod gets. Before that, nothing of it is isolated. */
  async begin(): Promise<void> {
    const wish = isolationWish(this.#options.pod);
    if (wish.kind === 'none') return;
    if (wish.kind === 'impossible') {
      this.#finding = { status: 'False', reason: wish.reason, message: wish.message };
      return;
    }
    const support = await this.#options.isolation.support();
    if (support.kind === 'unsupported') {
      const message = `runs without a network of its own: ${support.reason}; ${support.advice}`;
      this.#finding = { status: 'False', reason: 'NotSupported', message };
      return;
    }
    this.#isolated = wish.containers;
    const names = [...wish.containers].join(', ');
    this.#finding = { status: 'True', reason: 'OwnNetwork', message: `${names}: a network of its own, without a way out` };
  }

  isolates(container: Container): boolean {
    return this.#isolated.has(container.name);
  }

  /** A fresh network for the next run of a container, whose last one is over. Whoever stayed in the old one is cut off. */
  async renew(container: Container): Promise<Sandbox> {
    const { pod, plan, podIp, isolation, onLost } = this.#options;
    await this.#closeOne(container.name);
    if (this.#closing) throw new MeshError('sandbox-closed', `open a network for container ${container.name}: its pod has ended`);
    const opening = isolation.open({
      name: `${objectKey(pod)}/${container.name}`,
      ports: relayedPorts(container, plan, podIp),
      onLost: (message) => {
        if (this.#sandboxes.get(container.name) !== opening) return;
        this.#sandboxes.delete(container.name);
        onLost(container.name, message);
      },
    });
    this.#sandboxes.set(container.name, opening);
    return opening;
  }

  /** To be called when the containers have ended. Fulfils when no network is left. */
  async close(): Promise<void> {
    await (this.#closing ??= Promise.all([...this.#sandboxes.keys()].map((name) => this.#closeOne(name))));
  }

  async #closeOne(name: string): Promise<void> {
    const opening = this.#sandboxes.get(name);
    // One that was never made leaves nothing to close.
    const sandbox = await opening?.catch(() => undefined);
    await sandbox?.close();
    // Not sooner: whoever closes them all waits for this one too.
    if (this.#sandboxes.get(name) === opening) this.#sandboxes.delete(name);
  }
}
