/** Asks an HTTP service whether a request may pass. */
import type { Timers } from '@sluice/kernel';
import type { Pool } from 'undici';

export interface CheckRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CheckAnswer {
  readonly status: number;
  /** Names in lower case; one entry per line. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Chosen: an answer is a page that says no; what is longer is a failure of the service. */
const bodyBytesMax = 1 << 20;

/** Chosen: so many checks run at once, further ones wait within their timeout. */
const connectionsMax = 100;

export class AuthorizationService {
  readonly #origin: string;
  readonly #timeoutMs: number;
  readonly #timers: Timers;
  #pool: Pool | undefined;

  constructor(origin: string, timeoutMs: number, timers: Timers) {
    this.#origin = origin;
    this.#timeoutMs = timeoutMs;
    this.#timers = timers;
  }

  /** @throws when there is no answer in time */
  async check({ method, path, headers }: CheckRequest): Promise<CheckAnswer> {
    const controller = new AbortController();
    const timer = this.#timers.after(this.#timeoutMs, () => controller.abort(new Error(`no answer within ${this.#timeoutMs} ms`)));
    try {
      const pool = await this.#open();
      const answer = await pool.request({ method, path, headers, signal: controller.signal });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > bodyBytesMax) throw new Error(`the answer has more than ${bodyBytesMax} bytes`);
        chunks.push(chunk);
      }
      return { status: answer.statusCode, headers: Object.entries(answer.headers).flatMap(linesOf), body: Buffer.concat(chunks).toString('utf8') };
    } finally {
      timer.cancel();
    }
  }

  close(): void {
    void this.#pool?.destroy();
  }

  /** Loaded by the first check. */
  async #open(): Promise<Pool> {
    if (!this.#pool) {
      const { Pool } = await import('undici');
      this.#pool ??= new Pool(this.#origin, { connections: connectionsMax });
    }
    return this.#pool;
  }
}

function linesOf([name, value]: [string, string | string[] | undefined]): [string, string][] {
  const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return values.map((one) => [name.toLowerCase(), one]);
}
