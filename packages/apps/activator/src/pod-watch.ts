/** Keeps the throttler of one revision told of its usable pods: performs the probes that `PodProbing` decides on. */
import { PodProbing, PROBE_TIMEOUT_MS, type PodProbingRhythm, type Throttler } from '@sluice/admission';
import { parseAddress, type Clock, type Network, type Timer, type Timers } from '@sluice/kernel';
import { probeHttp } from '@sluice/proxy';

export interface PodWatchOptions {
  readonly throttler: Throttler;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Default `PodProbing`'s own, and `PROBE_TIMEOUT_MS`. */
  readonly probing?: { readonly rhythm: PodProbingRhythm; readonly timeoutMs: number } | undefined;
}

/** By which a pod is asked: over TLS, where that is how requests go to it. */
export type NetworkOf = (address: string) => Network;

/** The question a sidecar understands, and the answer that means yes. */
const question = { path: '/healthz', headers: { 'k-network-probe': 'queue', 'user-agent': 'Knative-Activator-Probe' } };
const expectedBody = 'queue';

export class PodWatch {
  readonly #options: PodWatchOptions;
  readonly #probing: PodProbing;
  #networkOf: NetworkOf | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: PodWatchOptions) {
    this.#options = options;
    this.#probing = new PodProbing(options.probing?.rhythm);
  }

  /** What the endpoints say now; both lists hold `host:port`. @param networkOf default the network as it is */
  setEndpoints(ready: readonly string[], notReady: readonly string[], networkOf?: NetworkOf): void {
    this.#networkOf = networkOf;
    if (this.#probing.setEndpoints(ready, notReady, this.#options.clock.now())) this.#publish();
    this.#probeDue();
  }

  /** Asks no more. Answers under way are dropped. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #publish(): void {
    this.#options.throttler.setPods(this.#probing.usablePods);
  }

  #probeDue(): void {
    const { clock, timers } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed) return;
    const now = clock.now();
    for (const address of this.#probing.takeDue(now)) this.#probe(address);
    const nextAt = this.#probing.nextDueAt;
    if (nextAt !== undefined) this.#timer = timers.after(Math.max(0, nextAt - now), () => this.#probeDue());
  }

  #probe(address: string): void {
    const { timers, clock } = this.#options;
    const network = this.#networkOf?.(address) ?? this.#options.network;
    const probe = { ...question, address: parseAddress(address), host: address, timeoutMs: this.#options.probing?.timeoutMs ?? PROBE_TIMEOUT_MS };
    probeHttp(network, timers, probe, (result) => {
      if (this.#isClosed) return;
      const isReady = result.kind === 'answered' && result.status === 200 && result.body === expectedBody;
      if (this.#probing.onProbed(address, isReady, clock.now())) this.#publish();
      this.#probeDue();
    });
  }
}
