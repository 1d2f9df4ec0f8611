/** Finds out whether a revision is reached by its pods or by its Service: does the asking that `PodReach` decides on. */
import { PodReach, type Reach, type ReachAnswer } from '@sluice/admission';
import type { Timer, Timers } from '@sluice/kernel';
import type { RevisionService } from './revision-of-cluster.ts';

export interface ReachWatchOptions {
  /** Asks an address, `host:port`. Calls back once, never from within the call. */
  readonly ask: (address: string, onAnswer: (answer: ReachAnswer) => void) => void;
  /** `reach` is another. */
  readonly onChange: () => void;
  readonly timers: Timers;
}

/** Between two rounds of asking, in ms. Knative's `PROBE_FREQUENCY`. */
const intervalMs = 200;

/** So many pods are asked at once: of more, all would hardly be away at the same time for another reason. Chosen. */
const askedMax = 3;

export class ReachWatch {
  readonly #options: ReachWatchOptions;
  #service: RevisionService | undefined;
  #machine: PodReach | undefined;
  #ready: readonly string[] = [];
  /** Answers of a round before the last change are about the past. */
  #round = 0;
  #timer: Timer | undefined;

  constructor(options: ReachWatchOptions) {
    this.#options = options;
  }

  get reach(): Reach {
    return this.#machine?.reach ?? 'pods';
  }

  /** What is called in place of pods. */
  get service(): RevisionService | undefined {
    return this.#service;
  }

  /** @param ready pods that Kubernetes calls ready. @param service undefined: pods are called whatever they answer */
  setEndpoints(ready: readonly string[], service: RevisionService | undefined): void {
    if (service?.address !== this.#service?.address || service?.isAlways !== this.#service?.isAlways) {
      this.#machine = service && new PodReach(service.isAlways);
      this.#service = service;
    }
    this.#ready = ready;
    this.#ask();
  }

  /** A pod has answered that it is ready. @returns whether `reach` is another now */
  onPodReady(): boolean {
    return this.#machine?.onPodReady() ?? false;
  }

  close(): void {
    this.#round = -1;
    this.#timer?.cancel();
  }

  /** Whoever asks again takes the place of who asked before. */
  #ask(): void {
    this.#timer?.cancel();
    if (this.#round < 0) return;
    this.#round += 1;
    const machine = this.#machine;
    if (!machine || machine.isSettled || this.#ready.length === 0) return;
    if (this.#service?.isAlways === true) this.#askService(this.#round, machine);
    else this.#askPods(this.#round, machine);
  }

  #askPods(round: number, machine: PodReach): void {
    const asked = this.#ready.slice(0, askedMax);
    const answers: ReachAnswer[] = [];
    for (const address of asked) {
      this.#options.ask(address, (answer) => {
        answers.push(answer);
        if (round !== this.#round || answers.length < asked.length) return;
        if (machine.onPodsAsked(answers)) this.#options.onChange();
        // What answers neither way is ill, and looked at when something has changed.
        if (machine.reach === 'doubted') this.#askService(round, machine);
      });
    }
  }

  #askService(round: number, machine: PodReach): void {
    this.#options.ask(this.#service?.address ?? '', (answer) => {
      if (round !== this.#round) return;
      if (machine.onServiceAsked(answer)) this.#options.onChange();
      if (!machine.isSettled) this.#timer = this.#options.timers.after(intervalMs, () => this.#ask());
    });
  }
}
