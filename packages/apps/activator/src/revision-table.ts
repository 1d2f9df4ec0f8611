/**
 * The revisions of the configuration in force, each with its throttler and the watch over its pods. Changes are
 * taken over once the engine has applied them, so that no request is sent to a pod the engine does not know yet.
 */
import { Throttler } from '@sluice/admission';
import type { Clock, Logger, Meter, Network, Random, Timers } from '@sluice/kernel';
import type { ActivatableRevision, ClusterConfig, RevisionDirectory } from '@sluice/proxy';
import { PodWatch } from './pod-watch.ts';
import { endpointsOf, factsOf, type RevisionFacts } from './revision-of-cluster.ts';

export interface RevisionTableOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** How a revision's throttler stands, for tests and pages. */
export interface RevisionStatus {
  readonly key: string;
  readonly capacity: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly pods: readonly string[];
}

interface Entry extends ActivatableRevision {
  readonly watch: PodWatch;
  /** What was taken over last, to see what has changed. */
  clusterVersion: string;
  assignmentVersion: string;
}

export class RevisionTable implements RevisionDirectory {
  readonly #options: RevisionTableOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: RevisionTableOptions) {
    this.#options = options;
  }

  find(key: string): ActivatableRevision | undefined {
    return this.#entries.get(key);
  }

  /** Takes over what the engine has applied. */
  update(clusters: ReadonlyMap<string, ClusterConfig>): void {
    for (const key of this.#entries.keys()) if (!clusters.has(key)) this.#remove(key);
    for (const [key, cluster] of clusters) {
      const entry = this.#upsert(key, cluster);
      if (!entry || entry.assignmentVersion === cluster.assignmentVersion) continue;
      entry.assignmentVersion = cluster.assignmentVersion;
      const { ready, notReady } = endpointsOf(cluster);
      entry.watch.setEndpoints(ready, notReady);
    }
  }

  status(): readonly RevisionStatus[] {
    return [...this.#entries.values()].map(({ key, throttler }) => ({
      key,
      capacity: throttler.capacity,
      inFlight: throttler.inFlight,
      waiting: throttler.waiting,
      pods: throttler.assignedPods,
    }));
  }

  /** Stops all watches. Requests that wait are refused. */
  close(): void {
    for (const key of this.#entries.keys()) this.#remove(key);
  }

  #upsert(key: string, cluster: ClusterConfig): Entry | undefined {
    const known = this.#entries.get(key);
    if (known?.clusterVersion === cluster.version) return known;
    const facts = factsOf(cluster);
    if (!facts) return undefined;
    if (known && known.throttler.containerConcurrency === facts.containerConcurrency) {
      const changed: Entry = { ...known, timeouts: facts.timeouts, clusterVersion: cluster.version };
      this.#entries.set(key, changed);
      return changed;
    }
    // A revision's limit never changes; another one is another revision of the same name.
    if (known) this.#remove(key);
    return this.#add(key, cluster, facts);
  }

  #add(key: string, cluster: ClusterConfig, facts: RevisionFacts): Entry {
    const { random, meter } = this.#options;
    const throttler = new Throttler({ containerConcurrency: facts.containerConcurrency, random });
    const watch = new PodWatch({ ...this.#options, throttler });
    const entry: Entry = { key, throttler, watch, timeouts: facts.timeouts, clusterVersion: cluster.version, assignmentVersion: '' };
    this.#entries.set(key, entry);
    const labels = labelsOf(key);
    meter.observedGauge('kn_revision_request_queued', 'Requests that wait for a pod.', () => throttler.waiting, labels);
    meter.observedGauge('kn_revision_request_active', 'Requests that are at a pod.', () => throttler.inFlight, labels);
    return entry;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    entry.watch.close();
    entry.throttler.close();
    this.#options.meter.remove(labelsOf(key));
  }
}

function labelsOf(key: string): Record<string, string> {
  const slash = key.indexOf('/');
  return { k8s_namespace_name: key.slice(0, slash), kn_revision_name: key.slice(slash + 1) };
}
