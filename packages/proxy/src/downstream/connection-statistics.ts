/** How HTTP connections of one connection manager come and go, under Envoy's names. Counted per connection, not per request. */
import type { Counter, Histogram, LabelValues, Meter } from '@sluice/kernel';
import { timeBoundsMs } from '../time-bounds.ts';

/** Connections of a kind: all that ever were, and those that are. */
class Kind {
  readonly #total: Counter;
  #active = 0;

  constructor(meter: Meter, kind: string, help: string, labels: LabelValues) {
    this.#total = meter.counter(`envoy_http_downstream_cx_${kind}_total`, `connections ${help}`, labels);
    meter.observedGauge(`envoy_http_downstream_cx_${kind}_active`, `open connections ${help}`, () => this.#active, labels);
  }

  opened(): void {
    this.#total.add();
    this.#active += 1;
  }

  closed(): void {
    this.#active -= 1;
  }
}

export class ConnectionStatistics {
  /** Once it is known that they do not begin with the preface of HTTP/2. */
  readonly http1: Kind;
  readonly http2: Kind;
  readonly secured: Kind;
  readonly #destroyed: Counter;
  readonly #destroyedHere: Counter;
  readonly #destroyedThere: Counter;
  readonly #destroyedWithRequest: Counter;
  readonly #destroyedHereWithRequest: Counter;
  readonly #length: Histogram;

  constructor(meter: Meter, labels: LabelValues) {
    const counter = (name: string, help: string) => meter.counter(`envoy_http_downstream_cx_${name}`, help, labels);
    this.http1 = new Kind(meter, 'http1', 'that speak HTTP/1', labels);
    this.http2 = new Kind(meter, 'http2', 'that speak HTTP/2', labels);
    this.secured = new Kind(meter, 'ssl', 'over TLS', labels);
    this.#destroyed = counter('destroy', 'connections that have ended');
    this.#destroyedHere = counter('destroy_local', 'connections that we ended');
    this.#destroyedThere = counter('destroy_remote', 'connections that the client ended');
    this.#destroyedWithRequest = counter('destroy_active_rq', 'connections that ended with a request under way');
    this.#destroyedHereWithRequest = counter('destroy_local_active_rq', 'connections that we ended with a request under way');
    this.#length = meter.histogram('envoy_http_downstream_cx_length_ms', 'how long connections lasted, in ms', timeBoundsMs, labels);
  }

  countDestroyed(byUs: boolean, withRequest: boolean, lengthMs: number): void {
    this.#destroyed.add();
    (byUs ? this.#destroyedHere : this.#destroyedThere).add();
    if (withRequest) this.#destroyedWithRequest.add();
    if (withRequest && byUs) this.#destroyedHereWithRequest.add();
    this.#length.observe(lengthMs);
  }
}
