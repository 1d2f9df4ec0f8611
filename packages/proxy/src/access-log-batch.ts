/**
 * Access-log lines on their way out: put down per place and written in batches. A batch leaves when it is large or at the
 * next sweep.
 */
import type { Clock } from '@sluice/kernel';
import type { LogService } from './access-log/log-service.ts';
import type { AccessLogOutput } from './proxy-options.ts';
import { LineWriter } from './substitution/line-writer.ts';
import type { Sweep, Sweepable } from './sweep.ts';

/** Bytes. 16 KiB: larger ones saved nothing measurable. */
const batchBytesMax = 16 * 1024;

/** How long a line may wait, in ms. Envoy's `--file-flush-interval-msec` is 10 s; this reads better live. */
const defaultDelayMsMax = 100;

export class AccessLogs {
  readonly #open: (path: string) => AccessLogOutput;
  readonly #clock: Clock;
  readonly #sweep: Sweep;
  readonly #delayMsMax: number;
  readonly #openService: (service: LogService) => AccessLogOutput;
  readonly #batches = new Map<string, Batch>();

  constructor(open: (path: string) => AccessLogOutput, clock: Clock, sweep: Sweep, delayMsMax = defaultDelayMsMax, openService: (service: LogService) => AccessLogOutput = () => ({ write() {} })) {
    this.#openService = openService;
    this.#delayMsMax = delayMsMax;
    this.#open = open;
    this.#clock = clock;
    this.#sweep = sweep;
  }

  /** Where lines for `path` go; the same object for the same path. What a service gets waits as long as the service says. */
  to(path: string, service?: LogService): Batch {
    return this.#batches.get(path) ?? this.#begin(path, service);
  }

  #begin(path: string, service: LogService | undefined): Batch {
    const batch = service
      ? new Batch(this.#openService(service), this.#clock, service.flushIntervalMs, service.bufferBytesMax, () => this.#forget(path, batch))
      : new Batch(this.#open(path), this.#clock, this.#delayMsMax);
    this.#batches.set(path, batch);
    this.#sweep.add(batch);
    return batch;
  }

  /** Of services: their configuration may have gone, and a new batch costs little. */
  #forget(path: string, batch: Batch): void {
    if (this.#batches.get(path) !== batch) return;
    this.#batches.delete(path);
    this.#sweep.remove(batch);
  }

  /** Writes all that waits. */
  flush(): void {
    for (const batch of this.#batches.values()) batch.flush();
  }

  /** Files that were moved away are left, and new ones begun. */
  reopen(): void {
    for (const batch of this.#batches.values()) batch.reopen();
  }

  close(): void {
    for (const batch of this.#batches.values()) {
      batch.flush();
      batch.close();
      this.#sweep.remove(batch);
    }
    this.#batches.clear();
  }
}

export class Batch implements Sweepable {
  deadline = Number.POSITIVE_INFINITY;
  sweepIndex = -1;
  /** Lines are put down here, then told of by `noteLine`. */
  readonly lines = new LineWriter();
  readonly #delayMsMax: number;
  readonly #bytesMax: number;
  readonly #onIdle: (() => void) | undefined;
  readonly #output: AccessLogOutput;
  readonly #clock: Clock;

  /** `onIdle` is called when its time was over and nothing waits. */
  constructor(output: AccessLogOutput, clock: Clock, delayMsMax: number, bytesMax = batchBytesMax, onIdle?: () => void) {
    this.#bytesMax = bytesMax;
    this.#onIdle = onIdle;
    this.#delayMsMax = delayMsMax;
    this.#output = output;
    this.#clock = clock;
  }

  add(line: string): void {
    this.lines.text(line);
    this.noteLine();
  }

  /** Something may have been put down. */
  noteLine(): void {
    const { length } = this.lines;
    if (length === 0) return;
    if (length >= this.#bytesMax) this.flush();
    else if (this.deadline === Number.POSITIVE_INFINITY) this.deadline = this.#clock.now() + this.#delayMsMax;
  }

  onDeadline(): void {
    this.flush();
    this.#onIdle?.();
  }

  /** The place could not be written to; its lines are lost, requests are not. */
  onCrash(): void {
    this.lines.take();
  }

  flush(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.lines.length > 0) this.#output.write(this.lines.take());
  }

  reopen(): void {
    this.flush();
    this.#output.reopen?.();
  }

  close(): void {
    this.#output.close?.();
  }
}
