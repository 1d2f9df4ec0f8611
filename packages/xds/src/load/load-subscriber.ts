/** The autoscaler's end of `StreamLoad`: stays subscribed across disconnects. */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';

import type { LoadTransport } from '../transport.ts';
import type { RevisionLoad } from './revision-load.ts';

export interface LoadSubscriberOptions {
  /** Who subscribes, for the server's logs and status. */
  readonly subscriber: string;
  readonly transport: LoadTransport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Called for each report, in the order of arrival. */
  readonly onLoad: (load: RevisionLoad) => void;
  /** Called when the stream begins to work and when it is lost. */
  readonly onConnection?: (connected: boolean) => void;
}

export interface LoadSubscriber {
  start(): void;
  stop(): void;
  readonly connected: boolean;
}
