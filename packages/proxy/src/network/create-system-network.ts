/** The real network, with the faster way of reading where this Node can do it. */
import type { Logger, Timers } from '@sluice/kernel';
import { findStreamWrap } from './stream-wrap.ts';
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
  /** 48 bytes for session tickets where the configuration gives no keys. Default a key of this network's own. */
  readonly ticketKey?: Uint8Array | undefined;
  /** `process.platform`. Windows holds the memory of a read while it waits, so there it cannot be shared. */
  readonly platform: string;
}

export async function createSystemNetwork(options: CreateSystemNetworkOptions): Promise<SystemNetwork> {
  const { poisonsMemory = false, ticketKey, logger } = options;
  const wanted = options.transport ?? 'auto';
  if (wanted === 'events' || options.platform === 'win32') return new SystemNetwork({ accept: 'events', poisonsMemory, ticketKey, logger });
  const reused = { accept: 'reused', poisonsMemory, ticketKey, logger } as const;
  const streamWrap = findStreamWrap();
  if (wanted === 'auto' && isProven(options.platform)) return new SystemNetwork({ ...reused, writesDirectly: true, bindsDirectly: true, streamWrap });
  const after = (ms: number, fn: () => void) => options.timers.after(ms, fn);
  const writesDirectly = await directWritesWork(after);
  const onHandles = new SystemNetwork({ ...reused, writesDirectly, streamWrap });
  if (writesDirectly && streamWrap && (await reusedMemoryWorks(onHandles, after))) return onHandles;
  const candidate = new SystemNetwork({ ...reused, writesDirectly });
  if (wanted === 'reused' || (await reusedMemoryWorks(candidate, after))) return candidate;
  logger.warn('transport self-test failed', { transport: 'events' });
  return new SystemNetwork({ accept: 'events', poisonsMemory, ticketKey, logger });
}

/**
 * Whether this Node has passed the self-test in our own tests. Then it need not be run at every start of every proxy, where it
 * would take as long as everything else (30 ms).
 */
function isProven(platform: string): boolean {
  return platform === 'linux' && process.versions.node.startsWith('26.');
}
