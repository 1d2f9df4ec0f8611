/** The options of a listener or cluster and the limits of heads, as the machine of one connection takes them. */
import type { HeadLimits, Http2Limits } from '@sluice/http';
import type { Http2Options } from './http2-options.ts';

export function http2LimitsOf(options: Http2Options, head: HeadLimits): Http2Limits {
  const { floods } = options;
  return {
    headerTableBytesMax: options.headerTableBytesMax,
    concurrentStreamsMax: options.concurrentStreamsMax,
    streamWindowBytes: options.streamWindowBytes,
    connectionWindowBytes: options.connectionWindowBytes,
    head,
    allowsConnect: options.allowsConnect,
    ...floods,
  };
}
