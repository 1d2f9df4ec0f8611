/** Writes of the reconcilers: only what differs, and only what is theirs. */
import type { Clock, Logger } from '@sluice/kernel';
import {
  findCondition,
  formatTime,
  isAlreadyExists,
  isControlledBy,
  isNotFound,
  objectKey,
  type Condition,
  type EventRecorder,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import { isSameContent } from '@sluice/serving';

export interface Child<T extends KubernetesObject> {
  readonly kind: ResourceKind<T>;
  readonly owner: KubernetesObject;
  readonly desired: T;
  /** What the cache holds under the name. */
  readonly actual: T | undefined;
  /** What is there, brought to what it should be. Equal content means nothing to do. */
  readonly merge: (actual: T, desired: T) => T;
  /** What becomes of a name that is taken although the cache holds nothing under it: it is looked at, or tried again later. Default `look`. */
  readonly whenTaken?: 'look' | 'later';
}

export interface WriterOptions {
  readonly client: KubernetesClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface WithStatus extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** In ms since 1970. */
  nowMs(): number {
    return this.#options.clock.wallTime();
  }

  /** The time as statuses carry it. */
  now(): string {
    return formatTime(this.#options.clock.wallTime());
  }

  /** Brings a child into being or up to date. `not-owned`: the name belongs to something else, which is left alone. */
  async ensure<T extends KubernetesObject>(child: Child<T>): Promise<T | 'not-owned'> {
    const { kind, owner, desired } = child;
    const resource = this.#options.client.resource(kind);
    let { actual } = child;
    if (!actual) {
      try {
        const created = await resource.create(desired);
        this.#options.logger.info('object created', { kind: kind.kind, key: objectKey(created) });
        return created;
      } catch (reason) {
        if (!isAlreadyExists(reason) || child.whenTaken === 'later') throw reason;
        // The cache is behind: look at what really has the name.
        actual = await resource.get(desired.metadata);
      }
    }
    if (!isControlledBy(actual, owner)) return 'not-owned';
    const merged = child.merge(actual, desired);
    if (isSameContent(merged, actual)) return actual;
    const updated = await resource.update(merged);
    this.#options.logger.info('object updated', { kind: kind.kind, key: objectKey(updated) });
    return updated;
  }

  /** Writes the status if it says anything new. True when it did. */
  async writeStatus<T extends WithStatus>(
    kind: ResourceKind<T>,
    object: T,
    status: NonNullable<T['status']>,
  ): Promise<boolean> {
    if (isSameContent(object.status, status)) return false;
    try {
      await this.#options.client.resource(kind).updateStatus({ ...object, status });
    } catch (reason) {
      // Deleted since it was read: there is nothing left to say anything on.
      if (isNotFound(reason)) return false;
      throw reason;
    }
    return true;
  }

  /** As `writeStatus`, for what people declare: a change of readiness is logged and becomes an event. */
  async writeReadiness<T extends WithStatus>(
    kind: ResourceKind<T>,
    object: T,
    status: NonNullable<T['status']>,
  ): Promise<void> {
    const isWritten = await this.writeStatus(kind, object, status);
    if (isWritten)
      this.#tell(object, findCondition(object.status?.conditions, 'Ready'), findCondition(status.conditions, 'Ready'));
  }

  #tell(object: KubernetesObject, before: Condition | undefined, after: Condition | undefined): void {
    if (
      !after ||
      (before?.status === after.status && before.reason === after.reason && before.message === after.message)
    )
      return;
    const { logger, recorder } = this.#options;
    const { reason = '', message = '' } = after;
    const level = { True: 'info', False: 'warn', Unknown: 'debug' } as const;
    logger[level[after.status]]('readiness', {
      kind: object.kind,
      key: objectKey(object),
      ready: after.status,
      reason,
      explanation: message,
    });
    if (after.status === 'False') recorder.record(object, 'Warning', reason || 'NotReady', message);
    else if (after.status === 'True') recorder.record(object, 'Normal', 'Ready', `${object.kind} is ready`);
  }
}
