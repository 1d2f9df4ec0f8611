/** What the upstream half needs of its proxy. */
import type { Address, Logger, Network, Random, Resolver, Timers } from '@sluice/kernel';
import type { OutputBuffer } from '../output-buffer.ts';
import type { Statistics } from '../statistics.ts';
import type { Sweep } from '../sweep.ts';
import type { IdleRoom } from './idle-room.ts';
import type { LocalZone } from './local-zone.ts';
import type { Turn } from '../turn.ts';

export interface UpstreamContext {
  readonly random: Random;
  /** For what a sweep is too coarse or too far away for; requests are timed by `sweep`. */
  readonly timers: Timers;
  readonly network: Network;
  readonly resolver: Resolver;
  readonly logger: Logger;
  readonly statistics: Statistics;
  /** The clock too: within a turn it is one moment. */
  readonly turn: Turn;
  readonly output: OutputBuffer;
  readonly sweep: Sweep;
  /** Absent: zones do not count. */
  readonly localZone?: LocalZone | undefined;
  /** Takes lines that tell of ejections. Absent: nobody wants them. */
  readonly outlierEvents?: { add(line: string): void } | undefined;
  /** Where connections of clusters that do not say so come from. Absent: what the system chooses. */
  readonly localAddress?: Address | undefined;
  /** How many connections may lie idle. Absent: as many as there are. */
  readonly idleRoom?: IdleRoom<object> | undefined;
}

/** The same with another network. */
export function withNetwork(context: UpstreamContext, network: Network): UpstreamContext {
  const { random, timers, resolver, logger, statistics, turn, output, sweep, localZone, outlierEvents, localAddress, idleRoom } = context;
  return { random, timers, network, resolver, logger, statistics, turn, output, sweep, localZone, outlierEvents, localAddress, idleRoom };
}
