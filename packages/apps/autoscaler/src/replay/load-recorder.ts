/** Writes down the load as it comes, for `sluice autoscaler simulate`. */
import type { Clock } from '@sluice/kernel';
import type { Stat } from '@sluice/scaling';
import type { PodAutoscaler } from '@sluice/serving';
import { formatEvent, type RecordedEvent } from './recording.ts';

export interface LoadRecorderOptions {
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
  readonly find: (key: string) => PodAutoscaler | undefined;
  readonly countReadyPods: (key: string) => number;
  readonly clock: Clock;
}

export class LoadRecorder {
  readonly #options: LoadRecorderOptions;
  readonly #startedAt: number;
  /** What was written of each revision last. */
  readonly #known = new Map<string, { readonly policy: string; readonly ready: number }>();

  constructor(options: LoadRecorderOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /** A stat, after whatever else has changed of its revision. */
  record(key: string, stat: Stat): void {
    const { find, countReadyPods, clock } = this.#options;
    const pa = find(key);
    if (!pa) return;
    const base = { atMs: clock.now() - this.#startedAt, revision: key };
    const known = this.#known.get(key);
    const policy: RecordedEvent = { kind: 'revision', ...base, annotations: scalingAnnotations(pa), containerConcurrency: pa.spec.containerConcurrency ?? 0 };
    const policyText = JSON.stringify([policy.annotations, policy.containerConcurrency]);
    const ready = countReadyPods(key);
    if (known?.policy !== policyText) this.#write(policy);
    if (known?.ready !== ready) this.#write({ kind: 'ready', ...base, ready });
    this.#known.set(key, { policy: policyText, ready });
    this.#write({ kind: 'stat', ...base, stat });
  }

  #write(event: RecordedEvent): void {
    this.#options.write(`${formatEvent(event)}\n`);
  }
}

function scalingAnnotations({ metadata }: PodAutoscaler): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith('autoscaling.')));
}
