/** The sidecar: the engine with the queue filter, and what the filter shares with the rest. */
import { formatProblem, MeshError, type Clock, type Logger, type Meter, type Network, type Random, type Timers } from '@sluice/kernel';
import {
  ConfigApplier,
  createFilterContexts,
  createProxy,
  createQueueFilterFactory,
  Drainer,
  noRegexEngine,
  routerFactory,
  type AccessLogOutput,
  type Proxy,
} from '@sluice/proxy';
import type { QueueProxySettings } from './config.ts';
import { LoadMeter } from './load-meter.ts';
import { ProgramProber } from './program-prober.ts';
import { makeStaticConfig } from './static-config.ts';

export interface QueueProxyOptions {
  readonly settings: QueueProxySettings;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly openAccessLog?: (path: string) => AccessLogOutput;
}

export interface QueueProxy {
  readonly proxy: Proxy;
  readonly load: LoadMeter;
  readonly drainer: Drainer;
  /** Listens. Rejects when the port cannot be had, or when the settings do not make a configuration. */
  start(): Promise<void>;
  /** Probes fail from now on; resolves when no request has come for the quiet period and all have ended. */
  drain(): Promise<void>;
  /** Cuts everything now. */
  stop(): Promise<void>;
}

/** How long tunnels may stay open after everything else has ended. Knative's `waitForHijackedConns`. Milliseconds. */
const TUNNEL_DRAIN_MS = 60_000;

export function composeQueueProxy(options: QueueProxyOptions): QueueProxy {
  const { settings, network, clock, timers, logger } = options;
  const proxy = createProxy(options);
  const load = new LoadMeter(clock.now());
  const drainer = new Drainer({ clock, timers, quietPeriodMs: settings.quietPeriodMs });
  const prober =
    settings.probes.length === 0 ? undefined : new ProgramProber({ probes: settings.probes, network, clock, timers, logger });
  const queueFactory = createQueueFilterFactory({ stats: load.stats, drainer, ...(prober === undefined ? {} : { prober }) });
  const applier = new ConfigApplier({
    ...options,
    target: proxy,
    filters: [queueFactory, routerFactory],
    createContext: createFilterContexts(options),
    // Nothing in the configuration of this seat has a regex.
    regexEngine: noRegexEngine,
  });

  return {
    proxy,
    load,
    drainer,
    async start() {
      const refused = makeStaticConfig(settings).flatMap((update) => applier.onUpdate(update));
      const problems = [...refused.flatMap((rejected) => rejected.problems), ...(await applier.applyNow())];
      const errors = problems.filter(({ severity }) => severity === 'error');
      if (errors.length > 0) throw new MeshError('queue-proxy-not-configured', errors.map(formatProblem).join('; '));
      proxy.start();
    },
    async drain() {
      logger.info('draining', { quietPeriodMs: settings.quietPeriodMs, activeRequests: proxy.activeStreams });
      const { promise, resolve } = Promise.withResolvers<void>();
      drainer.drain(() => resolve());
      await promise;
      // The longest a request may take; whoever started us may be less patient, and then ends us.
      await proxy.drain({ deadlineMs: settings.timeoutSeconds * 1000 + TUNNEL_DRAIN_MS });
    },
    async stop() {
      applier.stop();
      await proxy.close();
    },
  };
}
