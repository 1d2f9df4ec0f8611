/** What serves a connection at the end of its chain, where that is not the HTTP connection manager. */
import type { Buffer } from 'node:buffer';
import type { AccessLogConfig } from '../access-log/access-log-config.ts';
import type { TcpTarget } from './tcp-proxy/tcp-route.ts';

export type NetworkServerConfig =
  /** Sends what came back to where it came from. */
  | { readonly kind: 'echo' }
  /** Sends this, then closes. */
  | { readonly kind: 'direct-response'; readonly response: Buffer }
  | ({ readonly kind: 'tcp-proxy' } & TcpProxySettings);

/** Times in ms; 0 is never. */
export interface TcpProxySettings {
  readonly statPrefix: string;
  readonly targets: readonly TcpTarget[];
  readonly idleTimeoutMs: number;
  readonly durationMaxMs: number;
  readonly connectAttemptsMax: number;
  readonly hashesSourceIp: boolean;
  readonly accessLogs: readonly AccessLogConfig[];
}
