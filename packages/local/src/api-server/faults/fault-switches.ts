/**
 * Things that go wrong on purpose, for tests of what stands above the server: refusals, slowness, answers that break off at any byte, and
 * silence. A switch that is never set costs nothing.
 */
import type { Timers } from '@sluice/kernel';
import type { ApiServer } from '../api-server.ts';
import type { ApiRequest, ApiResponse, BreakOff } from '../exchange.ts';
import { failure } from '../respond.ts';
import { StatusError, expired } from '../status-error.ts';

export type Fault = { readonly matches?: (request: ApiRequest) => boolean; /** How many requests it meets. Default: all, until it is taken away. */ readonly times?: number } & (
  | { readonly kind: 'refuse'; readonly status: 410 | 429 | 500 | 503; readonly retryAfterSeconds?: number }
  /** The answer waits so long, in ms, before its head comes. Nothing is done before. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The request is carried out, and its answer breaks off or falls silent after so many bytes of the body. */
  | { readonly kind: 'cut' | 'silence'; readonly afterBytes: number }
);

interface SetFault {
  readonly fault: Fault;
  left: number;
}

export class FaultSwitches {
  readonly #faults: SetFault[] = [];
  /** How many requests have met one. */
  #met = 0;

  get met(): number {
    return this.#met;
  }

  /** @returns how to take it away */
  set(fault: Fault): () => void {
    const set = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#faults.push(set);
    return () => {
      const place = this.#faults.indexOf(set);
      if (place >= 0) this.#faults.splice(place, 1);
    };
  }

  /** Takes all away. */
  clear(): void {
    this.#faults.length = 0;
  }

  /** The first one set that this request meets. */
  take(request: ApiRequest): Fault | undefined {
    const found = this.#faults.find(({ fault }) => fault.matches?.(request) ?? true);
    if (!found) return undefined;
    this.#met += 1;
    found.left -= 1;
    if (found.left <= 0) this.#faults.splice(this.#faults.indexOf(found), 1);
    return found.fault;
  }
}

/** The same server behind switches. */
export function withFaults(server: ApiServer, faults: FaultSwitches, timers: Timers): ApiServer {
  return {
    ...server,
    async handle(request) {
      const fault = faults.take(request);
      switch (fault?.kind) {
        case undefined:
          return server.handle(request);
        case 'refuse':
          return failure(refusal(fault.status, fault.retryAfterSeconds));
        case 'slow':
          await new Promise<void>((resolve) => void timers.after(fault.delayMs, resolve));
          return server.handle(request);
        case 'cut':
        case 'silence':
          return breakingOff(await server.handle(request), { how: fault.kind, afterBytes: fault.afterBytes });
      }
    },
  };
}

function breakingOff(answer: ApiResponse, breakOff: BreakOff): ApiResponse {
  return { ...answer, breakOff };
}

function refusal(status: 410 | 429 | 500 | 503, retryAfterSeconds: number | undefined): StatusError {
  const more = retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) }, details: { retryAfterSeconds } };
  switch (status) {
    case 410:
      return expired('too old resource version: 1 (2)');
    case 429:
      return new StatusError(429, 'TooManyRequests', 'the server has received too many requests and has asked us to try again later', more);
    case 500:
      return new StatusError(500, 'InternalError', 'Internal error occurred: a fault was switched on', more);
    case 503:
      return new StatusError(503, 'ServiceUnavailable', 'the server is currently unable to handle the request', more);
  }
}
