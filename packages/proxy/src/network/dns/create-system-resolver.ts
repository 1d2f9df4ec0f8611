/** What resolves names on this machine. */
import type { Clock, Resolver, ResolverSettings } from '@sluice/kernel';
import { SystemResolver } from './system-resolver.ts';

/** @param settings in place of the system's, for queries that bring none of their own */
export function createSystemResolver(clock: Clock, settings?: ResolverSettings): Resolver {
  return new SystemResolver({ now: () => clock.now(), settings });
}
