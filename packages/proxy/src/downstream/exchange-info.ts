/** What is known of an exchange before it has begun: who asks, over which connection, and by which chain. */
import type { Address } from '@sluice/kernel';
import { StreamInfo } from '../stream-info.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';

/** Times are still to be set. */
export function createExchangeInfo(connectionId: number, connection: ConnectionInfo | undefined, ends: { readonly remote: Address; readonly local: Address }, manager: ConnectionManager): StreamInfo {
  const info = new StreamInfo(ends);
  // The line may be written when the client has gone, and then nobody knows any more.
  if (manager.config.accessLogs.length > 0) void info.downstreamLocal;
  info.connection = connection;
  if (connection?.tls) info.scheme = 'https';
  info.filterChainName = manager.filterChainName;
  info.connectionId = connectionId;
  return info;
}
