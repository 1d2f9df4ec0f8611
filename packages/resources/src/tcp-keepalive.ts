/** `envoy.config.core.v3.TcpKeepalive`: how the system finds out that a silent peer has gone. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface TcpKeepalive {
  /** Silence before the first probe, in ms. 0, the default, leaves it to the system. */
  readonly timeMs: number;
}

export function readTcpKeepalive(json: unknown, scope: Scope): TcpKeepalive | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const timeMs = reader.uint32('keepalive_time', 0) * 1000;
  // Node sets only the time; how often and how many probes is the system's.
  reader.ignore(['keepalive_probes', 'keepalive_interval']);
  reader.done();
  return { timeMs };
}
