/** What the benchmark says to its two processes, and they to it: one word, one answer. */
import { fork, type ChildProcess } from 'node:child_process';

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface AutoscalerFigures {
  readonly reportsPerSecond: number;
  /** 1 is a whole core. Garbage collection and the kernel's part are in it. */
  readonly cpuShare: number;
  /** Resident, with the objects of the API server in memory. */
  readonly memoryMiB: number;
  /** From when a report was sent until it was taken. */
  readonly heardMs: Spread;
  /** From when the report of a step was sent until the scale was asked for. */
  readonly decidedMs: Spread;
  readonly decisions: number;
  readonly loopDelayMs: number;
}

export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Starts it and waits for its first message. */
  static async start<T>(file: string, args: readonly string[]): Promise<{ readonly child: Child; readonly first: T }> {
    const forked = fork(new URL(file, import.meta.url).pathname, [...args], { serialization: 'advanced' });
    const child = new Child(forked);
    return { child, first: await child.#next<T>() };
  }

  ask<T>(word: string): Promise<T> {
    const answer = this.#next<T>();
    this.#process.send(word);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await gone;
  }

  #next<T>(): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onExit = (code: number | null): void => reject(new Error(`the process ended with ${code}`));
    this.#process.once('exit', onExit);
    this.#process.once('message', (message) => {
      this.#process.off('exit', onExit);
      resolve(message as T);
    });
    return promise;
  }
}

/** In a child: answers each word, and goes when the benchmark does. */
export function answer(answers: Readonly<Record<string, () => unknown>>): void {
  process.on('message', (word) => process.send?.(answers[String(word)]?.() ?? null));
  process.on('disconnect', () => process.exit(0));
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
