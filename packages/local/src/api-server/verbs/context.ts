/** What every verb works with. One per server; nothing in it belongs to a single request. */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import type { Access } from '../access/access.ts';
import type { Admission } from '../admission/admission.ts';
import type { JsonObject } from '../json.ts';
import type { Patience } from '../patience.ts';
import type { PodLogs } from '../pod-logs.ts';
import type { Registry } from '../resources/registry.ts';
import type { ResourceKind, RuleContext } from '../resources/resource-kind.ts';
import type { BuiltinSchemas } from '../schema/builtin-schemas.ts';
import type { Entry, ObjectStore } from '../store/object-store.ts';
import type { ApiServerLimits } from '../limits.ts';

export interface ServerContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: ApiServerLimits;
  readonly store: ObjectStore;
  readonly registry: Registry;
  readonly schemas: BuiltinSchemas;
  readonly admission: Admission;
  readonly access: Access;
  podLogs: PodLogs | undefined;
  readonly patience: Patience | undefined;
}

/** `2026-01-01T00:00:00Z`: times in objects have whole seconds. */
export function formatTime(wallTime: number): string {
  return `${new Date(wallTime).toISOString().slice(0, 19)}Z`;
}

export function ruleContext(context: ServerContext): RuleContext {
  return {
    random: context.random,
    timestamp: formatTime(context.clock.wallTime()),
    list: (storedAs) => context.store.list(storedAs).map((entry) => entry.object),
  };
}

/** The object as the kind's version shows it. For reading only: it may be the stored one. */
export function viewOf(entry: Entry, kind: ResourceKind): JsonObject {
  return kind.conversion ? kind.conversion.fromStored(entry.object) : entry.object;
}

/** The same, serialised; from the store's own text where that is the same. */
export function textOf(entry: Entry, kind: ResourceKind): string {
  return kind.conversion ? JSON.stringify(viewOf(entry, kind)) : entry.text;
}
