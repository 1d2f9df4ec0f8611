/**
 * The floor under the kubelet: something that runs programs. The real one starts child processes; a
 * simulation's runs objects in memory. Everything above talks to this interface only.
 */

/** One program to run, in a group of its own. */
export interface ProcessSpec {
  /** The program and its arguments. The program is looked up in `env.PATH` when it has no slash. */
  readonly argv: readonly [string, ...string[]];
  /** All of the environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it starts. Default: where the runner itself was started. */
  readonly workingDir?: string;
  /**
   * What becomes the program after it has changed its surroundings, as nsenter does: an absolute path and its arguments, to which the
   * program's are added. It replaces itself, so pid, signals and exit code are the program's own. Default: nothing.
   */
  readonly wrapper?: readonly [string, ...string[]];
  /** How far it steps back for others, as `nice`: 0 (default) to 19. */
  readonly niceness?: number;
  /** A program to run after this one has ended, however it did, and before anybody is told: to clear up. */
  readonly afterEnd?: readonly [string, ...string[]];
  /** Whose process it is, for records, for messages and for simulated programs. */
  readonly identity: ProcessIdentity;
}

export interface ProcessIdentity {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** The pod's address. */
  readonly podIp: string;
}

/** What a process calls. Handlers never throw. */
export interface ProcessHandler {
  /** Bytes it wrote, valid only until the call returns. */
  onOutput(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** Over; called exactly once, after all output, and when nothing of its group is left. */
  onExit(exit: ProcessExit): void;
}

/** How a process ended. `not-started` means that there never was one. */
export type ProcessExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: string; readonly number: number }
  | { readonly kind: 'not-started'; readonly message: string };

export type ProcessSignal = 'SIGTERM' | 'SIGKILL';

export interface RunningProcess {
  /** Absent when it could not be started. */
  readonly pid: number | undefined;
  /** Sends to the whole group. Nothing happens when it is over already. */
  signal(signal: ProcessSignal): void;
  /** TCP ports on which the group listens now, ascending. Empty when the system cannot tell. */
  listeningPorts(): Promise<readonly number[]>;
}

export interface ProcessRunner {
  /** Starts a program. Failure to start is an exit of kind `not-started`, never an exception. */
  start(spec: ProcessSpec, handler: ProcessHandler): RunningProcess;
  /** Ends processes which an earlier run of this runner left behind. Answers with how many groups there were. */
  endLeftovers(): Promise<number>;
  /** Ends everything that still runs, at once, and releases what the runner holds. */
  close(): Promise<void>;
}

/** The exit code a shell or Kubernetes would show: 128 + n for signal n, 128 for what never started. */
export function exitCodeOf(exit: ProcessExit): number {
  switch (exit.kind) {
    case 'exited':
      return exit.code;
    case 'signaled':
      return 128 + exit.number;
    case 'not-started':
      return 128;
  }
}
