/** The real network, with the faster way of reading where this Node can do it. */
import type { Logger, Timers } from '@sluice/kernel';
import { SystemNetwork, type AcceptTransport } from './system-network.ts';
import { reusedMemoryWorks } from './transport-self-test.ts';

export interface CreateSystemNetworkOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /**
   * `auto` (the default) tries `reused` and falls back to `events`. The executables take it from
   * SLUICE_TRANSPORT, so that an operator can turn the undocumented part off.
   */
  readonly transport?: AcceptTransport | 'auto';
  readonly poisonsMemory?: boolean;
  /** `process.platform`. Windows holds the memory of a read while it waits, so there it cannot be shared. */
  readonly platform: string;
}

export async function createSystemNetwork(options: CreateSystemNetworkOptions): Promise<SystemNetwork> {
  const poisonsMemory = options.poisonsMemory ?? false;
  const wanted = options.transport ?? 'auto';
  if (wanted !== 'auto') return new SystemNetwork({ accept: wanted, poisonsMemory });
  if (options.platform !== 'win32') {
    const candidate = new SystemNetwork({ accept: 'reused', poisonsMemory });
    if (await reusedMemoryWorks(candidate, (ms, fn) => options.timers.after(ms, fn))) return candidate;
    options.logger.warn('transport self-test failed', { transport: 'events' });
  }
  return new SystemNetwork({ accept: 'events', poisonsMemory });
}
