/** What local mode finds out about the ports of one pod's programs, while the pod is not ready. */
import type { Timers } from '@sluice/kernel';
import type { Container } from '@sluice/kubernetes';
import type { ContainerWorker } from './container-worker.ts';
import { insistingAdvice } from './isolation/isolation-plan.ts';
import type { PodPorts } from './pod-ports.ts';
import type { PortFinding } from './pod-status.ts';
import { toldPort } from './port-plan.ts';
import { PortWatch, type PortVerdict } from './port-watch.ts';

export interface PortFindingsOptions {
  readonly timers: Timers;
  readonly ports: PodPorts;
  /** Whether a container has all ports for itself, and so was told the one it declares. */
  readonly isolates: (container: Container) => boolean;
  /** Called when there is a new finding, or none any more. */
  readonly onFinding: (finding: PortFinding | undefined) => void;
  /** The program stays on its declared port; whoever was told another must hear of it. */
  readonly onInsists: (worker: ContainerWorker) => void;
}

export class PortFindings {
  readonly #options: PortFindingsOptions;
  readonly #watches = new Map<ContainerWorker, PortWatch>();
  #finding: PortFinding | undefined;
  #ready = false;

  constructor(options: PortFindingsOptions) {
    this.#options = options;
  }

  get finding(): PortFinding | undefined {
    return this.#finding;
  }

  /** A container started or ended: its program is watched exactly while it runs and the pod is not ready. */
  follow(worker: ContainerWorker, container: Container): void {
    const declared = toldPort(container);
    const told = this.#told(container, declared);
    const wanted = worker.isRunning && told !== undefined && !this.#ready;
    if (wanted === this.#watches.has(worker)) return;
    this.#forget(worker);
    if (!wanted || declared === undefined || told === undefined) return;
    const watch = new PortWatch({
      timers: this.#options.timers,
      declared,
      told,
      listeningPorts: () => worker.listeningPorts(),
      onVerdict: (verdict) => this.#judge(verdict, worker, declared),
    });
    this.#watches.set(worker, watch);
  }

  /** The pod became ready, so its ports are right; or it is no longer, and may have to be looked at again. */
  podReady(ready: boolean): void {
    this.#ready = ready;
    if (!ready) return;
    this.stop();
    if (this.#finding?.reason !== 'InsistsOnContainerPort') this.#set(undefined);
  }

  /** The pod cannot start now: another has the one port it can use. */
  portTaken(message: string): void {
    this.#set({ status: 'False', reason: 'PortTaken', message });
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }

  #judge(verdict: PortVerdict, worker: ContainerWorker, declared: number): void {
    switch (verdict.kind) {
      case 'unknown':
        return;
      case 'obeys':
        return this.#set(undefined);
      case 'elsewhere':
        return this.#set({ status: 'False', reason: 'WrongPort', message: verdict.message });
      case 'insists': {
        this.#forget(worker);
        this.#options.ports.keepDeclared(declared);
        const message = `listens on ${declared} whatever PORT says: on one machine it can run as one pod; ${insistingAdvice}`;
        this.#set({ status: 'True', reason: 'InsistsOnContainerPort', message });
        this.#options.onInsists(worker);
      }
    }
  }

  /** Undefined when nothing is to be watched: it was not told a port, or has kept the one it declares. */
  #told(container: Container, declared: number | undefined): number | undefined {
    if (declared === undefined) return undefined;
    return this.#options.isolates(container) ? declared : this.#options.ports.plan.get(declared);
  }

  #forget(worker: ContainerWorker): void {
    this.#watches.get(worker)?.stop();
    this.#watches.delete(worker);
  }

  #set(finding: PortFinding | undefined): void {
    if (finding?.message === this.#finding?.message) return;
    this.#finding = finding;
    this.#options.onFinding(finding);
  }
}
