/** Config services as a bootstrap names them, over gRPC, with what they said last kept in a file where that is wished. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { Bootstrap } from '@sluice/resources';
import { loadCodec } from '@sluice/xds';
import { CacheFile } from './cache-file.ts';
import { ConfigServices } from './config-services.ts';
import { openServerTransport } from './open-server-transport.ts';

export interface OpenConfigServicesOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Where what was accepted is kept. Default nowhere. */
  readonly cachePath?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export async function openConfigServices(options: OpenConfigServicesOptions): Promise<ConfigServices> {
  const { bootstrap, logger, meter, timers, cachePath } = options;
  const codec = await loadCodec('proxy');
  const cache = cachePath === undefined ? undefined : new CacheFile({ path: cachePath, node: bootstrap.node.id, timers, logger, meter });
  return new ConfigServices({
    ...options,
    codec,
    restored: (await cache?.read()) ?? {},
    ...(cache ? { onHeld: (read) => cache.write(read) } : {}),
    openTransport: (clusterNames) => openServerTransport(clusterNames, codec, options),
  });
}
