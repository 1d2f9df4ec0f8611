/** Looks where a program listens while it is not ready, and says so when that is not where it was told to. */
import type { Timer, Timers } from '@sluice/kernel';

export interface PortWatchOptions {
  readonly timers: Timers;
  /** The port in the container's variable `PORT` as the spec has it. */
  readonly declared: number;
  /** The port the program was really told. */
  readonly told: number;
  readonly listeningPorts: () => Promise<readonly number[]>;
  readonly onVerdict: (verdict: PortVerdict) => void;
}

/** `unknown`: it listens nowhere yet. `insists`: on the declared port, not on the one it was told. */
export type PortVerdict =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'obeys' }
  | { readonly kind: 'insists' }
  | { readonly kind: 'elsewhere'; readonly message: string };

/** What the listening ports mean. */
export function judgePorts(listening: readonly number[], declared: number, told: number): PortVerdict {
  if (listening.length === 0) return { kind: 'unknown' };
  if (listening.includes(told)) return { kind: 'obeys' };
  if (listening.includes(declared)) return { kind: 'insists' };
  return { kind: 'elsewhere', message: `listens on ${listening.join(', ')}, PORT is ${told}` };
}

/**
 * The first look, and the longest distance of two, in ms; each is a quarter longer than the one before. Chosen: later than most
 * programs need, and soon enough after that to be told before anybody wonders.
 */
const firstLookMs = 250;
const lookMsMax = 2000;

export class PortWatch {
  readonly #options: PortWatchOptions;
  #timer: Timer | undefined;
  #delayMs = firstLookMs;
  #stopped = false;

  constructor(options: PortWatchOptions) {
    this.#options = options;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#options.timers.after(this.#delayMs, () => void this.#look());
    this.#delayMs = Math.min(this.#delayMs * 1.25, lookMsMax);
  }

  async #look(): Promise<void> {
    const { listeningPorts, declared, told, onVerdict } = this.#options;
    const listening = await listeningPorts();
    if (this.#stopped) return;
    onVerdict(judgePorts(listening, declared, told));
    if (!this.#stopped) this.#arm();
  }
}
