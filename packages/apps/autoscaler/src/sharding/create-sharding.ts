/**
 * Which revisions are this replica's, and where statistics about the others go. Alone it owns all; among several each owns the
 * buckets whose Leases it holds.
 */
import type { Address, Clock, Logger, Meter, Network, Random, Timers } from '@sluice/kernel';
import type { KubernetesClient } from '@sluice/kubernetes';
import type { Stat } from '@sluice/scaling';
import type { LeaderElectionConfig } from '@sluice/serving';
import { createStatReceiver } from '@sluice/stats';
import { StatIntake } from '../stat-intake.ts';
import { BucketElection } from './bucket-election.ts';
import { ownsAll, type Ownership } from './ownership.ts';
import { StatForwarder } from './stat-forwarder.ts';

export interface ShardingOptions {
  readonly client: KubernetesClient;
  readonly network?: Network;
  readonly statsAddress?: Address | undefined;
  readonly podIp?: string | undefined;
  readonly systemNamespace: string;
  readonly identity: string;
  /** Asked when the election begins. */
  readonly config: () => LeaderElectionConfig;
  readonly record: (key: string, stat: Stat) => void;
  /** Some revisions have become ours, or have been lost. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface Sharding {
  readonly ownership: Ownership;
  /** Takes statistics by websocket from now on. */
  listen(): Promise<void>;
  /** Stands for election. */
  start(): void;
  /** Owns nothing from now on, and gives its part away when `idle` has fulfilled. */
  stop(idle: Promise<unknown>): Promise<void>;
}

export function createSharding(options: ShardingOptions): Sharding {
  const { network, statsAddress, podIp, logger } = options;
  let election: BucketElection | undefined;
  const ownership: Ownership =
    podIp === undefined
      ? ownsAll
      : { owns: (key) => election?.owns(key) === true, ownerAddress: (key) => election?.ownerAddress(key) };
  // Replicas are alike: where this one hears statistics, the others do.
  const statsPort = statsAddress?.port;
  const forwarder = network && statsPort !== undefined && podIp !== undefined ? new StatForwarder({ ...options, network, ownership, statsPort, onOwn: (message) => intake.takeOwn(message) }) : undefined;
  const intake = new StatIntake({ ownership, record: options.record, ...(forwarder && { forward: (messages) => forwarder.forward(messages) }) });
  const receiver = network && statsAddress && createStatReceiver({ ...options, network, address: statsAddress, onMessages: (messages) => intake.take(messages) });

  return {
    ownership,
    async listen() {
      await receiver?.listen();
    },
    start() {
      if (podIp === undefined) return;
      const { buckets, ...times } = options.config();
      election = new BucketElection({
        ...options,
        namespace: options.systemNamespace,
        podName: options.identity,
        podIp,
        statsPort,
        buckets,
        times,
        onChange: () => options.onChange(),
      });
      logger.info('standing for buckets', { buckets });
      election.start();
    },
    async stop(idle) {
      await Promise.all([election?.stop(idle), receiver?.stop()]);
      forwarder?.stop();
    },
  };
}
