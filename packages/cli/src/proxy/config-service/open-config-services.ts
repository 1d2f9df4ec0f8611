/** Config services as a bootstrap names them, over gRPC, with what they said last kept in a file where that is wished. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { Bootstrap } from '@sluice/resources';
import { createFailoverTransport, loadCodec, openGrpcTransport, type Codec, type ConfigServiceTransport } from '@sluice/xds';
import { CacheFile } from './cache-file.ts';
import { ConfigServices, type OpenTransport } from './config-services.ts';
import { serversOf } from './servers.ts';

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
    openTransport: (clusterNames) => openTransport(clusterNames, codec, options),
  });
}

/** All endpoints of the clusters, in their order, each a server to turn to when the one before does not answer. */
async function openTransport(clusterNames: readonly string[], codec: Codec, { bootstrap, environment = {} }: OpenConfigServicesOptions): Promise<OpenTransport> {
  const servers = serversOf(clusterNames, bootstrap, environment);
  const open: ConfigServiceTransport[] = [];
  for (const { address, tls } of servers) open.push(await openGrpcTransport({ address, codec, waitsForConnection: false, ...(tls ? { tls } : {}) }));
  return { transport: createFailoverTransport(open), close: () => open.forEach((one) => one.close()) };
}
