/**
 * Shells that wait to become programs. Starting a child from a big Node process takes 10–15 ms, during which the process
 * does nothing else (fork copies its page tables; measured at 150 MB, against 2 ms at 45 MB). A shell that was started
 * earlier is handed its program through a pipe and replaces itself by it in about a millisecond.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Timer, Timers } from '@sluice/kernel';

/** How many shells wait. Chosen: two pods of two containers; each costs about a megabyte. */
const waitingMax = 4;

/** A quiet time after the last start before new shells are made, in ms: a cold start is not to be disturbed. */
const quietMs = 500;

/** Between two new shells, in ms: each stops everything else for a while. */
const spacingMs = 50;

export class LauncherPool {
  readonly #timers: Timers;
  readonly #waiting: ChildProcess[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How many shells wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The processes that wait, oldest first. */
  get pids(): readonly number[] {
    return this.#waiting.flatMap(({ pid }) => pid ?? []);
  }

  /** A shell that reads its commands from standard input; a new one when none waits. It leads a group of its own. */
  take(): ChildProcess {
    this.#refillAfter(quietMs);
    return this.#waiting.shift() ?? startShell();
  }

  /** Fulfils when no shell waits any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await Promise.all(this.#waiting.splice(0).map(endShell));
  }

  #forget(shell: ChildProcess): void {
    const index = this.#waiting.indexOf(shell);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  #refillAfter(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#closed) return;
    this.#timer = this.#timers.after(delayMs, () => {
      if (this.#waiting.length >= waitingMax) return;
      const shell = startShell();
      hold(shell, false);
      this.#waiting.push(shell);
      // One that somebody ended is of no use.
      shell.once('exit', () => this.#forget(shell));
      this.#refillAfter(spacingMs);
    });
  }
}

/** The shell's environment is empty: what the program is to have is said in its script. */
function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', [], { env: {}, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  hold(shell, true);
  // A shell that cannot be started has no pid, and a broken pipe shows in its exit.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  return shell;
}

/** Whether a process keeps us alive; one that only waits does not. */
export function hold(shell: ChildProcess, held: boolean): void {
  for (const each of [shell, ...shell.stdio]) if (each && isHoldable(each)) each[held ? 'ref' : 'unref']();
}

/** Pipes of children are sockets, which their type does not say. */
function isHoldable(value: object): value is { ref(): void; unref(): void } {
  return 'ref' in value && typeof value.ref === 'function' && 'unref' in value && typeof value.unref === 'function';
}

/** Ends one that waits, and fulfils when it has gone. */
export function endShell(shell: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (shell.exitCode !== null || shell.signalCode !== null) return resolve();
    hold(shell, true);
    shell.once('exit', () => resolve());
    // At the end of its input a shell that has no program ends.
    shell.stdin?.end();
  });
}
