/**
 * `envoy.filters.http.router`: where a chain of filters ends and the upstream begins. The forwarding itself is
 * the stream's (`upstream/upstream-request.ts`); this object stands for the filter's settings.
 */
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { HttpFilter } from '../filter.ts';

export interface RouterSettings {
  /** Leaves out the `x-envoy-*` fields that a router adds. Default false. */
  readonly suppressEnvoyHeaders: boolean;
}

export class RouterFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.router';
  readonly #settings: RouterSettings;

  constructor(settings: RouterSettings) {
    this.#settings = settings;
  }

  /** Tells the upstream how long it has: `x-envoy-expected-rq-timeout-ms`. */
  announceTimeout(head: RequestHead, timeoutMs: number): void {
    if (timeoutMs > 0 && !this.#settings.suppressEnvoyHeaders) head.set('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
  }

  /** Tells the client how long the upstream took: `x-envoy-upstream-service-time`, whole ms. */
  reportServiceTime(head: ResponseHead, elapsedMs: number): void {
    if (!this.#settings.suppressEnvoyHeaders) head.set('x-envoy-upstream-service-time', String(Math.max(0, Math.floor(elapsedMs))));
  }
}
