/** A response of either variant, as the client's machine takes it. */
import type { EncodedResource } from '../discovery.ts';
import type { TypeUrl } from '../type-urls.ts';

export interface IncomingResource {
  /** As the server calls it; absent where the resource itself has to be asked. */
  readonly name?: string;
  /** The server's version of this resource; empty where it gives none. */
  readonly serverVersion: string;
  /** Other names that it is the answer to. */
  readonly aliases?: readonly string[];
  /** Absent in a heartbeat, and where there is none of a name that was asked for. */
  readonly resource?: EncodedResource;
  readonly ttlMs?: number;
}

export interface IncomingUpdate {
  readonly typeUrl: TypeUrl;
  /** Of the type: what an answer and people call this state. */
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly IncomingResource[];
  readonly removed: readonly string[];
  /** What is not in it does not exist any more. */
  readonly isWhole: boolean;
  /** More of the same state follows. */
  readonly hasMore?: boolean;
  /** The same when the same is sent again. */
  readonly identity: string;
  readonly controlPlane?: string;
}
