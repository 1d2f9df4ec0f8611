/** The network of the executables, with memory that is overwritten as soon as it must not be read any more. */
import { findStreamWrap } from '../network/stream-wrap.ts';
import { SystemNetwork, type AcceptTransport } from '../network/system-network.ts';

/** @param accept `reused` is what production takes where it can: connections stand on handles */
export function createPoisonedNetwork(accept: AcceptTransport = 'reused'): SystemNetwork {
  if (accept === 'events') return new SystemNetwork({ accept, poisonsMemory: true });
  return new SystemNetwork({ accept, poisonsMemory: true, writesDirectly: true, streamWrap: findStreamWrap() });
}
