/** What may excuse a request that failed: which faults hurt whose requests, and for how long. */
import { hostOf } from '../service-manifest.ts';
import type { ClientRequest } from '../clients.ts';
import type { Observation } from '../observation.ts';
import type { Fault } from '../scenario/fault-plan.ts';
import type { Scenario } from '../scenario/scenario.ts';

interface Excuse {
  /** Absent: all. */
  readonly service?: string;
  readonly from: number;
  until: number;
  /** Only for hosts that have come into being during the run, and only for not being known. */
  readonly onlyNewHosts?: boolean;
}

/**
 * How long after a fault its traces may be met, in ms: until streams are connected again, endpoints without what
 * is gone have been applied, and a restarted component has been found ready.
 */
const aftermathMs = 4_000;

/** A deleted service is unknown until its next life is ready; and a moment longer, until the gateway has heard of it. */
const recreatedAftermathMs = 2_000;

export class Excuses {
  readonly #scenario: Scenario;
  readonly #excuses: Excuse[] = [];
  /** Service → the time it is away. */
  readonly #absent = new Map<string, Excuse>();
  /** Process → the time it is away. */
  readonly #killed = new Map<string, Excuse>();
  /** A kill whose victim shows itself by ending, at the same moment. */
  #killing: { readonly fault: Fault; readonly at: number } | undefined;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  observe(observation: Observation): void {
    switch (observation.kind) {
      case 'fault begins':
        return this.#onFault(observation.plan.fault, observation.at, observation.plan.forMs);
      case 'process ended':
        return this.#onEnded(observation.process, observation.at);
      case 'process started':
        return this.#onStarted(observation.process, observation.at);
      case 'change':
        if (observation.plan.change.kind === 'recreate') this.#onRecreate(observation.plan.service, observation.at);
        return;
      case 'service ready': {
        const excuse = this.#absent.get(observation.service);
        if (excuse) excuse.until = observation.at + recreatedAftermathMs;
        this.#absent.delete(observation.service);
      }
    }
  }

  covers({ service, host, startedAt, endedAt = Number.POSITIVE_INFINITY, result }: ClientRequest): boolean {
    const isUnknownHost = result?.kind === 'answered' && result.status === 404 && host !== hostOf(service);
    return this.#excuses.some(
      (excuse) =>
        (excuse.service ?? service) === service &&
        excuse.from <= endedAt &&
        excuse.until >= startedAt &&
        (!excuse.onlyNewHosts || isUnknownHost),
    );
  }

  #onFault(fault: Fault, at: number, forMs: number): void {
    const until = at + forMs + aftermathMs;
    const { kind } = fault;
    if (kind === 'kill' || kind === 'kill-pod') this.#killing = { fault, at };
    // Connecting to it runs out of time when it takes long.
    if (kind === 'partition' && isInPath(fault.component)) this.#excuses.push({ from: at, until });
    // A route is Ready when its configuration is made, and not only when gateways have said that they have it.
    const delaysRoutes = kind === 'kill' || kind === 'partition' || kind === 'latency' || kind === 'cut-streams' || kind === 'cut-watches';
    if (delaysRoutes && (fault.component === 'config-server' || fault.component === 'gateway')) {
      this.#excuses.push({ from: at, until, onlyNewHosts: true });
    }
  }

  #onEnded(process: string, at: number): void {
    const killing = this.#killing;
    if (killing?.at === at) {
      this.#killing = undefined;
      const { fault } = killing;
      if (fault.kind === 'kill-pod') this.#away(process, { service: fault.service, from: at, until: Number.POSITIVE_INFINITY });
      else if (fault.kind === 'kill' && isInPath(fault.component)) this.#away(process, { from: at, until: Number.POSITIVE_INFINITY });
      return;
    }
    // The rest of a pod that was hurt ends too: nobody waits for its return any more.
    const [pod] = process.split('/');
    for (const [killed, excuse] of this.#killed) {
      if (killed.split('/')[0] !== pod) continue;
      excuse.until = at + aftermathMs;
      this.#killed.delete(killed);
    }
  }

  /** Back, but a program still has to start. */
  #onStarted(process: string, at: number): void {
    const excuse = this.#killed.get(process);
    if (!excuse) return;
    const plan = this.#scenario.services.find(({ name }) => name === excuse.service);
    excuse.until = at + (plan?.program.startupMs[1] ?? 0) + aftermathMs;
    this.#killed.delete(process);
  }

  #onRecreate(service: string, at: number): void {
    const excuse = { service, from: at, until: Number.POSITIVE_INFINITY };
    this.#absent.set(service, excuse);
    this.#excuses.push(excuse);
  }

  #away(process: string, excuse: Excuse): void {
    this.#killed.set(process, excuse);
    this.#excuses.push(excuse);
  }
}

/** Whether requests go through it. */
function isInPath(component: string): boolean {
  return component === 'gateway' || component === 'activator';
}
