/** Where pods live: an address each where the system has many loopback addresses, and free ports. */

/**
 * How pods are told apart. `address-per-pod`: each has its own 127.x.y.z, so sidecars keep their usual
 * ports. `shared-address`: all are on 127.0.0.1, so every declared port is replaced by a free one. `network-per-pod`: each has a network of its
 * own, where no port is replaced.
 */
export type AddressMode = 'address-per-pod' | 'shared-address' | 'network-per-pod';

export interface PortAllocator {
  readonly mode: AddressMode;
  /** Makes ready to allocate. */
  start(): Promise<void>;
  /**
   * An address nobody else has. `wanted`, the address the pod had before, is given again when it is
   * still free. In `shared-address` mode always 127.0.0.1.
   */
  allocateAddress(wanted?: string): string;
  releaseAddress(address: string): void;
  /** A TCP port that is free on all addresses and stays set aside until it is released. */
  allocatePort(): Promise<number>;
  releasePort(port: number): void;
  stop(): Promise<void>;
}
