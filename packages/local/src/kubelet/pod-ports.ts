/** The address and the ports of one pod: taken when it starts, given back when it is gone. */
import { controllerOf, objectKey, type Pod } from '@sluice/kubernetes';
import type { FixedPorts } from './fixed-ports.ts';
import type { PortAllocator } from './port-allocator.ts';
import { portsToReplace, type PortPlan } from './port-plan.ts';

export class PodPorts {
  readonly address: string;
  readonly #allocator: PortAllocator;
  readonly #fixedPorts: FixedPorts;
  readonly #pod: Pod;
  readonly #real = new Map<number, number>();
  /** Pods with one owner are alike: what one of them teaches counts for all. */
  readonly #template: string;
  #released = false;

  constructor(pod: Pod, hostAddress: string, allocator: PortAllocator, fixedPorts: FixedPorts) {
    this.#pod = pod;
    this.#allocator = allocator;
    this.#fixedPorts = fixedPorts;
    this.#template = controllerOf(pod)?.uid ?? pod.metadata.uid ?? '';
    this.address = pod.spec.hostNetwork === true ? hostAddress : allocator.allocateAddress(pod.status?.podIP);
  }

  /** Declared port → real port. Complete after `allocate`. */
  get plan(): PortPlan {
    return this.#real;
  }

  async allocate(): Promise<void> {
    const wanted = portsToReplace(this.#pod, this.#allocator.mode).filter((port) => !this.#fixedPorts.isFixed(this.#template, port));
    await Promise.all(
      wanted.map(async (declared) => {
        const real = await this.#allocator.allocatePort();
        if (this.#released) this.#allocator.releasePort(real);
        else this.#real.set(declared, real);
      }),
    );
  }

  /**
   * For a port that cannot be replaced: takes it, or answers with the key of the pod that has it. A port
   * of which nothing is known is free for everybody.
   */
  claimFixed(declared: number): string | undefined {
    if (!this.#fixedPorts.isFixed(this.#template, declared)) return undefined;
    return this.#fixedPorts.claim(declared, objectKey(this.#pod), this.#pod.metadata.uid ?? '');
  }

  /** The program listens on `declared` whatever it was told: the port is not replaced any more. */
  keepDeclared(declared: number): void {
    this.#fixedPorts.learn(this.#template, declared);
    this.claimFixed(declared);
    const real = this.#real.get(declared);
    if (real === undefined) return;
    this.#real.delete(declared);
    this.#allocator.releasePort(real);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const port of this.#real.values()) this.#allocator.releasePort(port);
    this.#fixedPorts.release(this.#pod.metadata.uid ?? '');
    if (this.#pod.spec.hostNetwork !== true) this.#allocator.releaseAddress(this.address);
  }
}
