/** How long one client's connection has been there, how much it has served, and how long it may stay. */
import type { Clock } from '@sluice/kernel';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { DownstreamStatistics } from '../statistics.ts';

const never = Number.POSITIVE_INFINITY;

export class ConnectionAge {
  requests = 0;
  readonly openedAt: number;
  /** Since when there has been no request; of use between requests only. */
  quietSince: number;
  /** From when on responses ask the client to leave (`max_connection_duration`). */
  readonly staysUntil: number;

  constructor({ connectionDurationMaxMs = 0 }: ConnectionManagerConfig, now: number) {
    this.openedAt = now;
    this.quietSince = now;
    this.staysUntil = connectionDurationMaxMs > 0 ? now + connectionDurationMaxMs : never;
  }

  /** Whether it has served as many requests, or as long, as it may; which is counted. */
  isSpent({ requestsPerConnectionMax }: ConnectionManagerConfig, statistics: DownstreamStatistics, clock: Pick<Clock, 'now'>): boolean {
    if (requestsPerConnectionMax > 0 && this.requests >= requestsPerConnectionMax) {
      statistics.requestLimits.add();
      return true;
    }
    if (this.staysUntil === never || clock.now() < this.staysUntil) return false;
    statistics.durationLimits.add();
    return true;
  }

  /** When it has been without a request for too long. */
  idleDeadline({ idleTimeoutMs, drainTimeoutMs }: ConnectionManagerConfig): number {
    const idleUntil = idleTimeoutMs > 0 ? this.quietSince + idleTimeoutMs : never;
    // An unused connection that has lasted long enough gives its client the drain time to use it once more.
    return this.staysUntil === never ? idleUntil : Math.min(idleUntil, this.staysUntil + drainTimeoutMs);
  }
}
