/** A way to the servers of static clusters, over gRPC. */
import type { Bootstrap } from '@sluice/resources';
import { createFailoverTransport, openGrpcTransport, type Codec, type ConfigServiceTransport } from '@sluice/xds';
import type { OpenTransport } from './config-services.ts';
import { serversOf } from './servers.ts';

export interface ServerTransportOptions {
  readonly bootstrap: Bootstrap;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** All endpoints of the clusters, in their order, each a server to turn to when the one before does not answer. @throws when they lead nowhere */
export async function openServerTransport(clusterNames: readonly string[], codec: Codec, { bootstrap, environment = {} }: ServerTransportOptions): Promise<OpenTransport> {
  const servers = serversOf(clusterNames, bootstrap, environment);
  const open: ConfigServiceTransport[] = [];
  for (const { address, tls } of servers) open.push(await openGrpcTransport({ address, codec, waitsForConnection: false, ...(tls ? { tls } : {}) }));
  return { transport: createFailoverTransport(open), close: () => open.forEach((one) => one.close()) };
}
