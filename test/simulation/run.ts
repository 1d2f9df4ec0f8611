/** One run: a scenario from its seed, the mesh that lives through it, and what was violated on the way. */
import { SimulatedTime } from '@sluice/kernel/testing';
import { loadMeshAssets, type MeshAssets } from './assets.ts';
import { Clients } from './clients.ts';
import { tellGauges } from './floor/watch-proxies.ts';
import { applyFault } from './faults.ts';
import { invariants } from './invariants/all.ts';
import type { InvariantWatch, Violation } from './invariants/invariant.ts';
import { writeObservation } from './journal-entries.ts';
import { Journal } from './journal.ts';
import { gatewayAddress, Mesh } from './mesh.ts';
import { RestWatch } from './observe-at-rest.ts';
import { Observations } from './observation.ts';
import { Owner } from './owner.ts';
import type { RunReport } from './report.ts';
import { drawScenario, type Scenario } from './scenario/scenario.ts';
import { hostOf } from './service-manifest.ts';

export interface RunOptions {
  /** Gets each line of the journal as it is written. */
  readonly print?: (line: string) => void;
  /** Loaded when absent; whoever runs many seeds gives the same to all. */
  readonly assets?: MeshAssets;
  /** Instead of what the seed draws. */
  readonly scenario?: Scenario;
}

/** How long the mesh may take to come up, or a change or request to come to its end, in virtual ms. */
const patienceMs = 300_000;

/** From the last thing that happens to rest, beyond window and grace: drains, back-offs, deletions. In virtual ms. */
const settlingMs = 60_000;

/** How long the mesh is watched doing nothing, in virtual ms. */
const restMs = 10_000;

/** How often it is looked at meanwhile. */
const looksAtRest = 20;

/** How often queues are looked at, in virtual ms. */
const gaugesEveryMs = 500;

export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunReport> {
  const run = new Run(options.scenario ?? drawScenario(seed), options.assets ?? (await loadMeshAssets()), options.print);
  return run.run();
}

class Run {
  readonly #scenario: Scenario;
  readonly #time = new SimulatedTime();
  readonly #journal: Journal;
  readonly #observations = new Observations();
  readonly #violations: Violation[] = [];
  readonly #watches: readonly InvariantWatch[];
  readonly #mesh: Mesh;
  readonly #clients: Clients;
  readonly #owner: Owner;

  constructor(scenario: Scenario, assets: MeshAssets, print: ((line: string) => void) | undefined) {
    const time = this.#time;
    const observations = this.#observations;
    this.#scenario = scenario;
    this.#journal = new Journal(time, print);
    observations.listen((observation) => writeObservation(this.#journal, observation));
    this.#watches = invariants.map((invariant) =>
      invariant.create({ scenario, violated: (message) => this.#violations.push({ invariant: invariant.name, at: time.now(), message }) }),
    );
    for (const watch of this.#watches) observations.listen((observation) => watch.observe?.(observation));
    this.#mesh = new Mesh({ scenario, time, assets, observations });
    this.#clients = new Clients({
      clock: time,
      timers: time,
      network: this.#mesh.network.view('client', '127.0.0.1'),
      gateway: gatewayAddress,
      observations,
    });
    this.#owner = new Owner({
      client: this.#mesh.client,
      timers: time,
      onReady: (service) => observations.tell({ at: time.now(), kind: 'service ready', service }),
      onChanged: (service, change) => {
        if (change.kind === 'tag') this.#tryTag(service, change.tag, change.requests);
      },
    });
  }

  async run(): Promise<RunReport> {
    const { services, quietAtMs } = this.#scenario;
    await this.#until(this.#mesh.start(), 'the mesh is up');
    await this.#until(Promise.all(services.map((plan) => this.#owner.create(plan))), 'all services are ready');
    this.#schedule();
    this.#time.every(gaugesEveryMs, () => tellGauges(this.#mesh.floor, this.#observations, this.#time.now()));
    await this.#pass(quietAtMs);
    this.#observations.tell({ at: this.#time.now(), kind: 'quiet' });
    await this.#until(this.#owner.settle(), 'all changes are carried out');
    await this.#untilAnswered();
    await this.#pass(this.#settlingMs());
    await this.#judgeRest();
    return this.#report();
  }

  /** Puts everything that will happen on the clock. */
  #schedule(): void {
    const { traffic, changes, faults } = this.#scenario;
    const at = (ms: number, fn: () => void) => void this.#time.after(ms, fn);
    for (const { atMs, service, requests } of traffic) {
      const sharers = { idle: [] };
      for (const request of requests) at(atMs + request.afterMs, () => this.#clients.send(service, hostOf(service), request, sharers));
    }
    for (const plan of changes) {
      at(plan.atMs, () => {
        this.#observations.tell({ at: this.#time.now(), kind: 'change', plan });
        this.#owner.change(plan.service, plan.change);
      });
    }
    for (const plan of faults) {
      at(plan.atMs, () => {
        this.#observations.tell({ at: this.#time.now(), kind: 'fault begins', plan });
        const end = applyFault(this.#mesh, plan.fault);
        if (plan.forMs === 0) return;
        at(plan.forMs, () => {
          end();
          this.#observations.tell({ at: this.#time.now(), kind: 'fault ends', plan });
        });
      });
    }
  }

  #tryTag(service: string, tag: string, requests: number): void {
    const request = { afterMs: 0, bodyBytes: 0, keepAlive: false };
    for (let index = 0; index < requests; index += 1) this.#clients.send(service, hostOf(service, tag), request, { idle: [] });
  }

  /** Moves time on; stops at the first violation, so that the journal ends where it happened. */
  async #pass(ms: number): Promise<void> {
    await this.#time.advanceUntil(() => this.#isViolated, ms);
  }

  /** Moves time on until something has come true. */
  async #until(coming: Promise<unknown>, what: string): Promise<void> {
    const outcome: { isKnown: boolean; failure?: unknown } = { isKnown: false };
    coming.then(
      () => (outcome.isKnown = true),
      (reason: unknown) => Object.assign(outcome, { isKnown: true, failure: reason }),
    );
    await this.#time.advanceUntil(() => outcome.isKnown || this.#isViolated, patienceMs);
    if (this.#isViolated || (outcome.isKnown && outcome.failure === undefined)) return;
    const message = outcome.isKnown ? String(outcome.failure) : `not within ${patienceMs} ms`;
    this.#violations.push({ invariant: what, at: this.#time.now(), message });
  }

  async #untilAnswered(): Promise<void> {
    await this.#time.advanceUntil(() => this.#clients.pending === 0 || this.#isViolated, patienceMs);
    this.#clients.closeIdle();
  }

  get #isViolated(): boolean {
    return this.#violations.length > 0;
  }

  #settlingMs(): number {
    const windows = this.#scenario.services.map(({ windowSeconds }) => windowSeconds);
    return Math.max(...windows) * 1000 + this.#scenario.graceSeconds * 1000 + settlingMs;
  }

  async #judgeRest(): Promise<void> {
    if (this.#isViolated) return;
    const watch = new RestWatch(this.#mesh, this.#time.now());
    for (let look = 0; look < looksAtRest; look += 1) {
      await this.#pass(restMs / looksAtRest);
      watch.look();
    }
    const atRest = watch.finish(this.#clients.requests, this.#time.now());
    await this.#until(atRest, 'the mesh can be looked at');
    if (this.#isViolated) return;
    for (const invariant of this.#watches) await invariant.checkAtRest?.(await atRest);
  }

  #report(): RunReport {
    return {
      seed: this.#scenario.seed,
      violations: this.#violations,
      requests: this.#clients.requests.length,
      virtualMs: this.#time.now(),
      digest: this.#journal.digest(),
      lineCount: this.#journal.lineCount,
      lastLines: this.#journal.lastLines,
    };
  }
}
