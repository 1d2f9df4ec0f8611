/**
 * One container of one pod: starts its process, probes it, starts it again when it ends, and ends it when
 * asked.
 *
 * States: `waiting` (with a reason) → `running` → `terminated` → `waiting` (back-off) → `running` → … Stopping leads from any of them
 * to `terminated`, or leaves a container that never ran `waiting`.
 */
import { formatTime, type ContainerState, type ContainerTermination, type Probe } from '@sluice/kubernetes';
import type { Timer } from '@sluice/kernel';
import type { KubeletContainer } from '../objects/pod-facts.ts';
import { runAction, type ActionContext, type ActionFloor, type ContainerAction } from './container-action.ts';
import type { ContainerLog } from './container-log.ts';
import type { PortPlan } from './port-plan.ts';
import type { ContainerRole, ContainerView } from './pod-status.ts';
import { probeSchedule, type ProbeVerdict } from './probe-progress.ts';
import { Prober } from './prober.ts';
import type { ProbeResult } from './probe-transport.ts';
import { exitCodeOf, type ProcessExit, type ProcessSpec, type RunningProcess } from './process-runner.ts';
import { ProcessEnding } from './process-ending.ts';
import { RestartBackoff, type RestartBackoffOptions } from './restart-backoff.ts';

/** What a container needs to start, or why it has to wait. */
export type StartPlan =
  | { readonly kind: 'run'; readonly spec: ProcessSpec; readonly ports: PortPlan }
  /** Asked again after `retryMs`. */
  | { readonly kind: 'wait'; readonly reason: string; readonly message: string; readonly retryMs: number };

export interface ContainerWorkerOptions {
  readonly container: KubeletContainer;
  readonly role: ContainerRole;
  /** For messages: `name_namespace(uid)`. */
  readonly podLabel: string;
  readonly podIp: string;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /** Between SIGTERM and SIGKILL when a liveness or startup probe fails, in ms. */
  readonly graceMs: number;
  readonly backoff: RestartBackoffOptions;
  readonly floor: ActionFloor;
  /** Called before each start. */
  readonly plan: () => Promise<StartPlan>;
  readonly openLog: (run: number) => ContainerLog;
  /** How long the first question about readiness may wait, in ms: others find out by themselves. */
  readonly readinessAfterMs: () => number;
  /** What an earlier kubelet knew of this container. */
  readonly history: { readonly restartCount: number; readonly lastState: ContainerState };
  readonly onChange: () => void;
  readonly onEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

type ProbeKind = 'Startup' | 'Liveness' | 'Readiness';

/** Everything that belongs to one run of the process and goes with it. */
interface Run {
  readonly process: RunningProcess;
  readonly context: ActionContext;
  readonly log: ContainerLog;
  readonly startedAt: string;
  readonly probers: Map<ProbeKind, Prober>;
  started: boolean;
  ready: boolean;
}

export class ContainerWorker {
  readonly name: string;
  readonly role: ContainerRole;
  readonly #options: ContainerWorkerOptions;
  readonly #backoff: RestartBackoff;
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  #lastState: ContainerState;
  #restartCount: number;
  #run: Run | undefined;
  #restartTimer: Timer | undefined;
  #wanted = false;
  #ending: ProcessEnding | undefined;
  /** The next start is the pod's own doing and does not count as a restart. */
  #renewing = false;

  constructor(options: ContainerWorkerOptions) {
    this.#options = options;
    this.name = options.container.name;
    this.role = options.role;
    this.#backoff = new RestartBackoff(options.backoff);
    this.#restartCount = options.history.restartCount;
    this.#lastState = options.history.lastState;
  }

  get view(): ContainerView {
    return {
      name: this.name,
      role: this.role,
      image: this.#options.container.image ?? '',
      state: this.#state,
      lastState: this.#lastState,
      started: this.#run?.started ?? false,
      ready: this.#run?.ready ?? false,
      restartCount: this.#restartCount,
      containerId: this.#run?.process.pid === undefined ? undefined : `process://${this.#run.process.pid}`,
    };
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** Ports on which the container's processes listen now. */
  listeningPorts(): Promise<readonly number[]> {
    return this.#run?.process.listeningPorts() ?? Promise.resolve([]);
  }

  /** Begins, and keeps it running as its restart policy says. Fulfils when the process was started or has to wait. */
  async start(): Promise<void> {
    this.#wanted = true;
    const plan = await this.#options.plan();
    if (!this.#wanted || this.#run) return;
    if (plan.kind === 'run') {
      this.#spawn(plan);
      return;
    }
    this.#setState({ waiting: { reason: plan.reason, message: plan.message } });
    this.#startAfter(plan.retryMs);
  }

  /** Ends the process at once and starts it with a new plan. Does not count as a restart. */
  renew(): void {
    if (!this.#run) return;
    this.#renewing = true;
    this.#run.process.signal('SIGKILL');
  }

  /**
   * Ends it for good: preStop hook, SIGTERM, and SIGKILL when `graceMs` are over. May be called again with less
   * time. Fulfils when nothing is left of it.
   */
  stop(graceMs: number): Promise<void> {
    this.#wanted = false;
    this.#restartTimer?.cancel();
    const run = this.#run;
    if (!run) return Promise.resolve();
    return this.#end(run, graceMs);
  }

  #spawn({ spec, ports }: Extract<StartPlan, { kind: 'run' }>): void {
    const { container, floor, podIp, openLog, onEvent } = this.#options;
    const log = openLog(this.#restartCount);
    const startedAt = formatTime(floor.clock.wallTime());
    this.#backoff.started(floor.clock.now());
    // The exit may be told while `start` still runs, when there is no such program.
    let early: ProcessExit | undefined;
    let run: Run | undefined;
    const process = floor.runner.start(spec, {
      onOutput: (stream, bytes) => log.write(stream, bytes),
      onExit: (exit) => {
        if (run) this.#onExit(run, exit);
        else early = exit;
      },
    });
    run = { process, context: { container, podIp, ports, spec }, log, startedAt, probers: new Map(), started: false, ready: false };
    this.#run = run;
    this.#state = { running: { startedAt } };
    if (early) {
      this.#onExit(run, early);
      return;
    }
    onEvent('Normal', 'Started', `Started container ${this.name}`);
    this.#beginProbing(run);
    this.#options.onChange();
  }

  #beginProbing(run: Run): void {
    const { startupProbe } = this.#options.container;
    if (startupProbe) this.#probe(run, 'Startup', startupProbe);
    else this.#onStarted(run);
  }

  /** Readiness and liveness count from here. */
  #onStarted(run: Run): void {
    const { readinessProbe, livenessProbe } = this.#options.container;
    run.started = true;
    if (livenessProbe) this.#probe(run, 'Liveness', livenessProbe);
    if (readinessProbe) this.#probe(run, 'Readiness', readinessProbe);
    else run.ready = true;
  }

  #probe(run: Run, kind: ProbeKind, probe: Probe): void {
    const { floor, onEvent } = this.#options;
    const prober = new Prober({
      clock: floor.clock,
      timers: floor.timers,
      schedule: { ...probeSchedule(probe, kind !== 'Liveness'), ...(kind === 'Readiness' ? { quickAfterMs: this.#options.readinessAfterMs() } : {}) },
      attempt: (timeoutMs) => runAction(probe, run.context, floor, timeoutMs),
      onVerdict: (verdict, result) => this.#onVerdict(run, kind, verdict, result),
      onFailure: (message) => onEvent('Warning', 'Unhealthy', `${kind} probe failed: ${message}`),
    });
    run.probers.set(kind, prober);
  }

  #onVerdict(run: Run, kind: ProbeKind, verdict: ProbeVerdict, result: ProbeResult): void {
    if (kind === 'Readiness') {
      run.ready = verdict === 'success';
      this.#options.onChange();
      return;
    }
    if (verdict === 'success' && kind === 'Startup') {
      run.probers.get('Startup')?.stop();
      this.#onStarted(run);
      this.#options.onChange();
    }
    if (verdict === 'failure') {
      const message = result.kind === 'failure' ? `: ${result.message}` : '';
      this.#options.onEvent('Normal', 'Killing', `Container ${this.name} failed ${kind.toLowerCase()} probe, will be restarted${message}`);
      void this.#end(run, this.#options.graceMs);
    }
  }

  async #end(run: Run, graceMs: number): Promise<void> {
    for (const prober of run.probers.values()) prober.stop();
    if (this.#ending) return this.#ending.hurry(graceMs);
    const { floor, container, onEvent } = this.#options;
    const ending = new ProcessEnding(run.process, floor, graceMs);
    this.#ending = ending;
    const hook: ContainerAction | undefined = container.lifecycle?.preStop;
    if (hook && graceMs > 0) {
      const result = await Promise.race([runAction(hook, run.context, floor, graceMs), ending.over]);
      if (result?.kind === 'failure') onEvent('Warning', 'FailedPreStopHook', `PreStopHook failed: ${result.message}`);
    }
    return ending.terminate();
  }

  #onExit(run: Run, exit: ProcessExit): void {
    for (const prober of run.probers.values()) prober.stop();
    run.log.end();
    this.#run = undefined;
    this.#ending?.done();
    this.#ending = undefined;
    const terminated = this.#termination(run, exit);
    this.#state = { terminated };
    if (this.#wanted && this.#renewing) this.#startRenewed();
    else if (this.#wanted && this.#mayRestart(terminated.exitCode)) this.#restart(terminated);
    this.#options.onChange();
  }

  #termination(run: Run, exit: ProcessExit): ContainerTermination {
    const exitCode = exitCodeOf(exit);
    const reason = exit.kind === 'not-started' ? 'StartError' : exitCode === 0 ? 'Completed' : 'Error';
    // Local mode has no file for termination messages, so the log's end stands in for it whatever the policy.
    const message = exit.kind === 'not-started' ? exit.message : exitCode === 0 ? '' : run.log.tail();
    return {
      exitCode,
      ...(exit.kind === 'signaled' ? { signal: exit.number } : {}),
      reason,
      ...(message === '' ? {} : { message }),
      startedAt: run.startedAt,
      finishedAt: formatTime(this.#options.floor.clock.wallTime()),
    };
  }

  #mayRestart(exitCode: number): boolean {
    if (this.role === 'sidecar') return true;
    const { restartPolicy } = this.#options;
    // An init container runs until it has succeeded once.
    if (this.role === 'init') return exitCode !== 0 && restartPolicy !== 'Never';
    return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
  }

  #restart(terminated: ContainerTermination): void {
    this.#lastState = { terminated };
    this.#restartCount += 1;
    const waitMs = this.#backoff.ended(this.#options.floor.clock.now());
    if (waitMs > 0) {
      const message = `back-off ${formatWait(waitMs)} restarting failed container=${this.name} pod=${this.#options.podLabel}`;
      this.#state = { waiting: { reason: 'CrashLoopBackOff', message } };
      this.#options.onEvent('Warning', 'BackOff', `Back-off restarting failed container ${this.name} in pod ${this.#options.podLabel}`);
    }
    this.#startAfter(waitMs);
  }

  #startRenewed(): void {
    this.#renewing = false;
    this.#state = { waiting: { reason: 'ContainerCreating' } };
    void this.start();
  }

  #startAfter(waitMs: number): void {
    this.#restartTimer = this.#options.floor.timers.after(waitMs, () => void this.start());
  }

  #setState(state: ContainerState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

/** `10s`, `2m40s`, as Kubernetes writes it. */
function formatWait(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
