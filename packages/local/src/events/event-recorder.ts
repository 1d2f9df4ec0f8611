/** Tells people what happened to an object, as Events that `kubectl describe` shows. */
import { events, formatTime, isNotFound, objectKey, type Event, type KubernetesClient, type KubernetesObject } from '@sluice/kubernetes';
import type { Clock, Counter, Logger, Meter, Random, Timers } from '@sluice/kernel';

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  /** Who speaks: `kubelet`, `deployment-controller`. */
  readonly component: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/**
 * Events are written a little later, in ms: they are for people, and the work they tell about (a cold start, say)
 * comes first. Chosen: well below what anybody notices.
 */
const writeDelayMs = 50;

/** Events that wait to be written. More are dropped and counted: a loop of failures must not fill the memory. */
const waitingMax = 1000;

/** How many events are remembered, so that a repetition raises a count instead of making a new object. */
const rememberedMax = 1000;

interface Waiting {
  readonly about: KubernetesObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly time: string;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #dropped: Counter;
  readonly #waiting: Waiting[] = [];
  /** Written events by what they say, oldest first. */
  readonly #remembered = new Map<string, { readonly namespace: string; readonly name: string; count: number }>();
  #writing = false;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#dropped = options.meter.counter('events_dropped_total', 'Events that were not written.', { component: options.component });
  }

  /** Records; never waits and never fails. `message` is a sentence in Kubernetes' wording. */
  record(about: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (this.#stopped) return;
    if (this.#waiting.length >= waitingMax) {
      this.#dropped.add();
      return;
    }
    this.#waiting.push({ about, type, reason, message, time: formatTime(this.#options.clock.wallTime()) });
    if (this.#writing) return;
    this.#writing = true;
    this.#options.timers.after(writeDelayMs, () => void this.#writeAll());
  }

  /** Writes nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await this.#write(next);
      } catch (reason) {
        this.#dropped.add();
        this.#options.logger.debug('event not written', { about: objectKey(next.about), reason: next.reason, error: reason });
      }
    }
    this.#writing = false;
  }

  async #write(event: Waiting): Promise<void> {
    const id = [event.about.metadata.uid, event.reason, event.message].join('\n');
    const known = this.#remembered.get(id);
    if (known && (await this.#repeat(known, event.time))) return;
    const made = await this.#options.client.resource(events).create(this.#eventObject(event));
    this.#remembered.set(id, { namespace: made.metadata.namespace ?? 'default', name: made.metadata.name, count: 1 });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > rememberedMax && oldest !== undefined) this.#remembered.delete(oldest);
  }

  async #repeat(known: { readonly namespace: string; readonly name: string; count: number }, time: string): Promise<boolean> {
    try {
      const body = { count: known.count + 1, lastTimestamp: time };
      await this.#options.client.resource(events).patch(known, { type: 'merge', body });
      known.count += 1;
      return true;
    } catch (reason) {
      if (isNotFound(reason)) return false;
      throw reason;
    }
  }

  #eventObject({ about, type, reason, message, time }: Waiting): Event {
    const { name, namespace = 'default', uid, resourceVersion } = about.metadata;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${this.#suffix()}`, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        namespace,
        name,
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: this.#options.component },
    };
  }

  /** Sixteen hexadecimal digits, as Kubernetes names its events. */
  #suffix(): string {
    const digits = () => Math.floor(this.#options.random.next() * 0x1_0000_0000).toString(16).padStart(8, '0');
    return digits() + digits();
  }
}
