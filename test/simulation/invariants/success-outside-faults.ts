/**
 * Requests succeed unless something excuses them: a fault that takes away the very process that serves them, the
 * deletion of their service, or more requests at once than pods may queue. Everything else (restarts of the
 * control plane, changes of traffic, new revisions, cold starts, slow links) has no right to be noticed.
 */
import type { ClientRequest } from '../clients.ts';
import type { ServicePlan } from '../scenario/service-plan.ts';
import { Excuses } from './excuses.ts';
import type { Observation } from '../observation.ts';
import type { Invariant } from './invariant.ts';

export const successOutsideFaults: Invariant = {
  name: 'requests succeed outside of faults',
  create({ scenario, violated }) {
    const excuses = new Excuses(scenario);
    const pending = new Map<string, Set<ClientRequest>>(scenario.services.map(({ name }) => [name, new Set()]));
    /** The most requests of its service that were under way at once while a request was. */
    const crowds = new Map<ClientRequest, number>();
    const deserted = new Deserted(scenario.services);
    return {
      observe(observation) {
        excuses.observe(observation);
        deserted.observe(observation);
        if (observation.kind === 'request ended') pending.get(observation.request.service)?.delete(observation.request);
        if (observation.kind !== 'request sent') return;
        const companions = pending.get(observation.request.service) ?? new Set();
        companions.add(observation.request);
        const size = companions.size + deserted.count(observation.request.service, observation.at);
        for (const request of companions) crowds.set(request, Math.max(crowds.get(request) ?? 0, size));
      },
      checkAtRest({ requests }) {
        for (const request of requests) {
          const { id, service, startedAt, result } = request;
          if (result?.kind !== 'answered' && result?.kind !== 'failed') continue;
          if (result.kind === 'answered' && result.status === 200) continue;
          const plan = scenario.services.find(({ name }) => name === service);
          const isCrowded = result.kind === 'answered' && result.status === 503 && plan !== undefined && mayRefuse(plan, crowds.get(request) ?? 0);
          if (isCrowded || excuses.covers(request)) continue;
          const how = result.kind === 'answered' ? `${result.status} ${result.body.trim().slice(0, 100)}` : result.reason;
          violated(`request ${id} to ${service}, sent at ${(startedAt / 1000).toFixed(3)}: ${how}`);
        }
      },
    };
  },
};

/**
 * Requests whose client has left while they wait in a pod. Nothing is read of a body that waits, and so the end behind it is not seen: such
 * a request keeps its place until its turn has come, which is after ten others at the latest.
 */
class Deserted {
  readonly #plans: ReadonlyMap<string, ServicePlan>;
  readonly #paths = new Map<ClientRequest, string>();
  readonly #deserted = new Map<string, ClientRequest>();

  constructor(plans: readonly ServicePlan[]) {
    this.#plans = new Map(plans.map((plan) => [plan.name, plan]));
  }

  observe(observation: Observation): void {
    if (observation.kind === 'request sent') this.#paths.set(observation.request, observation.path);
    if (observation.kind === 'program busy' && observation.change !== 'arrived') this.#deserted.delete(observation.path);
    if (observation.kind !== 'request ended') return;
    const { request } = observation;
    const path = this.#paths.get(request);
    if (path !== undefined && (request.result?.kind === 'hung-up' || request.result?.kind === 'gave-up')) this.#deserted.set(path, request);
    this.#paths.delete(request);
  }

  count(service: string, now: number): number {
    const waitMsMax = 10 * (this.#plans.get(service)?.program.serviceMs[1] ?? 0);
    let count = 0;
    for (const { service: its, endedAt = now } of this.#deserted.values()) if (its === service && now - endedAt <= waitMsMax) count += 1;
    return count;
  }
}

/**
 * Whether so many requests at once may meet a full pod. Through an activator they never do: it lets in what pods
 * have room for. Reached directly, a pod lets 10 times its limit wait, and refuses the rest.
 */
function mayRefuse({ containerConcurrency, maxScale, targetBurstCapacity }: ServicePlan, crowd: number): boolean {
  const capacityMax = containerConcurrency * (maxScale === 0 ? Number.POSITIVE_INFINITY : maxScale);
  const mayBypassActivators = targetBurstCapacity >= 0 && capacityMax >= targetBurstCapacity;
  return containerConcurrency > 0 && mayBypassActivators && crowd > 11 * containerConcurrency;
}
