/** Addresses and ports that only exist in memory: 10.0.x.y, and ports from 20000 up. */
import type { AddressMode, PortAllocator } from '../kubelet/port-allocator.ts';

export class FakePortAllocator implements PortAllocator {
  readonly mode: AddressMode;
  readonly addresses = new Set<string>();
  readonly ports = new Set<number>();
  #lastAddress = 0;
  #lastPort = 20_000;

  constructor(mode: AddressMode = 'address-per-pod') {
    this.mode = mode;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  allocateAddress(wanted?: string): string {
    if (this.mode === 'shared-address') return '127.0.0.1';
    this.#lastAddress += 1;
    const next = `10.0.${this.#lastAddress >> 8}.${this.#lastAddress & 255}`;
    const address = wanted !== undefined && !this.addresses.has(wanted) ? wanted : next;
    this.addresses.add(address);
    return address;
  }

  releaseAddress(address: string): void {
    this.addresses.delete(address);
  }

  allocatePort(): Promise<number> {
    this.#lastPort += 1;
    this.ports.add(this.#lastPort);
    return Promise.resolve(this.#lastPort);
  }

  releasePort(port: number): void {
    this.ports.delete(port);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
