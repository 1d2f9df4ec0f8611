/**
 * What of a cluster's counts has been reported, so that the next report has what came since. There is one only where somebody
 * takes reports. A host that leaves is reported until nothing is under way on it.
 */
import type { Host } from '@sluice/balancing';
import type { ClusterLoad, HostLoad } from './cluster-load.ts';
import type { ReportedMetrics } from './reported-metrics.ts';

/** A host's counts as of its last report. */
interface Taken {
  readonly issued: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly inProgress: number;
  readonly busyMs: number;
}

const nothing: Taken = { issued: 0, succeeded: 0, failed: 0, inProgress: 0, busyMs: 0 };

export class ClusterLoadMeter {
  readonly #metrics: ReportedMetrics | undefined;
  #taken = new Map<Host, Taken>();
  readonly #departed = new Set<Host>();
  #takenAt: number;
  #overflows = 0;
  #overloads = 0;
  readonly #byCategory = new Map<string, number>();

  /** What was before `now` is nobody's any more. */
  constructor(hosts: readonly Host[], metrics: ReportedMetrics | undefined, now: number) {
    this.#metrics = metrics;
    this.#takenAt = now;
    for (const host of hosts) this.#taken.set(host, countsOf(host, now));
    metrics?.clear();
  }

  countOverflow(): void {
    this.#overflows += 1;
  }

  countDropped(category: string): void {
    this.#overloads += 1;
    this.#byCategory.set(category, (this.#byCategory.get(category) ?? 0) + 1);
  }

  onRemoved(hosts: readonly Host[]): void {
    for (const host of hosts) this.#departed.add(host);
  }

  /** What came since the last time; undefined when there is nothing to say. */
  take(name: string, serviceName: string | undefined, hosts: readonly Host[], now: number): ClusterLoad | undefined {
    const taken = new Map<Host, Taken>();
    const loads = [...hosts, ...this.#departed].flatMap((host) => this.#takeHost(host, now, taken));
    this.#taken = taken;
    for (const host of this.#departed) if (host.activeRequests === 0) this.#departed.delete(host);
    const elapsedMs = now - this.#takenAt;
    this.#takenAt = now;
    const dropped = this.#overflows + this.#overloads;
    const droppedByCategory = Object.fromEntries(this.#byCategory);
    this.#overflows = 0;
    this.#overloads = 0;
    this.#byCategory.clear();
    if (loads.length === 0 && dropped === 0) return undefined;
    return { name, serviceName, elapsedMs, dropped, droppedByCategory, hosts: loads };
  }

  /** Once more after the last request, which says that none is under way. */
  #takeHost(host: Host, now: number, taken: Map<Host, Taken>): readonly HostLoad[] {
    const before = this.#taken.get(host) ?? nothing;
    const counts = countsOf(host, now);
    taken.set(host, counts);
    const issued = counts.issued - before.issued;
    const succeeded = counts.succeeded - before.succeeded;
    const failed = counts.failed - before.failed;
    const metrics = this.#metrics?.take(host) ?? {};
    if (issued + succeeded + failed + counts.inProgress + before.inProgress === 0 && Object.keys(metrics).length === 0) return [];
    const { locality, priority } = host.endpoint;
    return [{ address: host.address, locality, priority, issued, succeeded, failed, inProgress: counts.inProgress, busyMs: counts.busyMs - before.busyMs, metrics }];
  }
}

function countsOf(host: Host, now: number): Taken {
  return { issued: host.pickedTotal, succeeded: host.requestsSucceeded, failed: host.requestsFailed, inProgress: host.activeRequests, busyMs: host.busyMs(now) };
}
