/** What Envoy counts per protocol of the wire, over all listeners: `http1.dropped_headers_with_underscores`, `http2.…`. */
import type { Counter, Meter } from '@sluice/kernel';

export class CodecStatistics {
  readonly underscoreRejections: Counter;
  readonly underscoreDrops: Counter;

  constructor(meter: Meter, protocol: 'http1' | 'http2') {
    const counter = (name: string, help: string) => meter.counter(`envoy_${protocol}_${name}`, help);
    this.underscoreRejections = counter('requests_rejected_with_underscores_in_headers', 'requests refused because a header name has an underscore');
    this.underscoreDrops = counter('dropped_headers_with_underscores', 'headers dropped because their name has an underscore');
  }
}
