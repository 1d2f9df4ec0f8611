/** What `net.connect` and `tls.connect` want to know of a socket, out of what a connection asks for. */
import type { ConnectOptions } from '@sluice/kernel';

export interface NodeSocketOptions {
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly keepAlive?: boolean;
  readonly keepAliveInitialDelay?: number;
}

const nothing: NodeSocketOptions = {};

export function socketOptionsOf({ localAddress, keepaliveMs }: ConnectOptions): NodeSocketOptions {
  if (!localAddress && keepaliveMs === undefined) return nothing;
  return {
    ...(localAddress && { localAddress: localAddress.host }),
    ...(localAddress && localAddress.port > 0 && { localPort: localAddress.port }),
    ...(keepaliveMs !== undefined && { keepAlive: true, keepAliveInitialDelay: keepaliveMs }),
  };
}
