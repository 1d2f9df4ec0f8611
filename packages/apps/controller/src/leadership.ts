/**
 * One of several replicas works, by a Lease; the others follow the cluster and remember what there would be to do, so that whoever
 * takes over begins at once.
 */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import { LeaderElector, type ElectionTimes, type KubernetesClient } from '@sluice/kubernetes';

/** The Lease, in the system's namespace. */
export const controllerLease = 'sluice-controller';

export interface LeadershipOptions {
  readonly client: KubernetesClient;
  readonly systemNamespace: string;
  /** Who this is among the replicas. Undefined: it is the only one, and works. */
  readonly identity: string | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** It begins to lead. */
  readonly onLead: () => void;
}

export class Leadership {
  readonly #options: LeadershipOptions;
  #elector: LeaderElector | undefined;
  /** By controller. */
  #deferred = new Map<string, Set<string>>();

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /** Ask before each piece of work: what the clock says counts, not what has been told. */
  get isLeading(): boolean {
    return this.#options.identity === undefined || this.#elector?.isLeading === true;
  }

  /** Something is to be done that another is doing now. */
  defer(controller: string, key: string): void {
    const keys = this.#deferred.get(controller);
    if (keys) keys.add(key);
    else this.#deferred.set(controller, new Set([key]));
  }

  /** What has been put off, by controller. */
  takeDeferred(): ReadonlyMap<string, ReadonlySet<string>> {
    const deferred = this.#deferred;
    this.#deferred = new Map();
    return deferred;
  }

  /** Stands for election. @param times as the cluster says; they hold until the process ends, as Knative's do */
  start(times: ElectionTimes): void {
    const { identity, systemNamespace, onLead } = this.#options;
    if (identity === undefined) return;
    this.#elector = new LeaderElector({
      ...this.#options,
      lease: { namespace: systemNamespace, name: controllerLease },
      identity,
      times,
      onChange: (isLeading) => {
        if (isLeading) onLead();
      },
    });
    this.#elector.start();
  }

  /** Does nothing more from now on, and hands the work over when `idle` has fulfilled. */
  async stop(idle: Promise<unknown>): Promise<void> {
    await this.#elector?.stop(idle);
  }
}
