/**
 * The way to gRPC. The library is loaded when one of these is first called, so that a process can begin to serve
 * before it pays for that.
 */
import type { Checked, ClientTlsSettings } from '@sluice/kernel';
import type { JsonObject } from '../codec/json.ts';
import type { ConfigServiceTransport } from '../transport.ts';
import type { ChannelTlsOptions } from './channel-tls.ts';
import type { FetchClientStatusOptions } from './client-status.ts';
import type { GrpcTls, GrpcTransportOptions } from './client.ts';
import type { GrpcServer, GrpcServerOptions } from './server.ts';

export interface OpenChannelTlsOptions extends Omit<ChannelTlsOptions, 'settings'> {
  readonly settings: ClientTlsSettings | undefined;
}

/** Streams to the config service at an address. */
export async function openGrpcTransport(options: GrpcTransportOptions): Promise<ConfigServiceTransport> {
  const { createGrpcTransport } = await import('./client.ts');
  return createGrpcTransport(options);
}

/** How a channel is secured by these settings, with files read anew for each stream; undefined where there are none. */
export async function openChannelTls({ settings, ...options }: OpenChannelTlsOptions): Promise<Checked<(() => GrpcTls) | undefined>> {
  if (!settings) return { ok: true, value: undefined, problems: [] };
  const { createChannelTls } = await import('./channel-tls.ts');
  return createChannelTls({ settings, ...options });
}

/** Listens for proxies and autoscalers. */
export async function openGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { startGrpcServer } = await import('./server.ts');
  return startGrpcServer(options);
}

/** Who is connected to a config service and has accepted what. Rejects with code `client-status-failed`. */
export async function fetchClientStatus(options: FetchClientStatusOptions): Promise<JsonObject> {
  const { fetchClientStatusOverGrpc } = await import('./client-status.ts');
  return fetchClientStatusOverGrpc(options);
}
