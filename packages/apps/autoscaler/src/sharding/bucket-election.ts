/**
 * The buckets that this replica holds: it stands for each of them on its own, so that work spreads by who is quick, and what a
 * lost replica held goes to whoever comes first. Knative's:
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/statforwarder/leases.go
 */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import { endpointSlices, LeaderElector, serviceNameLabel, type ElectionTimes, type EndpointSlice, type KubernetesClient } from '@sluice/kubernetes';
import { addressOf, bucketIndexOf, bucketNames, identityOf } from './buckets.ts';
import type { Ownership } from './ownership.ts';

export interface BucketElectionOptions {
  readonly client: KubernetesClient;
  /** Where Leases and EndpointSlices are kept. */
  readonly namespace: string;
  readonly podName: string;
  readonly podIp: string;
  /** Where statistics are heard; undefined where they are not, and nobody is to be led there. */
  readonly statsPort: number | undefined;
  readonly buckets: number;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Called with whether it is ours, when that changes. */
  readonly onChange: (bucket: number, isOurs: boolean) => void;
}

export class BucketElection implements Ownership {
  readonly #options: BucketElectionOptions;
  readonly #electors: readonly LeaderElector[];
  readonly #identity: string;

  constructor(options: BucketElectionOptions) {
    this.#options = options;
    this.#identity = identityOf(options.podName, options.podIp);
    this.#electors = bucketNames(options.buckets).map(
      (name, bucket) =>
        new LeaderElector({
          ...options,
          lease: { namespace: options.namespace, name },
          identity: this.#identity,
          onChange: (isLeading) => {
            if (isLeading && options.statsPort !== undefined) this.#publish(name, options.statsPort);
            options.onChange(bucket, isLeading);
          },
        }),
    );
  }

  owns(key: string): boolean {
    return this.#electorOf(key)?.isLeading === true;
  }

  ownerAddress(key: string): string | undefined {
    const holder = this.#electorOf(key)?.holder;
    return holder === undefined || holder === this.#identity ? undefined : addressOf(holder);
  }

  bucketOf(key: string): number {
    return bucketIndexOf(key, this.#electors.length);
  }

  /** How many buckets are ours. */
  get held(): number {
    return this.#electors.filter(({ isLeading }) => isLeading).length;
  }

  start(): void {
    for (const elector of this.#electors) elector.start();
  }

  /** Owns nothing from now on, and hands the buckets over when `idle` has fulfilled. */
  async stop(idle: Promise<unknown>): Promise<void> {
    await Promise.all(this.#electors.map((elector) => elector.stop(idle)));
  }

  #electorOf(key: string): LeaderElector | undefined {
    return this.#electors[this.bucketOf(key)];
  }

  /** For peers that find a bucket's holder by name. Ours ask the Lease, so nothing depends on it. */
  #publish(name: string, port: number): void {
    const { client, namespace, podIp, logger } = this.#options;
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name, labels: { [serviceNameLabel]: name, 'endpointslice.kubernetes.io/managed-by': 'sluice-autoscaler' } },
      addressType: podIp.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [podIp], conditions: { ready: true } }],
      ports: [{ name: 'http', port, protocol: 'TCP' }],
    };
    client
      .resource(endpointSlices)
      .apply(slice)
      .catch((error: unknown) => logger.warn('bucket address not published', { bucket: name, error }));
  }
}
