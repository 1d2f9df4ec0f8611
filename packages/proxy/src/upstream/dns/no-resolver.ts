/** For proxies that were given no resolver: names cannot be looked up, and that is what is said. */
import type { Resolver, Timers } from '@sluice/kernel';

export function createNoResolver(timers: Timers): Resolver {
  return { resolve: (_query, onAnswer) => timers.after(0, () => onAnswer({ kind: 'failed', reason: 'there is no resolver' })) };
}
