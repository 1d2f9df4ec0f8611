/**
 * What a queue of work says of itself, under Knative's names: how much waits, how long it waits, and how long it takes. `name` is
 * the queue's. https://github.com/knative/pkg/blob/main/observability/metrics/k8s/workqueue.go
 */
import type { Counter, Histogram, Meter } from '@sluice/kernel';

/** Knative's bounds, in seconds. */
export const durationBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** What there is at the moment somebody looks. */
export interface WorkQueueState {
  readonly depth: number;
  /** How long each key that is being worked on has been so, in ms. */
  activeMs(): Iterable<number>;
}

export class WorkQueueMetrics {
  readonly #adds: Counter;
  readonly #retries: Counter;
  readonly #waited: Histogram;
  readonly #worked: Histogram;

  constructor(meter: Meter, name: string, queue: WorkQueueState) {
    const labels = { name };
    this.#adds = meter.counter('kn_workqueue_adds_total', 'Number of items added to the queue', labels);
    this.#retries = meter.counter('kn_workqueue_retries_total', 'Number of items re-added to the queue', labels);
    this.#waited = meter.histogram('kn_workqueue_queue_duration_seconds', 'How long an item stays in the queue', durationBounds, labels);
    this.#worked = meter.histogram('kn_workqueue_process_duration_seconds', 'How long it takes to work on an item', durationBounds, labels);
    meter.observedGauge('kn_workqueue_depth', 'Number of items in the queue', () => queue.depth, labels);
    meter.observedGauge('kn_workqueue_unfinished_work_seconds', 'How much time has gone into items that are not done', () => sum(queue.activeMs()) / 1000, labels);
    meter.observedGauge('kn_workqueue_longest_running_processor_seconds', 'How long the item has been worked on that takes longest', () => Math.max(0, ...queue.activeMs()) / 1000, labels);
  }

  added(): void {
    this.#adds.add();
  }

  retried(): void {
    this.#retries.add();
  }

  taken(waitedMs: number): void {
    this.#waited.observe(waitedMs / 1000);
  }

  done(workedMs: number): void {
    this.#worked.observe(workedMs / 1000);
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
