/** Opens what serves a connection that is not for the HTTP connection manager. */
import type { Buffer } from 'node:buffer';
import { HandlerInTurn } from '../turn.ts';
import { DirectResponseConnection } from './direct-response-connection.ts';
import { EchoConnection } from './echo-connection.ts';
import type { NetworkServerConfig } from './network-server-config.ts';
import type { ServerConnection, Serving } from './server-connection.ts';
import { TcpProxyConnection } from './tcp-proxy/tcp-proxy-connection.ts';

/** The caller keeps it, then calls `onData` with what has been read already. */
export function openServer(config: NetworkServerConfig, serving: Serving): ServerConnection {
  const server = create(config, serving);
  serving.connection.handler = new HandlerInTurn(serving.engine.turn, server);
  return server;
}

function create(config: NetworkServerConfig, serving: Serving): ServerConnection {
  switch (config.kind) {
    case 'echo':
      return new EchoConnection(serving);
    case 'direct-response':
      return new DirectResponseConnection(serving, config.response);
    case 'tcp-proxy':
      return new TcpProxyConnection(serving, config);
  }
}

/** Hands over what was read before it was known who serves. */
export function deliver(server: ServerConnection, firstBytes: Buffer | undefined): void {
  if (firstBytes) server.onData(firstBytes, firstBytes.length);
}
