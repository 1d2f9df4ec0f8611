/** The real network, with the faster way of reading where this Node can do it. */
import type { Logger, Timers } from '@sluice/kernel';
import { SystemNetwork, type AcceptTransport } from './system-network.ts';
import { directWritesWork, reusedMemoryWorks } from './transport-self-test.ts';

export interface CreateSystemNetworkOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /**
   * `auto` (the default) tries `reused`, with writes that go straight to handles, and falls back to `events`. The executables
   * take it from SLUICE_TRANSPORT, so that an operator can turn the undocumented parts off.
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
    const after = (ms: number, fn: () => void) => options.timers.after(ms, fn);
    const candidate = new SystemNetwork({ accept: 'reused', poisonsMemory, writesDirectly: await directWritesWork(after) });
    if (await reusedMemoryWorks(candidate, after)) return candidate;
    options.logger.warn('transport self-test failed', { transport: 'events' });
  }
  return new SystemNetwork({ accept: 'events', poisonsMemory });
}
