/** Addresses of pods that have a network each: there every port is free, so none is ever replaced. */
import { MeshError } from '@sluice/kernel';
import type { PortAllocator } from '../kubelet/port-allocator.ts';
import { podAddress } from './addresses.ts';

const numberMax = 65_534;

export class PodAddressAllocator implements PortAllocator {
  readonly mode = 'network-per-pod';
  readonly #used = new Set<string>();
  /** Goes round, so that an address is taken again as late as possible: somebody may still be talking to it. */
  #last = 1;

  start(): Promise<void> {
    return Promise.resolve();
  }

  allocateAddress(wanted?: string): string {
    if (wanted !== undefined && wanted.startsWith('10.244.') && !this.#used.has(wanted)) return this.#take(wanted);
    for (let tried = 0; tried < numberMax; tried += 1) {
      this.#last = this.#last >= numberMax ? 2 : this.#last + 1;
      const address = podAddress(this.#last);
      if (!this.#used.has(address)) return this.#take(address);
    }
    throw new MeshError('no-free-addresses', 'allocate a pod address: all of 10.244.0.0/16 are in use');
  }

  releaseAddress(address: string): void {
    this.#used.delete(address);
  }

  allocatePort(): Promise<number> {
    return Promise.reject(new MeshError('no-ports-replaced', 'allocate a port: pods with a network of their own keep theirs'));
  }

  releasePort(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  #take(address: string): string {
    this.#used.add(address);
    return address;
  }
}
