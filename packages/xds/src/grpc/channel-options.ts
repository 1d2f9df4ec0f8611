/** Settings both ends share. */
import type { ChannelOptions } from '@grpc/grpc-js';

/** How a peer that has vanished without a word is found out: by pings, whether or not anything is under way. */
export interface KeepAlive {
  /** How long nothing may come before a ping, in ms. Default 30 000, as Kourier's proxies have it. */
  readonly intervalMs?: number;
  /** How long its answer may take, in ms. Default 5 000. */
  readonly timeoutMs?: number;
}

export function keepAliveOptions({ intervalMs = 30_000, timeoutMs = 5_000 }: KeepAlive = {}): ChannelOptions {
  return { 'grpc.keepalive_time_ms': intervalMs, 'grpc.keepalive_timeout_ms': timeoutMs, 'grpc.keepalive_permit_without_calls': 1 };
}

export const sharedChannelOptions: ChannelOptions = {
  // A full response of all clusters passes gRPC's default of 4 MiB; the default for sending has no limit.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // Channelz keeps a record of every stream for a debugging service we do not offer.
  'grpc.enable_channelz': 0,
};
