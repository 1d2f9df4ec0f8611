/** Lets a body pass at so many bytes per second, in sixteen steps a second. */
import type { Buffer } from 'node:buffer';
import type { Timer, Timers } from '@sluice/kernel';
import type { BodyTransform, TransformSink } from '../../body-transform.ts';

/** Envoy's. */
const stepsPerSecond = 16;
const stepMs = 1000 / stepsPerSecond;

/** Chosen: so much waits here before the upstream is told to wait. */
const waitingBytesMax = 65_536;

export class RateTransform implements BodyTransform {
  readonly #bytesPerStep: number;
  readonly #sink: TransformSink;
  readonly #timers: Timers;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Of this step, still to be let through. */
  #left: number;
  #timer: Timer | undefined;
  #isPaused = false;
  #hasEnded = false;
  #saidEnough = false;

  constructor(bytesPerSecond: number, sink: TransformSink, timers: Timers) {
    this.#bytesPerStep = Math.max(1, Math.floor(bytesPerSecond / stepsPerSecond));
    this.#left = this.#bytesPerStep;
    this.#sink = sink;
    this.#timers = timers;
  }

  write(bytes: Buffer): boolean {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#pass();
    this.#saidEnough = this.#waitingBytes > waitingBytesMax;
    return !this.#saidEnough;
  }

  end(): void {
    this.#hasEnded = true;
    this.#pass();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pass();
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
    this.#isPaused = true;
  }

  #pass(): void {
    while (!this.#isPaused && this.#left > 0) {
      const first = this.#waiting[0];
      if (!first) break;
      const piece = first.subarray(0, this.#left);
      if (piece.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(piece.length);
      this.#left -= piece.length;
      this.#waitingBytes -= piece.length;
      this.#sink.onData(piece);
    }
    if (this.#isPaused) return;
    if (this.#waiting.length === 0 && this.#hasEnded) return this.#sink.onEnd();
    if (this.#left < this.#bytesPerStep) this.#timer ??= this.#timers.after(stepMs, () => this.#step());
  }

  #step(): void {
    this.#timer = undefined;
    this.#left = this.#bytesPerStep;
    this.#pass();
    if (!this.#saidEnough || this.#waitingBytes > waitingBytesMax / 2) return;
    this.#saidEnough = false;
    this.#sink.onReady();
  }
}
