/** Runs programs as child processes of this one, each the leader of its own process group. */
import { execFile, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Logger, Timers } from '@sluice/kernel';
import { Guardian } from './guardian.ts';
import { launchScript } from './launch-script.ts';
import { hold, LauncherPool } from './launcher-pool.ts';
import { StartedAhead, type ProgramAhead } from './started-ahead.ts';
import { ProcessRecords } from './process-records.ts';
import { createProcessTable, type ProcessTable } from './process-table.ts';
import type { ProcessExit, ProcessHandler, ProcessRunner, ProcessSignal, ProcessSpec, RunningProcess } from './process-runner.ts';

export interface SystemProcessRunnerOptions {
  /** Where the process groups are recorded. */
  readonly recordsPath: string;
  readonly timers: Timers;
  readonly logger: Logger;
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
  /** Where programs start that name no working directory, and where relative ones begin. */
  readonly programFolder: string;
}

/**
 * After the end of a process its output may still be held open by one that left the group. It is waited for this long, in
 * ms, and then given up.
 */
const outputGraceMs = 100;

/** A clean-up that takes longer is given up, in ms. */
const clearUpTimeoutMs = 5000;

export class SystemProcessRunner implements ProcessRunner {
  readonly #options: SystemProcessRunnerOptions;
  readonly #table: ProcessTable;
  readonly #records: ProcessRecords;
  readonly #guardian: Guardian;
  readonly #launchers: LauncherPool;
  readonly #running = new Map<number, Promise<void>>();
  #ahead: StartedAhead | undefined;

  constructor(options: SystemProcessRunnerOptions) {
    this.#options = options;
    this.#table = createProcessTable(options.platform);
    this.#records = new ProcessRecords(options.recordsPath, this.#table, options.timers, options.logger);
    this.#guardian = new Guardian(options.logger);
    this.#launchers = new LauncherPool(options.timers);
  }

  start(spec: ProcessSpec, handler: ProcessHandler): RunningProcess {
    const script = launchScript(spec, this.#options.programFolder);
    if (script.kind === 'impossible') return notStarted(handler, script.message);
    const child = this.#ahead?.take(spec, script.folder) ?? this.#launch(script.text);
    const { pid } = child;
    if (pid === undefined) return notStarted(handler, 'the system starts no more processes');
    child.stdout?.on('data', (bytes: Uint8Array) => handler.onOutput('stdout', bytes));
    child.stderr?.on('data', (bytes: Uint8Array) => handler.onOutput('stderr', bytes));
    this.#guardian.add(pid);
    const { namespace, pod, container } = spec.identity;
    this.#records.add(pid, `${namespace}/${pod}/${container}`, spec.afterEnd);
    this.#running.set(pid, this.#watch(child, pid, spec, handler));
    return {
      pid,
      signal: (signal) => {
        if (this.#running.has(pid)) signalGroup(pid, signal);
      },
      listeningPorts: () => this.#table.listeningPorts(pid),
    };
  }

  /** One process of this program is kept started from now on. Once. */
  keepAhead(program: ProgramAhead): void {
    this.#ahead ??= new StartedAhead(program, this.#options.timers);
  }

  async endLeftovers(): Promise<number> {
    let groups = 0;
    for (const { pid, start, name, afterEnd } of this.#records.load()) {
      if ((await this.#table.startOf(pid)) === start) {
        this.#options.logger.info('leftover process ended', { pid, name });
        signalGroup(pid, 'SIGKILL');
        groups += 1;
      }
      if (afterEnd) await this.#clearUp(afterEnd);
    }
    return groups;
  }

  async close(): Promise<void> {
    for (const pid of this.#running.keys()) signalGroup(pid, 'SIGKILL');
    await Promise.all([...this.#running.values(), this.#launchers.close(), this.#ahead?.close()]);
    await this.#guardian.close();
    await this.#records.flush();
  }

  #launch(script: string): ChildProcess {
    const child = this.#launchers.take();
    if (child.pid !== undefined) {
      hold(child, true);
      child.stdin?.end(script);
    }
    return child;
  }

  /** Fulfils when the process is gone and its handler knows. */
  async #watch(child: ChildProcess, pid: number, spec: ProcessSpec, handler: ProcessHandler): Promise<void> {
    const exit = await this.#whenEnded(child, pid);
    if (spec.afterEnd) await this.#clearUp(spec.afterEnd);
    this.#records.remove(pid);
    this.#running.delete(pid);
    handler.onExit(exit);
  }

  /** Runs a clean-up to its end, or for a while: it is best effort, and nobody is helped by its failure. */
  #clearUp([program, ...args]: readonly [string, ...string[]]): Promise<void> {
    return new Promise((resolve) => {
      execFile(program, args, { timeout: clearUpTimeoutMs }, (error) => {
        if (error) this.#options.logger.warn('clean-up failed', { program, args, error });
        resolve();
      });
    });
  }

  /** Ends what is left of the group as soon as its leader is gone, then waits for the last output. */
  #whenEnded(child: ChildProcess, pid: number): Promise<ProcessExit> {
    return new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        signalGroup(pid, 'SIGKILL');
        this.#guardian.remove(pid);
        const giveUp = this.#options.timers.after(outputGraceMs, () => {
          child.stdout?.destroy();
          child.stderr?.destroy();
        });
        child.once('close', () => {
          giveUp.cancel();
          resolve(
            signal === null
              ? { kind: 'exited', code: code ?? 0 }
              : { kind: 'signaled', signal, number: constants.signals[signal] },
          );
        });
      });
    });
  }
}

function signalGroup(group: number, signal: ProcessSignal): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: nobody is left in it, which is what was wanted.
  }
}

function notStarted(handler: ProcessHandler, message: string): RunningProcess {
  handler.onExit({ kind: 'not-started', message });
  return { pid: undefined, signal() {}, listeningPorts: () => Promise.resolve([]) };
}
