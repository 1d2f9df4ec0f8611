/**
 * What will happen in one run, drawn from its seed before anything runs: plain data, so that it can be
 * printed, compared and cut down by hand. All times are milliseconds from the moment the mesh is ready.
 */
import { planChanges, type ChangePlan } from './change-plan.ts';
import { between, chance, pick, randomFor } from './draw.ts';
import { planFaults, type FaultPlan } from './fault-plan.ts';
import { drawService, type ServicePlan } from './service-plan.ts';
import { planTraffic, type TrafficPlan } from './traffic-plan.ts';

export interface Scenario {
  readonly seed: number;
  /** `scale-to-zero-grace-period` of config-autoscaler. */
  readonly graceSeconds: number;
  readonly services: readonly ServicePlan[];
  readonly traffic: readonly TrafficPlan[];
  readonly changes: readonly ChangePlan[];
  readonly faults: readonly FaultPlan[];
  /** When nothing more is done to the mesh; what is under way then still has to end. */
  readonly quietAtMs: number;
}

/** The same seed always gives the same scenario. */
export function drawScenario(seed: number): Scenario {
  const random = randomFor(seed, 'scenario');
  const graceSeconds = pick(random, [6, 10, 15]);
  const services = Array.from({ length: pick(random, [1, 1, 1, 1, 2, 2, 3, 4]) }, (_, index) => drawService(random, index));
  const horizonMs = between(random, 30, 70) * 1000;
  const traffic = services.flatMap((service) => planTraffic(random, service, horizonMs, graceSeconds));
  const changes = services.flatMap((service) => planChanges(random, service, horizonMs));
  // A quarter of all runs has no faults at all: there every single request has to succeed.
  const faults = chance(random, 0.25) ? [] : planFaults(random, services, horizonMs);
  const ends = [
    ...traffic.map(({ requests, atMs }) => atMs + (requests.at(-1)?.afterMs ?? 0)),
    ...changes.map(({ atMs }) => atMs),
    ...faults.map(({ atMs, forMs }) => atMs + forMs),
  ];
  return { seed, graceSeconds, services, traffic, changes, faults, quietAtMs: Math.max(horizonMs, ...ends) };
}

/** A line per thing that will happen, in the order of time. */
export function describeScenario(scenario: Scenario): string[] {
  const lines = [
    ...scenario.traffic.map(({ atMs, service, pattern, requests }) => ({
      atMs,
      text: `${pattern} of ${requests.length} to ${service}`,
    })),
    ...scenario.changes.map(({ atMs, service, change }) => ({ atMs, text: `change ${service}: ${JSON.stringify(change)}` })),
    ...scenario.faults.map(({ atMs, forMs, fault }) => ({
      atMs,
      text: `fault ${JSON.stringify(fault)}${forMs > 0 ? ` for ${forMs} ms` : ''}`,
    })),
  ];
  return [
    ...scenario.services.map((service) => `service ${JSON.stringify(service)}`),
    ...lines.sort((a, b) => a.atMs - b.atMs).map(({ atMs, text }) => `${(atMs / 1000).toFixed(3).padStart(9)} ${text}`),
    `${(scenario.quietAtMs / 1000).toFixed(3).padStart(9)} quiet`,
  ];
}
