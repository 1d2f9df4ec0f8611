/**
 * How long cold starts take, by phase: `wait` until a pod could take the request, `first_byte` from there to the head of the
 * response, `total`. What happens within the wait (deciding, creating, starting) others know: see the line `cold start`.
 */
import type { Meter } from '@sluice/kernel';
import type { ColdStart } from '@sluice/proxy';

/** In seconds. Chosen: from what a warm machine takes to what nobody waits for. */
const bounds: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

export class ColdStartMetrics {
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Rare enough to look the instruments up each time. */
  observe({ arrivedAt, forwardedAt, firstByteAt }: ColdStart): void {
    this.#add('wait', forwardedAt - arrivedAt);
    this.#add('first_byte', firstByteAt - forwardedAt);
    this.#add('total', firstByteAt - arrivedAt);
  }

  #add(phase: string, durationMs: number): void {
    this.#meter.histogram('sluice_coldstart_duration_seconds', 'From the first request for a sleeping revision to the beginning of its answer.', bounds, { phase }).observe(durationMs / 1000);
  }
}
