/** What the upstream half needs of its proxy. */
import type { Logger, Network, Random, Resolver, Timers } from '@sluice/kernel';
import type { OutputBuffer } from '../output-buffer.ts';
import type { Statistics } from '../statistics.ts';
import type { Sweep } from '../sweep.ts';
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
}

/** The same with another network. */
export function withNetwork(context: UpstreamContext, network: Network): UpstreamContext {
  const { random, timers, resolver, logger, statistics, turn, output, sweep } = context;
  return { random, timers, network, resolver, logger, statistics, turn, output, sweep };
}
