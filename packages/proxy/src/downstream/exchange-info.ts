/** What is known of an exchange before it has begun: who asks, over which connection, and by which chain. */
import type { Address } from '@sluice/kernel';
import { StreamInfo } from '../stream-info.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { ConnectionManager } from './connection-manager.ts';

/** Times are still to be set. */
export function createExchangeInfo(connectionId: number, connection: ConnectionInfo | undefined, { remote, local }: { readonly remote: Address; readonly local: Address }, manager: ConnectionManager): StreamInfo {
  const info = new StreamInfo(remote, local);
  info.connection = connection;
  if (connection?.tls) info.scheme = 'https';
  info.filterChainName = manager.filterChainName;
  info.connectionId = connectionId;
  return info;
}
