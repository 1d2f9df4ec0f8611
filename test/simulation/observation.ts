/** What can be seen of a running mesh from outside its components. Invariants judge these, and nothing else. */
import type { Address, LogFields } from '@sluice/kernel';
import type { DiscoveryRequest, DiscoveryResponse } from '@sluice/xds';
import type { ClientRequest } from './clients.ts';
import type { ChangePlan } from './scenario/change-plan.ts';
import type { FaultPlan } from './scenario/fault-plan.ts';

export type Observation = { readonly at: number } & (
  | { readonly kind: 'request sent'; readonly path: string; readonly request: ClientRequest }
  | { readonly kind: 'request ended'; readonly request: ClientRequest }
  /** One line that a proxy wrote about one stream, as its fields. */
  | { readonly kind: 'access log'; readonly process: string; readonly fields: Readonly<Record<string, string>> }
  /** A process began to connect on the data path. `isProxy`: for a request of somebody else's. */
  | { readonly kind: 'connect'; readonly process: string; readonly to: Address; readonly isProxy: boolean }
  /** A proxy put a configuration in force; all endpoints (`host:port`) of all its clusters. */
  | { readonly kind: 'config applied'; readonly process: string; readonly endpoints: ReadonlySet<string> }
  /** How full things with a limit are. */
  | { readonly kind: 'gauges'; readonly process: string; readonly gauges: readonly GaugeReading[] }
  /** A request reached a program, was answered by it, or was given up. Probes are not told. */
  | {
      readonly kind: 'program busy';
      readonly pod: PodFacts;
      readonly change: 'arrived' | 'answered' | 'given up';
      readonly method: string;
      readonly path: string;
      /** With it, or without it. */
      readonly concurrency: number;
    }
  | { readonly kind: 'log'; readonly process: string; readonly level: string; readonly event: string; readonly fields: LogFields }
  | { readonly kind: 'process started'; readonly process: string }
  | { readonly kind: 'process ended'; readonly process: string }
  /** A process that was told to stop has done what it had to, and holds this for requests. */
  | { readonly kind: 'process stopped'; readonly process: string; readonly held: ReadonlyMap<string, number> }
  | { readonly kind: 'xds response'; readonly stream: number; readonly process: string; readonly response: DiscoveryResponse }
  | { readonly kind: 'xds request'; readonly stream: number; readonly process: string; readonly request: DiscoveryRequest }
  | { readonly kind: 'change'; readonly plan: ChangePlan }
  /** A service has become Ready: after its creation or after its change. */
  | { readonly kind: 'service ready'; readonly service: string }
  | { readonly kind: 'fault begins'; readonly plan: FaultPlan }
  | { readonly kind: 'fault ends'; readonly plan: FaultPlan }
  /** Nothing more will be done to the mesh. */
  | { readonly kind: 'quiet' }
);

export interface GaugeReading {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
}

export interface PodFacts {
  readonly name: string;
  readonly service: string;
  /** 0 is no limit. */
  readonly containerConcurrency: number;
}

/** Hands each observation to everybody who listens, in the order in which they began to. */
export class Observations {
  readonly #listeners: ((observation: Observation) => void)[] = [];

  listen(listener: (observation: Observation) => void): void {
    this.#listeners.push(listener);
  }

  tell(observation: Observation): void {
    for (const listener of this.#listeners) listener(observation);
  }
}
