/**
 * The way to gRPC. The library is loaded when one of these is first called, so that a process can begin to serve
 * before it pays for that.
 */
import type { JsonObject } from '../codec/json.ts';
import type { ConfigServiceTransport } from '../transport.ts';
import type { FetchClientStatusOptions } from './client-status.ts';
import type { GrpcTransportOptions } from './client.ts';
import type { GrpcServer, GrpcServerOptions } from './server.ts';

/** Streams to the config service at an address. */
export async function openGrpcTransport(options: GrpcTransportOptions): Promise<ConfigServiceTransport> {
  const { createGrpcTransport } = await import('./client.ts');
  return createGrpcTransport(options);
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
