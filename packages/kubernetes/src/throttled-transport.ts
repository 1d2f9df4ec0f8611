/**
 * A transport that does not ask faster than it may: a token bucket in front, as client-go's (`QPS` and `Burst`), and patience when the
 * server says 429. A server that shares its time fairly (API Priority and Fairness) refuses before anything was done, so the same
 * request may go again once the time it asked for is over.
 */
import type { Clock, Timers } from '@sluice/kernel';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

export interface ThrottledTransportOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Default 50, which is what controllers ask for that own many objects; client-go's is 5. */
  readonly requestsPerSecond?: number;
  /** How many may go at once after a quiet time. Default 100. */
  readonly burst?: number;
  /** How often a request that is answered with 429 goes again. Default 10, as client-go. */
  readonly retriesMax?: number;
  /** Called when a request has to wait, with the reason and for how long, in ms: whoever is slow should be able to say why. */
  readonly onWait?: (reason: 'own-limit' | 'server', waitMs: number) => void;
}

/** When the server does not say how long to wait. In ms. */
const retryAfterDefaultMs = 1_000;

export class ThrottledTransport implements Transport {
  readonly #options: ThrottledTransportOptions;
  readonly #requestsPerSecond: number;
  readonly #burst: number;
  /** When the bucket would be full, in ms on the clock. Further ahead means emptier; beyond one burst means: wait. */
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor(options: ThrottledTransportOptions) {
    this.#options = options;
    this.#requestsPerSecond = options.requestsPerSecond ?? 50;
    this.#burst = options.burst ?? 100;
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const { transport, retriesMax = 10, onWait } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const ownMs = this.#reserve();
      if (ownMs > 0) {
        onWait?.('own-limit', ownMs);
        await this.#wait(ownMs, request.signal);
      }
      const response = await transport.send(request);
      if (response.status !== 429 || attempt >= retriesMax) return response;
      const serverMs = retryAfterMs(response);
      await drain(response);
      onWait?.('server', serverMs);
      await this.#wait(serverMs, request.signal);
    }
  }

  async close(): Promise<void> {
    await this.#options.transport.close?.();
  }

  /** Takes one token, which may be one of the future. @returns how long until it is there, in ms */
  #reserve(): number {
    const now = this.#options.clock.now();
    const perTokenMs = 1000 / this.#requestsPerSecond;
    this.#fullAt = Math.max(this.#fullAt, now) + perTokenMs;
    return Math.max(0, this.#fullAt - this.#burst * perTokenMs - now);
  }

  #wait(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const onAbort = () => {
        timer.cancel();
        if (signal) reject(reasonOf(signal));
      };
      const timer = this.#options.timers.after(waitMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function retryAfterMs(response: ApiResponse): number {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : retryAfterDefaultMs;
}

/** The connection is free again only when the refusal has been read. */
async function drain(response: ApiResponse): Promise<void> {
  for await (const _bytes of response.body);
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
