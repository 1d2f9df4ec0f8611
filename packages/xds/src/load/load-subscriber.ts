/** The autoscaler's end of `StreamLoad`: subscribed across disconnections. */
import type { Logger, Random, Timer, Timers } from '@sluice/kernel';

import { Backoff } from '../backoff.ts';
import type { LoadStream, LoadTransport } from '../transport.ts';
import type { RevisionLoad } from './revision-load.ts';

export interface LoadSubscriberOptions {
  /** Who subscribes, for the server's logs and status. */
  readonly subscriber: string;
  /** Only these namespaces. Default all. */
  readonly namespaces?: readonly string[];
  readonly transport: LoadTransport;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Called for each report, in the order of arrival. */
  readonly onLoad: (load: RevisionLoad) => void;
  /** Called with true when a subscription stands and with false when it is lost. */
  readonly onConnection?: (connected: boolean) => void;
}

export interface LoadSubscriber {
  /** Connects, and goes on connecting until stopped. */
  start(): void;
  stop(): void;
  /** Whether a subscription stands: the service has answered. */
  readonly connected: boolean;
}

export function createLoadSubscriber(options: LoadSubscriberOptions): LoadSubscriber {
  const { transport, timers, random, logger } = options;
  // An autoscaler without load scales blindly, and there are few of them: they may come back quickly.
  const retry = new Backoff(random, { maxMs: 5_000 });
  let stream: LoadStream | undefined;
  let retryTimer: Timer | undefined;
  let isConnected = false;
  let isStarted = false;

  function setConnected(connected: boolean): void {
    if (connected === isConnected) return;
    isConnected = connected;
    logger.info(connected ? 'load stream connected' : 'load stream lost');
    options.onConnection?.(connected);
  }

  function open(): void {
    const opened = transport.openLoad();
    stream = opened;
    opened.listen({
      onMessage: ({ loads }) => {
        if (stream !== opened) return;
        retry.reset();
        setConnected(true);
        for (const load of loads) options.onLoad(load);
      },
      onEnd: () => {
        if (stream !== opened) return;
        stream = undefined;
        setConnected(false);
        retryTimer = timers.after(retry.next(), open);
      },
    });
    opened.send({ subscriber: options.subscriber, namespaces: options.namespaces ?? [] });
  }

  return {
    start() {
      if (isStarted) return;
      isStarted = true;
      open();
    },
    stop() {
      isStarted = false;
      retryTimer?.cancel();
      const ending = stream;
      stream = undefined;
      ending?.end();
      setConnected(false);
    },
    get connected() {
      return isConnected;
    },
  };
}
