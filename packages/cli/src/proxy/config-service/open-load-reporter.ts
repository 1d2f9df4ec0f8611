/** A load server that is reported to, over gRPC. */
import type { Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { BootstrapProxy } from '@sluice/proxy';
import type { Bootstrap } from '@sluice/resources';
import { createUpstreamLoadReporter, loadCodec } from '@sluice/xds';
import { nodeOf } from './node-of.ts';
import { openServerTransport } from './open-server-transport.ts';

export interface LoadReportingOptions {
  readonly bootstrap: Bootstrap;
  readonly running: Pick<BootstrapProxy, 'proxy' | 'applier'>;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadServerClient {
  close(): void;
}

/** @param server which clusters report there, as they say it; empty for those that do not say */
export async function openLoadReporter(server: string, clusterNames: readonly string[], options: LoadReportingOptions): Promise<LoadServerClient> {
  const { bootstrap, running, timers, random, logger, meter } = options;
  const { proxy } = running;
  const { transport, close } = await openServerTransport(clusterNames, await loadCodec('load'), options);
  const reporter = createUpstreamLoadReporter({
    node: nodeOf(bootstrap.node),
    transport,
    source: { measure: (names) => proxy.measureLoad({ server, names }), take: (names) => proxy.takeLoad({ server, names }) },
    timers,
    random,
    logger,
    meter,
  });
  reporter.start();
  return {
    close() {
      reporter.stop();
      close();
    },
  };
}
