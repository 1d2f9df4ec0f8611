/**
 * A process of a program that nearly every pod has, started before anybody needs it: it has loaded itself and waits to be told what for. What would take the
 * processor from the user's program while that starts has then been done before. Only for programs that know how to wait:
 * with `SLUICE_STARTED_AHEAD=1` in its environment such a program does nothing until its standard input has ended, and takes from there, as JSON, its remaining arguments
 * (`args`), its environment (`env`) and its folder (`cwd`); with nothing there it ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Timer, Timers } from '@sluice/kernel';
import { endShell, hold } from './launcher-pool.ts';
import type { ProcessSpec } from './process-runner.ts';

/** What is started ahead. */
export interface ProgramAhead {
  /** The beginning of its command line, an absolute path first; what follows is different from pod to pod. */
  readonly argv: readonly [string, ...string[]];
  /** What it begins with; replaced by what it is told. */
  readonly env: Readonly<Record<string, string>>;
}

/** A quiet time after the last start before another is made, in ms. Chosen: longer than most cold starts, which it would disturb. */
const quietMs = 1000;

/** Variables that are read once, when a process begins: where they differ, what is ahead is of no use. */
const readAtBegin = /^(NODE|UV|LD|OPENSSL|SSL|LC|ICU)_|^(LANG|TZ)$/;

export class StartedAhead {
  readonly #program: ProgramAhead;
  readonly #timers: Timers;
  #waiting: ChildProcess | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(program: ProgramAhead, timers: Timers) {
    this.#program = program;
    this.#timers = timers;
    this.#makeLater();
  }

  /** The process that waits; undefined when there is none. */
  get pid(): number | undefined {
    return this.#waiting?.pid;
  }

  /** The process that waits, told what to be; undefined when there is none, or when it cannot be that. @param folder where it is to be */
  take(spec: ProcessSpec, folder: string): ChildProcess | undefined {
    // Whatever starts now is not to be disturbed.
    this.#makeLater();
    const { argv, env } = this.#program;
    const child = this.#waiting;
    if (!child || spec.wrapper || !argv.every((word, index) => spec.argv[index] === word) || !beginsAlike(env, spec.env)) return undefined;
    this.#waiting = undefined;
    hold(child, true);
    child.stdin?.end(JSON.stringify({ args: spec.argv.slice(argv.length), env: spec.env, cwd: folder }));
    return child;
  }

  /** Fulfils when nothing waits any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#waiting) await endShell(this.#waiting);
  }

  #makeLater(): void {
    this.#timer?.cancel();
    if (!this.#closed) this.#timer = this.#timers.after(quietMs, () => this.#make());
  }

  #make(): void {
    if (this.#waiting) return;
    const [file, ...args] = this.#program.argv;
    const child = spawn(file, args, { env: { ...this.#program.env, SLUICE_STARTED_AHEAD: '1' }, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    // One that cannot be started has no pid, and a broken pipe shows in its exit.
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    hold(child, false);
    this.#waiting = child;
    child.once('exit', () => {
      if (this.#waiting === child) this.#waiting = undefined;
    });
  }
}

function beginsAlike(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return [...Object.keys(one), ...Object.keys(other)].every((name) => !readAtBegin.test(name) || one[name] === other[name]);
}
