/**
 * Addresses and ports of the machine. On Linux all of 127.0.0.0/8 is loopback, so a kubelet takes a block 127.B.0.0/16 of
 * it. The block is claimed by holding a listener on its first address, which another kubelet on this machine cannot have too.
 */
import net from 'node:net';
import { MeshError, randomInt, type Random, type Timer, type Timers } from '@sluice/kernel';
import type { AddressMode, PortAllocator } from './port-allocator.ts';

export interface SystemPortAllocatorOptions {
  readonly random: Random;
  readonly timers: Timers;
  /** Default: an address per pod where the machine has such addresses. */
  readonly mode?: AddressMode;
  /** The block to try first, 1–254: the same one gives pods their addresses back after a restart. Default 1. */
  readonly preferredBlock?: number;
}

/** Claims a block. Chosen: not registered for anything, and below the ports that systems give to clients. */
const claimPort = 25_113;

/** From where free ports are taken: below Linux's ephemeral range, so that no outgoing connection sits on one. */
const firstPort = 20_000;
const lastPort = 29_999;

/**
 * Free ports that are looked for ahead of time and held by a listener until somebody wants them: looking takes turns of the
 * event loop, which a cold start has to share with everything else (1.5–5 ms were measured). Chosen: two pods.
 */
const sparesMax = 2;

/** After a port was taken, in ms: a cold start is not to be disturbed. */
const refillDelayMs = 200;

const blocks = 254;
const addressesPerBlock = 65_534;
const sharedAddress = '127.0.0.1';

export class SystemPortAllocator implements PortAllocator {
  readonly #options: SystemPortAllocatorOptions;
  readonly #addresses = new Set<string>();
  readonly #ports = new Set<number>();
  #mode: AddressMode;
  readonly #spares: HeldPort[] = [];
  #claim: net.Server | undefined;
  #refillTimer: Timer | undefined;
  #stopped = false;
  #block = 0;
  /** Goes round the block, so that an address is taken again as late as possible. */
  #lastAddress = 1;
  #lastPort: number;

  constructor(options: SystemPortAllocatorOptions) {
    this.#options = options;
    this.#mode = options.mode ?? 'address-per-pod';
    this.#lastPort = firstPort + randomInt(options.random, lastPort - firstPort);
  }

  get mode(): AddressMode {
    return this.#mode;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await Promise.all([this.#claimBlock(), this.#refill()]);
  }

  async #claimBlock(): Promise<void> {
    if (this.#mode === 'shared-address') return;
    const preferred = this.#options.preferredBlock ?? 1;
    for (let offset = 0; offset < blocks; offset += 1) {
      const block = 1 + ((preferred - 1 + offset) % blocks);
      const result = await listen(claimPort, `127.${block}.0.1`);
      if (result.kind === 'taken') continue;
      // A system whose loopback has one address only, such as macOS.
      if (result.kind === 'impossible' && this.#options.mode === undefined) {
        this.#mode = 'shared-address';
        return;
      }
      if (result.kind === 'impossible') throw result.error;
      this.#claim = result.server;
      this.#block = block;
      return;
    }
    throw new MeshError('no-free-addresses', `claim a block of loopback addresses: port ${claimPort} is taken on all ${blocks}`);
  }

  allocateAddress(wanted?: string): string {
    if (this.#mode === 'shared-address') return sharedAddress;
    if (wanted?.startsWith(`127.${this.#block}.`) && wanted !== `127.${this.#block}.0.1` && !this.#addresses.has(wanted)) {
      this.#addresses.add(wanted);
      return wanted;
    }
    for (let tried = 0; tried < addressesPerBlock; tried += 1) {
      this.#lastAddress = this.#lastAddress >= addressesPerBlock ? 2 : this.#lastAddress + 1;
      const address = `127.${this.#block}.${this.#lastAddress >> 8}.${this.#lastAddress & 255}`;
      if (this.#addresses.has(address)) continue;
      this.#addresses.add(address);
      return address;
    }
    throw new MeshError('no-free-addresses', `allocate a pod address: all of 127.${this.#block}.0.0/16 are in use`);
  }

  releaseAddress(address: string): void {
    this.#addresses.delete(address);
  }

  /** Gives a spare port at once when there is one: its listener is closed in this very turn. */
  async allocatePort(): Promise<number> {
    this.#refillTimer ??= this.#options.timers.after(refillDelayMs, () => void this.#refill());
    const held = this.#spares.shift() ?? (await this.#holdPort());
    held.server.close();
    return held.port;
  }

  releasePort(port: number): void {
    this.#ports.delete(port);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#refillTimer?.cancel();
    const listeners = this.#spares.splice(0).map(({ server }) => server);
    if (this.#claim) listeners.push(this.#claim);
    this.#claim = undefined;
    await Promise.all(listeners.map(close));
  }

  async #refill(): Promise<void> {
    this.#refillTimer = undefined;
    while (this.#spares.length < sparesMax && !this.#stopped) {
      const held = await this.#holdPort();
      if (this.#stopped) held.server.close();
      else this.#spares.push(held);
    }
  }

  /** The next free port, held by a listener so that it stays free. */
  async #holdPort(): Promise<HeldPort> {
    for (let tried = firstPort; tried <= lastPort; tried += 1) {
      this.#lastPort = this.#lastPort >= lastPort ? firstPort : this.#lastPort + 1;
      const port = this.#lastPort;
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      const result = await listen(port);
      if (result.kind === 'listening') return { port, server: result.server };
      this.#ports.delete(port);
    }
    throw new MeshError('no-free-ports', `allocate a port: none is free from ${firstPort} to ${lastPort}`);
  }
}

interface HeldPort {
  readonly port: number;
  readonly server: net.Server;
}

type ListenResult =
  | { readonly kind: 'listening'; readonly server: net.Server }
  | { readonly kind: 'taken' }
  | { readonly kind: 'impossible'; readonly error: Error };

/** Without a host: on all addresses, of both families where there are two. */
function listen(port: number, host?: string): Promise<ListenResult> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? { kind: 'taken' } : { kind: 'impossible', error });
    });
    server.listen({ port, exclusive: true, ...(host === undefined ? {} : { host }) }, () => resolve({ kind: 'listening', server }));
  });
}

function close(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
