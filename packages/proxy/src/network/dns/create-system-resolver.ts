/** What resolves names on this machine. */
import type { Clock, Meter, Resolver, ResolverSettings } from '@sluice/kernel';
import { SystemResolver } from './system-resolver.ts';

/**
 * @param settings in place of the system's, for queries that bring none of their own
 * @param meter where questions to servers are counted
 */
export function createSystemResolver(clock: Clock, settings?: ResolverSettings, meter?: Meter): Resolver {
  return new SystemResolver({ now: () => clock.now(), settings, meter });
}
