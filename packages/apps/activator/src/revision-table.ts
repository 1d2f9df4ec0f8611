/**
 * The revisions of the configuration in force, each with its throttler and the watch over its pods. Changes are
 * taken over once the engine has applied them, so that no request is sent to a pod the engine does not know yet.
 */
import { SOLE_ACTIVATOR, Throttler, type ConcurrencyReporter, type PodProbingRhythm } from '@sluice/admission';
import { formatAddress, type Clock, type LabelValues, type Logger, type Meter, type Network, type Random, type Timers } from '@sluice/kernel';
import { probeNetwork, RequestMetrics, type ActivatableRevision, type ClusterConfig, type MetricNames, type RevisionDirectory } from '@sluice/proxy';
import { PodWatch, type NetworkOf } from './pod-watch.ts';
import { endpointsOf, factsOf, type RevisionFacts } from './revision-of-cluster.ts';

export interface RevisionTableOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly reporter: ConcurrencyReporter;
  /** Default `newest`. */
  readonly metricNames?: MetricNames;
  /** The address under which the other activators know this one. */
  readonly ownAddress: string;
  readonly probing?: { readonly rhythm: PodProbingRhythm; readonly timeoutMs: number } | undefined;
  /** Pod and address in request logs. */
  readonly identity: { readonly pod: string; readonly podIp: string };
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
  readonly labels: LabelValues;
  readyByKubelet: boolean;
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
      const { ready, notReady, activators, service } = endpointsOf(cluster);
      // First who shares them: pods that are not ours must not be used for a moment.
      entry.throttler.setShare(activators.length === 0 ? SOLE_ACTIVATOR : { index: activators.indexOf(this.#options.ownAddress), count: activators.length });
      entry.watch.setEndpoints(ready, entry.readyByKubelet ? [] : notReady, { passthroughHost: entry.passthroughHost, service }, this.#networkOf(cluster));
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

  /** Undefined where all pods are spoken to in the open. */
  #networkOf(cluster: ClusterConfig): NetworkOf | undefined {
    const { network, timers } = this.#options;
    if (!cluster.transports) return undefined;
    const endpoints = new Map(cluster.assignment?.localities.flatMap((locality) => locality.endpoints.map((endpoint) => [formatAddress(endpoint.address), endpoint])));
    return (address) => {
      const endpoint = endpoints.get(address);
      return endpoint ? probeNetwork(cluster, endpoint, network, timers) : network;
    };
  }

  #upsert(key: string, cluster: ClusterConfig): Entry | undefined {
    const known = this.#entries.get(key);
    if (known?.clusterVersion === cluster.version) return known;
    const facts = factsOf(cluster);
    if (!facts) return undefined;
    if (known && known.throttler.containerConcurrency === facts.containerConcurrency) {
      // The endpoints are looked at anew: what is made of them follows from the facts too.
      const changed: Entry = { ...known, timeouts: facts.timeouts, readyByKubelet: facts.readyByKubelet, passthroughHost: facts.passthroughHost, clusterVersion: cluster.version, assignmentVersion: '' };
      this.#entries.set(key, changed);
      return changed;
    }
    // A revision's limit never changes; another one is another revision of the same name.
    if (known) this.#remove(key);
    return this.#add(key, cluster, facts);
  }

  #add(key: string, cluster: ClusterConfig, facts: RevisionFacts): Entry {
    const { random, meter, reporter, identity, metricNames = 'newest' } = this.#options;
    const throttler = new Throttler({ containerConcurrency: facts.containerConcurrency, random });
    const watch = new PodWatch({ ...this.#options, throttler });
    const labels = labelsOf(key, facts);
    const logged = { name: labels['kn_revision_name'] ?? '', namespace: labels['k8s_namespace_name'] ?? '', service: facts.service, configuration: facts.configuration, podName: identity.pod, podIp: identity.podIp };
    // Pods come and go: by their addresses the page would only grow. How long requests ran is their sidecars' to say.
    const metrics = new RequestMetrics({ meter, names: metricNames, labels, client: {}, isProgram: false, olderPrefix: 'activator', olderLabels: { ...olderLabelsOf(labels), ...olderPodLabels(identity) } });
    const entry: Entry = { key, throttler, watch, labels, logged, metrics, timeouts: facts.timeouts, readyByKubelet: facts.readyByKubelet, passthroughHost: facts.passthroughHost, clusterVersion: cluster.version, assignmentVersion: '' };
    this.#entries.set(key, entry);
    meter.observedGauge('kn_revision_request_concurrency', 'Requests that are here: waiting or at a pod.', () => reporter.concurrency(key), labels);
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
    this.#options.meter.remove(entry.labels);
    this.#options.meter.remove(olderLabelsOf(entry.labels));
  }
}

/** Of whoever counts, as metrics up to 1.18 called it. */
export function olderPodLabels({ pod }: { readonly pod: string }): LabelValues {
  return { pod_name: pod, container_name: 'activator' };
}

/** As metrics up to 1.18 called them. */
function olderLabelsOf(labels: LabelValues): LabelValues {
  const { k8s_namespace_name: namespace = '', kn_service_name: service = '', kn_configuration_name: configuration = '', kn_revision_name: revision = '' } = labels;
  return { namespace_name: namespace, service_name: service, configuration_name: configuration, revision_name: revision };
}

function labelsOf(key: string, { service, configuration }: RevisionFacts): LabelValues {
  const slash = key.indexOf('/');
  return { k8s_namespace_name: key.slice(0, slash), kn_service_name: service, kn_configuration_name: configuration, kn_revision_name: key.slice(slash + 1) };
}
