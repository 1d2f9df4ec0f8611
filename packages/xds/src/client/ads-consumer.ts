/**
 * Who uses what an ADS client receives. The client decodes and remembers; the consumer judges and applies.
 */
import type { Problem } from '@sluice/kernel';

import type { JsonObject } from '../codec/json.ts';
import type { TypeUrl } from '../type-urls.ts';

/** A resource as received. */
export interface ReceivedResource {
  readonly name: string;
  /** Content hash, the same that our server computes. */
  readonly version: string;
  /** Canonical proto3 JSON with original names. */
  readonly value: JsonObject;
}

/** What one response changes. Resources with the content they already had are not repeated. */
export interface ResourceUpdate {
  readonly typeUrl: TypeUrl;
  /** The version of the type that this response carries. */
  readonly version: string;
  readonly changed: readonly ReceivedResource[];
  /** Names that are gone: deleted by the server, or no longer referred to by anything held. */
  readonly removed: readonly string[];
  /** More of the same state follows, in updates of their own. */
  readonly hasMore?: boolean;
}

/** A resource the consumer will not use. The one it had before stays in force. */
export interface RejectedResource {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** Why something that was accepted is not in force after all. */
export interface LateFault {
  /** Undefined: nobody can say whose fault it is. */
  readonly typeUrl: TypeUrl | undefined;
  readonly name: string;
  readonly problem: Problem;
}

export interface AdsConsumer {
  /**
   * Takes an update and says what of `changed` it refuses; the client then refuses the response (NACK)
   * with every reason and keeps the accepted rest. Must return before the next update can come.
   */
  onUpdate(update: ResourceUpdate): readonly RejectedResource[];
  /**
   * Fulfils when all that was taken so far is in force, with what has come to light on the way: refusals like those of
   * `onUpdate`. Where it is there, the service is answered then and not before.
   */
  inForce?(): Promise<readonly LateFault[]>;
  /** A resource that something refers to has not come within the initial fetch timeout. */
  onMissing?(typeUrl: TypeUrl, name: string): void;
  /**
   * The service has begun to answer, or was lost. The first answer is given to `onUpdate` before this is called.
   * What was accepted stays in force.
   */
  onConnection?(connected: boolean): void;
}
