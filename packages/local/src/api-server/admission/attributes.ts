/** A write as admission looks at it, before and after it has been completed. */
import type { JsonObject } from '../json.ts';
import type { UserInfo } from '../request/user.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

export interface WriteAttributes {
  readonly kind: ResourceKind;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly operation: Operation;
  /** Empty for cluster-wide kinds. */
  readonly namespace: string;
  /** Empty while the name is still to be generated. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly user: UserInfo;
  /** What the client asked for beside the object: `{kind: 'CreateOptions', …}`. */
  readonly options: JsonObject;
}

/** What is written and what was there. One of them is absent when something is made or deleted. */
export interface WriteObjects {
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}
