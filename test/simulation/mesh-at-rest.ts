/** What is left when a run is over: the mesh as it should be when nobody has wanted anything from it for a while. */
import type { ClientRequest } from './clients.ts';

export interface MeshAtRest {
  readonly requests: readonly ClientRequest[];
  readonly processes: readonly ProcessAtRest[];
  readonly services: readonly ServiceAtRest[];
}

export interface ServiceAtRest {
  readonly name: string;
  /** Status of its Ready condition; `missing` when there is none. */
  readonly ready: string;
  readonly revisions: readonly RevisionAtRest[];
}

export interface RevisionAtRest {
  readonly name: string;
  /** Whether the Route gives it traffic or a tag. */
  readonly isRouted: boolean;
  /** What its Deployment asks for. */
  readonly replicas: number;
  /** Pods there are, whatever their state. */
  readonly pods: number;
}

export interface ProcessAtRest {
  readonly name: string;
  /** Things held for requests, by what they are: `streams`, `cluster default/x-00001 requests`. All must be 0. */
  readonly held: ReadonlyMap<string, number>;
  /** Timers that fire per virtual second, measured while nothing happens. */
  readonly timersPerSecond: number;
}
