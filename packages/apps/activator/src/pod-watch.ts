/** Keeps the throttler of one revision told of its usable pods: performs the probes that `PodProbing` decides on. */
import { PodProbing, PROBE_TIMEOUT_MS, type PodProbingRhythm, type ReachAnswer, type Throttler } from '@sluice/admission';
import { parseAddress, type Clock, type Network, type Timer, type Timers } from '@sluice/kernel';
import { probeHttp, type HttpProbeResult } from '@sluice/proxy';
import { ReachWatch } from './reach-watch.ts';
import type { RevisionService } from './revision-of-cluster.ts';

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

/** How a mesh of others is passed. */
export interface MeshPassage {
  /** Of probes, in place of the address that is asked. */
  readonly passthroughHost: string | undefined;
  /** What may be called in place of pods. */
  readonly service: RevisionService | undefined;
}

export class PodWatch {
  readonly #options: PodWatchOptions;
  readonly #probing: PodProbing;
  readonly #reach: ReachWatch;
  #passthroughHost: string | undefined;
  #readyPods = 0;
  #networkOf: NetworkOf | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: PodWatchOptions) {
    this.#options = options;
    this.#probing = new PodProbing(options.probing?.rhythm);
    this.#reach = new ReachWatch({
      timers: options.timers,
      ask: (address, onAnswer) => this.#ask(address, (result) => onAnswer(answerOf(result))),
      onChange: () => {
        if (!this.#isClosed) this.#publish();
      },
    });
  }

  /** What the endpoints say now; both lists hold `host:port`. @param networkOf default the network as it is */
  setEndpoints(ready: readonly string[], notReady: readonly string[], passage: MeshPassage = direct, networkOf?: NetworkOf): void {
    this.#networkOf = networkOf;
    this.#passthroughHost = passage.passthroughHost;
    this.#readyPods = ready.length;
    this.#reach.setEndpoints(ready, passage.service);
    if (this.#probing.setEndpoints(ready, notReady, this.#options.clock.now()) || this.#reach.reach !== 'pods') this.#publish();
    this.#probeDue();
  }

  /** Asks no more. Answers under way are dropped. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#reach.close();
  }

  #publish(): void {
    const { throttler } = this.#options;
    const { reach, service } = this.#reach;
    if (reach === 'service' && service) throttler.setService(service.address, this.#readyPods);
    else throttler.setPods(reach === 'pods' ? this.#probing.usablePods : []);
  }

  #probeDue(): void {
    const { clock, timers } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed || this.#reach.service?.isAlways === true) return;
    const now = clock.now();
    for (const address of this.#probing.takeDue(now)) this.#probe(address);
    const nextAt = this.#probing.nextDueAt;
    if (nextAt !== undefined) this.#timer = timers.after(Math.max(0, nextAt - now), () => this.#probeDue());
  }

  #probe(address: string): void {
    this.#ask(address, (result) => {
      if (this.#isClosed) return;
      const isReady = answerOf(result) === 'ready';
      const isNews = isReady && this.#reach.onPodReady();
      if (this.#probing.onProbed(address, isReady, this.#options.clock.now()) || isNews) this.#publish();
      this.#probeDue();
    });
  }

  #ask(address: string, onResult: (result: HttpProbeResult) => void): void {
    const { timers } = this.#options;
    const network = this.#networkOf?.(address) ?? this.#options.network;
    const { path, headers } = question;
    const host = this.#passthroughHost;
    const passing = host === undefined ? { host: address, headers } : { host, headers: { ...headers, 'k-passthrough-lb': 'true' } };
    probeHttp(network, timers, { path, ...passing, address: parseAddress(address), timeoutMs: this.#options.probing?.timeoutMs ?? PROBE_TIMEOUT_MS }, onResult);
  }
}

const direct: MeshPassage = { passthroughHost: undefined, service: undefined };

/** A proxy that does not know the way says 502 or 503. */
function answerOf(result: HttpProbeResult): ReachAnswer {
  if (result.kind !== 'answered') return 'other';
  if (result.status === 200 && result.body === expectedBody) return 'ready';
  return result.status === 502 || result.status === 503 ? 'mesh' : 'other';
}
