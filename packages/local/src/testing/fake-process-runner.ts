/** Programs as objects in memory: the process floor of tests and simulations. */
import type { Timers } from '@sluice/kernel';
import type { ProcessExit, ProcessHandler, ProcessRunner, ProcessSignal, ProcessSpec, RunningProcess } from '../kubelet/process-runner.ts';

/** What a program in memory may do. Its functions may be taken apart and kept. */
export interface FakeProcessContext {
  readonly pid: number;
  readonly spec: ProcessSpec;
  /** Writes a line. */
  readonly print: (line: string, stream?: 'stdout' | 'stderr') => void;
  /** The port counts as listened on until the program ends. */
  readonly listen: (port: number) => void;
  /** Ends the program with a code. Later calls do nothing. */
  readonly exit: (code: number) => void;
}

/** One kind of program. Called at each start, in the turn after it. */
export type FakeProgram = (context: FakeProcessContext) => FakeProcess | void;

/** How a running program reacts. */
export interface FakeProcess {
  /** SIGTERM came. Default: the program ends by the signal. */
  onTerminate?(): void;
  /** Over, however: give back what the program holds. */
  onEnd?(): void;
}

export interface FakeProcessRunnerOptions {
  readonly timers: Timers;
  /** The program for a spec. Undefined: there is none by that name. */
  readonly programFor: (spec: ProcessSpec) => FakeProgram | undefined;
  /** Between the wish and the program's first step, in ms. Default 0. */
  readonly startDelayMs?: number;
}

const signalNumbers: Readonly<Record<ProcessSignal, number>> = { SIGTERM: 15, SIGKILL: 9 };

export class FakeProcessRunner implements ProcessRunner {
  readonly #options: FakeProcessRunnerOptions;
  readonly #running = new Map<number, InMemoryProcess>();
  #lastPid = 1000;

  constructor(options: FakeProcessRunnerOptions) {
    this.#options = options;
  }

  /** What runs now, by pid. */
  get running(): ReadonlyMap<number, { readonly spec: ProcessSpec }> {
    return this.#running;
  }

  start(spec: ProcessSpec, handler: ProcessHandler): RunningProcess {
    const program = this.#options.programFor(spec);
    if (!program) {
      const message = `program "${spec.argv[0]}" not found`;
      this.#options.timers.after(0, () => handler.onExit({ kind: 'not-started', message }));
      return { pid: undefined, signal() {}, listeningPorts: () => Promise.resolve([]) };
    }
    this.#lastPid += 1;
    const process: InMemoryProcess = new InMemoryProcess(this.#lastPid, spec, (exit) => {
      this.#running.delete(process.pid);
      // As with a real process, nobody hears of an end before the present turn is over.
      this.#options.timers.after(0, () => handler.onExit(exit));
    }, (stream, bytes) => handler.onOutput(stream, bytes));
    this.#running.set(process.pid, process);
    this.#options.timers.after(this.#options.startDelayMs ?? 0, () => process.begin(program));
    return process;
  }

  /** Ends a process from outside, as `kill` does. False when there is none with this pid. */
  kill(pid: number, signal: ProcessSignal = 'SIGKILL'): boolean {
    const process = this.#running.get(pid);
    process?.signal(signal);
    return process !== undefined;
  }

  endLeftovers(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    for (const process of this.#running.values()) process.signal('SIGKILL');
    return Promise.resolve();
  }
}

class InMemoryProcess implements RunningProcess {
  readonly pid: number;
  readonly spec: ProcessSpec;
  readonly #onEnd: (exit: ProcessExit) => void;
  readonly #onOutput: ProcessHandler['onOutput'];
  readonly #ports = new Set<number>();
  #program: FakeProcess = {};
  #over = false;

  constructor(pid: number, spec: ProcessSpec, onEnd: (exit: ProcessExit) => void, onOutput: ProcessHandler['onOutput']) {
    this.pid = pid;
    this.spec = spec;
    this.#onEnd = onEnd;
    this.#onOutput = onOutput;
  }

  begin(program: FakeProgram): void {
    if (this.#over) return;
    const made = program({
      pid: this.pid,
      spec: this.spec,
      print: (line, stream = 'stdout') => this.#print(line, stream),
      listen: (port) => void this.#ports.add(port),
      exit: (code) => this.#end({ kind: 'exited', code }),
    });
    if (!made) return;
    this.#program = made;
    // A program that ended in its first step has nothing more to be told but that.
    if (this.#over) made.onEnd?.();
  }

  #print(line: string, stream: 'stdout' | 'stderr'): void {
    if (!this.#over) this.#onOutput(stream, new TextEncoder().encode(`${line}\n`));
  }

  listeningPorts(): Promise<readonly number[]> {
    return Promise.resolve([...this.#ports].sort((a, b) => a - b));
  }

  signal(signal: ProcessSignal): void {
    if (this.#over) return;
    if (signal === 'SIGTERM' && this.#program.onTerminate) this.#program.onTerminate();
    else this.#end({ kind: 'signaled', signal, number: signalNumbers[signal] });
  }

  #end(exit: ProcessExit): void {
    if (this.#over) return;
    this.#over = true;
    this.#ports.clear();
    this.#program.onEnd?.();
    this.#onEnd(exit);
  }
}
