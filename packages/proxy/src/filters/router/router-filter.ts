/**
 * `envoy.filters.http.router`: where a chain of filters ends and the upstream begins. The forwarding itself is
 * the stream's (`upstream/upstream-request.ts`); this object stands for the filter's settings.
 */
import { createHeaderLine, type HeaderLine, type RequestHead, type ResponseHead } from '@sluice/http';
import type { HttpFilter } from '../filter.ts';

const serviceTimeName = 'x-envoy-upstream-service-time';
const keptServiceTimesMs = 100;

export interface RouterSettings {
  /** Leaves out the `x-envoy-*` fields that a router adds. Default false. */
  readonly suppressEnvoyHeaders: boolean;
  /** Request headers whose values must be right, or the request is refused with 400. Default none. */
  readonly strictCheckHeaders?: readonly string[];
  /** Takes over how long a router before this one waits. Default false. */
  readonly respectExpectedRqTimeout?: boolean;
}

export class RouterFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.router';
  readonly #settings: RouterSettings;
  /** Lines by timeout: routes have few different ones. */
  readonly #timeoutLines = new Map<number, HeaderLine>();
  /** Lines by whole ms; most responses come within the first hundred. */
  readonly #serviceTimeLines: HeaderLine[] = [];

  constructor(settings: RouterSettings) {
    this.#settings = settings;
  }

  get respectsExpectedTimeout(): boolean {
    return this.#settings.respectExpectedRqTimeout === true;
  }

  checksStrictly(name: string): boolean {
    return this.#settings.strictCheckHeaders?.includes(name) === true;
  }

  /** Tells the upstream how long it has: `x-envoy-expected-rq-timeout-ms`. */
  announceTimeout(head: RequestHead, timeoutMs: number): void {
    if (timeoutMs === 0 || this.#settings.suppressEnvoyHeaders) return;
    let line = this.#timeoutLines.get(timeoutMs);
    if (!line) this.#timeoutLines.set(timeoutMs, (line = createHeaderLine('x-envoy-expected-rq-timeout-ms', String(timeoutMs))));
    head.setLine(line);
  }

  /** Tells the client how long the upstream took: `x-envoy-upstream-service-time`, whole ms. */
  reportServiceTime(head: ResponseHead, elapsedMs: number): void {
    if (this.#settings.suppressEnvoyHeaders) return;
    const wholeMs = Math.max(0, Math.floor(elapsedMs));
    if (wholeMs >= keptServiceTimesMs) head.set(serviceTimeName, String(wholeMs));
    else head.setLine((this.#serviceTimeLines[wholeMs] ??= createHeaderLine(serviceTimeName, String(wholeMs))));
  }
}
