/** A process under measurement: pinned to a core, waited for until it serves, and read from /proc. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';

export interface Command {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
  /** What starts it: a program with its arguments, to which the command is added. Default: nothing. */
  readonly startedBy?: readonly string[];
}

export class MeasuredProcess {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(command: Command, child: ChildProcess) {
    this.name = command.name;
    this.port = command.port;
    this.#child = child;
    const keep = (text: string) => (this.#output = (this.#output + text).slice(-4_000));
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
  }

  /** Starts it on `core` and waits until its port takes connections. @throws with its last output when it does not */
  static async start(command: Command, taskset: string, core: number): Promise<MeasuredProcess> {
    const child = spawn(taskset, ['-c', String(core), ...(command.startedBy ?? []), command.file, ...command.args], { env: { ...process.env, ...command.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const started = new MeasuredProcess(command, child);
    for (let tries = 0; tries < 200; tries += 1) {
      if (child.exitCode !== null) break;
      if (await accepts(command.port)) return started;
      await pause(50);
    }
    await started.stop();
    throw new Error(`${command.name} does not serve on port ${command.port}: ${started.#output}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    await exited;
    clearTimeout(late);
  }

  /** CPU time used so far by all threads of it and its children, in µs. */
  cpuTimeUs(): number {
    let totalNs = 0;
    for (const pid of this.#processes()) {
      for (const thread of list(`/proc/${pid}/task`)) totalNs += Number((read(`/proc/${pid}/task/${thread}/schedstat`) || '0').split(' ')[0]);
    }
    return totalNs / 1_000;
  }

  /** Memory of its own, in KiB: private pages of it and its children. */
  privateMemoryKiB(): number {
    let total = 0;
    for (const pid of this.#processes()) {
      for (const match of read(`/proc/${pid}/smaps_rollup`).matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)) total += Number(match[1]);
    }
    return total;
  }

  #processes(): readonly number[] {
    const found: number[] = [];
    const visit = (pid: number): void => {
      found.push(pid);
      for (const thread of list(`/proc/${pid}/task`)) {
        for (const child of read(`/proc/${pid}/task/${thread}/children`).split(' ')) if (child.trim() !== '') visit(Number(child));
      }
    };
    if (this.#child.pid !== undefined) visit(this.#child.pid);
    return found;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
