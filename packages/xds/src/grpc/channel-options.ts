/** Settings both ends share. */
import type { ChannelOptions } from '@grpc/grpc-js';

export const sharedChannelOptions: ChannelOptions = {
  // A full response of all clusters passes gRPC's default of 4 MiB; the default for sending has no limit.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // A peer that has vanished without a word is noticed within 35 s. Kourier's proxies ping as often.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  // Channelz keeps a record of every stream for a debugging service we do not offer.
  'grpc.enable_channelz': 0,
};
