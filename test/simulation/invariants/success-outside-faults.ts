/**
 * Requests succeed unless something excuses them: a fault that takes away the very process that serves them, the
 * deletion of their service, or more requests at once than pods may queue. Everything else (restarts of the
 * control plane, changes of traffic, new revisions, cold starts, slow links) has no right to be noticed.
 */
import type { ClientRequest } from '../clients.ts';
import type { Fault } from '../scenario/fault-plan.ts';
import type { Invariant } from './invariant.ts';

interface Excuse {
  /** Absent: all. */
  readonly service?: string;
  readonly from: number;
  until: number;
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
            const service = excusedService(fault);
            if (service === 'none') return;
            const until = observation.at + forMs + aftermathMs;
            excuses.push(service === 'all' ? { from: observation.at, until } : { service, from: observation.at, until });
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
          const isExcused = excuses.some(
            (excuse) => (excuse.service ?? service) === service && excuse.from <= endedAt && excuse.until >= startedAt,
          );
          const limit = scenario.services.find(({ name }) => name === service)?.containerConcurrency ?? 0;
          // A pod lets 10 times its limit wait, so with fewer requests than that no pod has a reason to refuse.
          const isCrowded = limit > 0 && result.kind === 'answered' && result.status === 503 && (crowd.get(request) ?? 0) > 11 * limit;
          if (isExcused || isCrowded) continue;
          const how = result.kind === 'answered' ? `${result.status} ${result.body.trim().slice(0, 100)}` : result.reason;
          violated(`request ${id} to ${service}, sent at ${(startedAt / 1000).toFixed(3)}: ${how}`);
        }
      },
    };
  },
};

/** Whose requests a fault may hurt. */
function excusedService(fault: Fault): string | 'all' | 'none' {
  switch (fault.kind) {
    case 'kill':
    case 'partition':
      return fault.component === 'activator' || fault.component === 'gateway' ? 'all' : 'none';
    case 'kill-pod':
      return fault.service;
    case 'cut-streams':
    case 'cut-watches':
    case 'latency':
    case 'failing-pod':
    case 'slow-pod':
      return 'none';
  }
}
