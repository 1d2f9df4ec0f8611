/**
 * Requests succeed unless something excuses them: a fault that takes away the very process that serves them, the
 * deletion of their service, or more requests at once than pods may queue. Everything else (restarts of the
 * control plane, changes of traffic, new revisions, cold starts, slow links) has no right to be noticed.
 */
import type { ClientRequest } from '../clients.ts';
import type { Fault } from '../scenario/fault-plan.ts';
import type { ServicePlan } from '../scenario/service-plan.ts';
import { hostOf } from '../service-manifest.ts';
import type { Invariant } from './invariant.ts';

interface Excuse {
  /** Absent: all. */
  readonly service?: string;
  readonly from: number;
  until: number;
  /** Only for hosts that have come into being during the run, and only for not being known. */
  readonly onlyNewHosts?: boolean;
}

/** How long after a fault requests may still meet its traces, in ms: until endpoints without what is gone have been applied. */
const aftermathMs = 8_000;

/** A deleted service is unknown until its next life is ready; and a moment longer, until the gateway has heard of it. */
const recreatedAftermathMs = 2_000;

export const successOutsideFaults: Invariant = {
  name: 'requests succeed outside of faults',
  create({ scenario, violated }) {
    const excuses: Excuse[] = [];
    const absent = new Map<string, Excuse>();
    const pending = new Map<string, Set<ClientRequest>>(scenario.services.map(({ name }) => [name, new Set()]));
    const crowd = new Map<ClientRequest, number>();
    return {
      observe(observation) {
        switch (observation.kind) {
          case 'fault begins': {
            const { fault, forMs } = observation.plan;
            const excused = excusedBy(fault);
            if (excused === undefined) return;
            excuses.push({ ...excused, from: observation.at, until: observation.at + forMs + aftermathMs });
            return;
          }
          case 'change': {
            if (observation.plan.change.kind !== 'recreate') return;
            const excuse = { service: observation.plan.service, from: observation.at, until: Number.POSITIVE_INFINITY };
            absent.set(excuse.service, excuse);
            excuses.push(excuse);
            return;
          }
          case 'service ready': {
            const excuse = absent.get(observation.service);
            if (excuse) excuse.until = observation.at + recreatedAftermathMs;
            absent.delete(observation.service);
            return;
          }
          case 'request sent': {
            const companions = pending.get(observation.request.service);
            companions?.add(observation.request);
            for (const request of companions ?? []) crowd.set(request, Math.max(crowd.get(request) ?? 0, companions?.size ?? 0));
            return;
          }
          case 'request ended': {
            pending.get(observation.request.service)?.delete(observation.request);
            return;
          }
        }
      },
      checkAtRest({ requests }) {
        for (const request of requests) {
          const { id, service, startedAt, endedAt = Number.POSITIVE_INFINITY, result } = request;
          if (result?.kind !== 'answered' && result?.kind !== 'failed') continue;
          if (result.kind === 'answered' && result.status === 200) continue;
          const isUnknownHost = result.kind === 'answered' && result.status === 404 && request.host !== hostOf(service);
          const isExcused = excuses.some(
            (excuse) =>
              (excuse.service ?? service) === service &&
              excuse.from <= endedAt &&
              excuse.until >= startedAt &&
              (!excuse.onlyNewHosts || isUnknownHost),
          );
          const plan = scenario.services.find(({ name }) => name === service);
          const isCrowded = result.kind === 'answered' && result.status === 503 && plan !== undefined && mayRefuse(plan, crowd.get(request) ?? 0);
          if (isExcused || isCrowded) continue;
          const how = result.kind === 'answered' ? `${result.status} ${result.body.trim().slice(0, 100)}` : result.reason;
          violated(`request ${id} to ${service}, sent at ${(startedAt / 1000).toFixed(3)}: ${how}`);
        }
      },
    };
  },
};

/**
 * Whether so many requests at once may meet a full pod. Through an activator they never do: it lets in what pods
 * have room for. Reached directly, a pod lets 10 times its limit wait, and refuses the rest.
 */
function mayRefuse({ containerConcurrency, maxScale, targetBurstCapacity }: ServicePlan, crowd: number): boolean {
  const capacityMax = containerConcurrency * (maxScale === 0 ? Number.POSITIVE_INFINITY : maxScale);
  const mayBypassActivators = targetBurstCapacity >= 0 && capacityMax >= targetBurstCapacity;
  return containerConcurrency > 0 && mayBypassActivators && crowd > 11 * containerConcurrency;
}

/** Whose requests a fault may hurt; undefined for nobody's. */
function excusedBy(fault: Fault): Pick<Excuse, 'service' | 'onlyNewHosts'> | undefined {
  switch (fault.kind) {
    case 'kill':
    case 'partition':
    case 'latency':
    case 'cut-streams': {
      const takesRequestsAlong = fault.kind === 'kill' || fault.kind === 'partition';
      if (takesRequestsAlong && (fault.component === 'activator' || fault.component === 'gateway')) return {};
      // A route is Ready when its configuration is made, and not only when gateways have said that they have it.
      const delaysRoutes = fault.component === 'config-server' || fault.component === 'gateway';
      return delaysRoutes ? { onlyNewHosts: true } : undefined;
    }
    case 'kill-pod':
      return { service: fault.service };
    case 'cut-watches':
      return fault.component === 'config-server' ? { onlyNewHosts: true } : undefined;
    case 'failing-pod':
    case 'slow-pod':
    case 'bad-push':
      return undefined;
  }
}
