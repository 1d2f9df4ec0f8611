/** Runs programs as child processes of this one, each the leader of its own process group. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import type { Logger, Timers } from '@sluice/kernel';
import { Guardian } from './guardian.ts';
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

export class SystemProcessRunner implements ProcessRunner {
  readonly #options: SystemProcessRunnerOptions;
  readonly #table: ProcessTable;
  readonly #records: ProcessRecords;
  readonly #guardian: Guardian;
  readonly #running = new Map<number, Promise<void>>();

  constructor(options: SystemProcessRunnerOptions) {
    this.#options = options;
    this.#table = createProcessTable(options.platform);
    this.#records = new ProcessRecords(options.recordsPath, this.#table, options.timers, options.logger);
    this.#guardian = new Guardian(options.logger);
  }

  start(spec: ProcessSpec, handler: ProcessHandler): RunningProcess {
    const [program, ...args] = spec.argv;
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        env: spec.env,
        cwd: resolve(this.#options.programFolder, spec.workingDir ?? '.'),
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (reason) {
      // An argument with a zero byte, say: refused before anything was tried.
      handler.onExit({ kind: 'not-started', message: reason instanceof Error ? reason.message : String(reason) });
      return { pid: undefined, signal() {}, listeningPorts: () => Promise.resolve([]) };
    }
    const { pid } = child;
    child.stdout?.on('data', (bytes: Uint8Array) => handler.onOutput('stdout', bytes));
    child.stderr?.on('data', (bytes: Uint8Array) => handler.onOutput('stderr', bytes));
    if (pid === undefined) {
      child.once('error', (error) => handler.onExit({ kind: 'not-started', message: explainFailure(spec, error) }));
      return { pid, signal() {}, listeningPorts: () => Promise.resolve([]) };
    }
    this.#guardian.add(pid);
    const { namespace, pod, container } = spec.identity;
    this.#records.add(pid, `${namespace}/${pod}/${container}`);
    this.#running.set(pid, this.#watch(child, pid, handler));
    return {
      pid,
      signal: (signal) => {
        if (this.#running.has(pid)) signalGroup(pid, signal);
      },
      listeningPorts: () => this.#table.listeningPorts(pid),
    };
  }

  async endLeftovers(): Promise<number> {
    let groups = 0;
    for (const { pid, start, name } of this.#records.load()) {
      if ((await this.#table.startOf(pid)) !== start) continue;
      this.#options.logger.info('leftover process ended', { pid, name });
      signalGroup(pid, 'SIGKILL');
      groups += 1;
    }
    return groups;
  }

  async close(): Promise<void> {
    for (const pid of this.#running.keys()) signalGroup(pid, 'SIGKILL');
    await Promise.all(this.#running.values());
    await this.#guardian.close();
    await this.#records.flush();
  }

  /** Fulfils when the process is gone and its handler knows. */
  async #watch(child: ChildProcess, pid: number, handler: ProcessHandler): Promise<void> {
    const exit = await this.#whenEnded(child, pid);
    this.#running.delete(pid);
    handler.onExit(exit);
  }

  /** Ends what is left of the group as soon as its leader is gone, then waits for the last output. */
  #whenEnded(child: ChildProcess, pid: number): Promise<ProcessExit> {
    return new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        signalGroup(pid, 'SIGKILL');
        this.#guardian.remove(pid);
        this.#records.remove(pid);
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

/** Node says ENOENT both for a program and for a folder that are not there. */
function explainFailure({ argv: [program], workingDir }: ProcessSpec, error: NodeJS.ErrnoException): string {
  if (workingDir !== undefined && !existsSync(workingDir)) return `working directory ${workingDir} does not exist`;
  if (error.code === 'ENOENT') return `program "${program}" not found`;
  if (error.code === 'EACCES') return `program "${program}" may not be executed`;
  return error.message;
}
