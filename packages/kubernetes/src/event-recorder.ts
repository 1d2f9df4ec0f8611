/**
 * Events: what `kubectl describe` shows under an object. The same event again raises a count instead of
 * making another object. Events are for people; nothing waits for them and their loss changes nothing.
 */
import type { Clock, Logger } from '@sluice/kernel';
import { events } from './builtin-kinds.ts';
import type { KubernetesClient } from './client.ts';
import { formatTime } from './conditions.ts';
import type { KubernetesObject } from './object.ts';
import type { Event } from './objects/cluster.ts';

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  /** Who says it: `sluice-controller`. */
  readonly component: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Most different events remembered for counting. Beyond it the oldest is forgotten and would be written anew. */
const rememberedMax = 1024;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** The last write of each event, so that the next one comes after it. */
  readonly #known = new Map<string, { name: string; count: number; written: Promise<void> }>();
  #sequence = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Says that something happened to `object`. Returns at once. */
  record(object: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const key = [object.kind, object.metadata.uid ?? object.metadata.name, type, reason, message].join('\u0000');
    const known = this.#known.get(key);
    if (known) {
      known.count += 1;
      const { count } = known;
      known.written = known.written.then(() => this.#count(object, known.name, count));
      return;
    }
    const name = this.#name(object);
    this.#remember(key, { name, count: 1, written: this.#create(object, name, type, reason, message) });
  }

  /** Fulfils when all that was said has been written, or has failed. */
  async flush(): Promise<void> {
    await Promise.all([...this.#known.values()].map((known) => known.written));
  }

  #remember(key: string, entry: { name: string; count: number; written: Promise<void> }): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= rememberedMax && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(key, entry);
  }

  async #create(
    object: KubernetesObject,
    name: string,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): Promise<void> {
    const time = formatTime(this.#options.clock.wallTime());
    const namespace = object.metadata.namespace ?? 'default';
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
        name: object.metadata.name,
        ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
      },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: this.#options.component },
    };
    await this.#attempt(this.#options.client.resource(events).create(event));
  }

  async #count(object: KubernetesObject, name: string, count: number): Promise<void> {
    const lastTimestamp = formatTime(this.#options.clock.wallTime());
    const reference = { namespace: object.metadata.namespace ?? 'default', name };
    const patch = { type: 'merge', body: { count, lastTimestamp } } as const;
    await this.#attempt(this.#options.client.resource(events).patch(reference, patch));
  }

  async #attempt(write: Promise<unknown>): Promise<void> {
    try {
      await write;
    } catch (reason) {
      this.#options.logger.debug('event not recorded', { error: reason });
    }
  }

  /** Unique by time of this process and a number, in the form that kubectl's own tools use. */
  #name(object: KubernetesObject): string {
    this.#sequence += 1;
    const stamp = Math.floor(this.#options.clock.wallTime()).toString(16);
    return `${object.metadata.name}.${stamp}${this.#sequence.toString(16).padStart(4, '0')}`;
  }
}
