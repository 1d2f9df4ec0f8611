/**
 * Where configuration comes from. A bootstrap file, a file that is watched and an xDS server are all sources of the
 * same thing: updates, one type at a time, which the consumer accepts or refuses resource by resource.
 */
import type { Problem } from '@sluice/kernel';
import type { Demand } from '../filters/demand-side.ts';
import type { SourceReference } from './source-references.ts';

/** A resource as a source gives it. */
export interface OfferedResource {
  readonly name: string;
  /** Content hash. */
  readonly version: string;
  /** Canonical proto3 JSON with original names. */
  readonly value: unknown;
}

/** What changes. Resources that stay as they are need not be repeated. */
export interface ConfigUpdate {
  readonly typeUrl: string;
  /** The source's version of the type. */
  readonly version: string;
  readonly changed: readonly OfferedResource[];
  /** Names that are gone. */
  readonly removed: readonly string[];
  /** More of the same state follows, in updates of their own. */
  readonly hasMore?: boolean;
}

/** A resource that will not be used. What was there before under its name stays in force. */
export interface RejectedResource {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** Who takes updates. The same shape that an ADS client wants, so that one can be given to it as it is. */
export interface ConfigConsumer {
  onUpdate(update: ConfigUpdate): readonly RejectedResource[];
  /** A resource that something refers to will not come, or not soon: go on without it. */
  onMissing(typeUrl: string, name: string): void;
  /**
   * Fulfils when all that was taken so far is in force, in every worker; what could not be brought into force is taken back
   * and told here.
   */
  inForce?(): Promise<readonly ApplicationFault[]>;
  /** Tells of what requests ask for by name, whenever that changes. */
  watchDemands?(listener: (demands: readonly Demand[]) => void): void;
  /** Tells at once, and after every change, what everything held refers to in sources. */
  watchReferences?(listener: (references: readonly SourceReference[]) => void): void;
}

/** Why something that was found good did not come into force. */
export interface ApplicationFault {
  /** Undefined: nobody can say whose fault it is. */
  readonly typeUrl: string | undefined;
  /** Empty like the type. */
  readonly name: string;
  readonly problem: Problem;
}

export interface ConfigSource {
  /** Begins to give updates, the first perhaps from within the call. */
  start(consumer: ConfigConsumer): void;
  stop(): void;
  /** Fulfils when it has given what there is to begin with, or has waited for it long enough. Absent: at once. */
  readonly initialised?: Promise<void>;
}
