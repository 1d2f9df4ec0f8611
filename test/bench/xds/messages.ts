/** What the benchmark says to the processes it measures, and they to it. One question at a time, one answer to each. */
import { fork, type ChildProcess } from 'node:child_process';

export type ServiceQuestion =
  /** Replaces a pod of one revision and waits until `acks` proxies have accepted that. */
  | { readonly kind: 'move endpoint'; readonly service: number; readonly life: number; readonly acks: number }
  /** Shifts the shares of one Service, which changes its virtual host in both tables. */
  | { readonly kind: 'shift traffic'; readonly service: number; readonly share: number; readonly acks: number }
  /** Serves all Services under another domain: every virtual host is another. */
  | { readonly kind: 'move domain'; readonly domain: string }
  /** Until what has become of all objects is written. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'use' };

export interface ChangeAnswer {
  /** From the change of the object to the last proxy's acceptance, in ms. */
  readonly ms: number;
  /** CPU time of the config service meanwhile, in µs. */
  readonly cpuUs: number;
  /** What went to one proxy, in bytes of messages. */
  readonly bytesPerProxy: number;
}

export interface UseAnswer {
  readonly memoryMiB: number;
  readonly cpuUs: number;
}

export type FleetQuestion =
  /** Connects so many proxies one after the other by `parallel`. `warm`: with the versions that the first received. */
  | { readonly kind: 'connect'; readonly proxies: number; readonly parallel: number; readonly warm: boolean }
  /** Connects a whole client, as a gateway has it, and ends it when it has everything. */
  | { readonly kind: 'whole client' }
  /** Ends all proxies but so many. */
  | { readonly kind: 'keep'; readonly proxies: number }
  | { readonly kind: 'stop' };

export interface ConnectAnswer {
  readonly ms: number;
  readonly bytes: number;
}

/** A process that answers. */
export class Answering {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it and waits for its first message, which is given. */
  static async start<T>(file: string, args: readonly string[], nodeFlags: readonly string[] = []): Promise<{ readonly process: Answering; readonly first: T }> {
    const child = fork(new URL(file, import.meta.url).pathname, args, { execArgv: [...nodeFlags], serialization: 'advanced' });
    const process = new Answering(child);
    return { process, first: await process.#next<T>() };
  }

  ask<T>(question: ServiceQuestion | FleetQuestion): Promise<T> {
    this.#child.send(question);
    return this.#next<T>();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`the process ended with ${code}`));
      if (this.#child.exitCode !== null) {
        onExit(this.#child.exitCode);
        return;
      }
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        resolve(message as T);
      });
    });
  }
}

/** In the process: answers each question, and goes when the asker does. */
export function answer<Question>(onQuestion: (question: Question) => Promise<unknown>): void {
  process.on('message', (question) => {
    onQuestion(question as Question).then(
      (reply) => process.send?.(reply),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
