/** Something that must hold in every run. It sees observations as they come, and the mesh when all is over. */
import type { Observation } from '../observation.ts';
import type { MeshAtRest } from '../mesh-at-rest.ts';
import type { Scenario } from '../scenario/scenario.ts';

export interface Invariant {
  /** A short sentence about what must hold. */
  readonly name: string;
  /** Starts afresh for one run. */
  create(context: InvariantContext): InvariantWatch;
}

export interface InvariantContext {
  readonly scenario: Scenario;
  /** What was violated, said at the moment it was. */
  readonly violated: (message: string) => void;
}

export interface InvariantWatch {
  observe?(observation: Observation): void;
  /** Called once, when the mesh should have come to rest. */
  checkAtRest?(mesh: MeshAtRest): void | Promise<void>;
}

export interface Violation {
  readonly invariant: string;
  readonly at: number;
  readonly message: string;
}
