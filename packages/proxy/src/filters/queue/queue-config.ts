/** Configuration of the queue filter, as it travels in a TypedStruct. */
import { problem, type Checked, type Problem } from '@sluice/kernel';
import type { RequestTimeouts } from './request-clocks.ts';

export const queueFilterName = 'sluice.filters.http.queue';
export const queueFilterTypeUrl = 'type.googleapis.com/sluice.filters.http.queue.v1.Queue';

/** The value of the TypedStruct. */
export interface QueueFilterValue {
  /** Requests the program may have at once; 0 for no limit. */
  readonly container_concurrency: number;
  /** Requests that may wait beyond those. Default 10 × container_concurrency, as Knative's sidecar. */
  readonly queue_depth?: number;
  /** Seconds; absent or 0 is off. */
  readonly timeout_seconds?: number;
  readonly response_start_timeout_seconds?: number;
  readonly idle_timeout_seconds?: number;
}

export interface QueueFilterConfig {
  readonly containerConcurrency: number;
  readonly queueDepth: number;
  readonly timeouts: RequestTimeouts;
}

/** How many times its limit a program's queue holds. Knative's `QueueDepth`. */
const QUEUE_DEPTH_RATIO = 10;

export function decodeQueueConfig(value: unknown, path: string): Checked<QueueFilterConfig> {
  const fields = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const problems: Problem[] = [];

  function read(name: keyof QueueFilterValue, fallback: number, isWhole: boolean): number {
    const given = fields[name] ?? fallback;
    if (typeof given === 'number' && given >= 0 && (!isWhole || Number.isInteger(given))) return given;
    problems.push(problem(`${path}.${name}`, `must be a ${isWhole ? 'whole ' : ''}number, 0 or more, but was ${JSON.stringify(given)}`));
    return fallback;
  }

  const containerConcurrency = read('container_concurrency', 0, true);
  const config: QueueFilterConfig = {
    containerConcurrency,
    queueDepth: read('queue_depth', containerConcurrency * QUEUE_DEPTH_RATIO, true),
    timeouts: {
      durationMs: read('timeout_seconds', 0, false) * 1000,
      responseStartMs: read('response_start_timeout_seconds', 0, false) * 1000,
      idleMs: read('idle_timeout_seconds', 0, false) * 1000,
    },
  };
  return problems.length === 0 ? { ok: true, value: config, problems } : { ok: false, problems };
}
