/** What the upstream half needs of its proxy. */
import type { Clock, Logger, Network, Random } from '@sluice/kernel';
import type { OutputBuffer } from '../output-buffer.ts';
import type { Statistics } from '../statistics.ts';
import type { Sweep } from '../sweep.ts';

export interface UpstreamContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly logger: Logger;
  readonly statistics: Statistics;
  readonly output: OutputBuffer;
  readonly sweep: Sweep;
}
