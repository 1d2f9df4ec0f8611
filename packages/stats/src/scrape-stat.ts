/**
 * Asks one pod, or a Service, what its load is: `GET /metrics` on port 9090, answered by one `Stat`. A connection each time, as
 * Knative does it: who answers through a Service is to be chosen anew.
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/metrics/http_scrape_client.go
 */
import { Buffer } from 'node:buffer';
import { BodyReader, defaultHeadLimits, incomplete, refused, ResponseReader } from '@sluice/http';
import { formatAddress, type Address, type Connection, type Network, type Timers } from '@sluice/kernel';
import { decodeStat, statMediaType } from './stat-codec.ts';
import type { WireStat } from './stat-message.ts';

export interface ScrapeOptions {
  readonly network: Network;
  readonly timers: Timers;
  readonly address: Address;
  /** Sent beside the usual fields, and `host` in place of the address: for pods behind a mesh. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, in ms. Default 3 s, as Knative's client. */
  readonly timeoutMs?: number;
}

export type Scraped =
  | { readonly ok: true; readonly stat: WireStat }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Whether it looks as if a mesh stood in the way: then the pod may be fine, and others will fail as well. */
      readonly mayBeMesh: boolean;
    };

/** Bytes of an answer, at most. Chosen: a `Stat` has about a hundred. */
const bodyBytesMax = 64 * 1024;

/** Never rejects: what went wrong is an answer too. */
export function scrapeStat(options: ScrapeOptions): Promise<Scraped> {
  const { network, timers, address, headers = {}, timeoutMs = 3000 } = options;
  const { promise, resolve } = Promise.withResolvers<Scraped>();
  const timer = timers.after(timeoutMs, () => finish(failure(`no answer within ${timeoutMs / 1000} s`)));
  const answer = new StatAnswer();
  const connection: Connection = network.connect(
    address,
    {
      onOpen: () => {
        const request = Buffer.from(writeRequest(address, headers), 'latin1');
        connection.write(request, 0, request.length);
      },
      onData: (memory, length) => settle(answer.read(memory, length)),
      onDrain: () => {},
      onEnd: () => settle(answer.end()),
      onClose: (error) => finish(failure(error?.message ?? 'closed before the answer was complete')),
    },
    { timeoutMs },
  );

  function settle(scraped: Scraped | undefined): void {
    if (scraped) finish(scraped);
  }

  function finish(scraped: Scraped): void {
    timer.cancel();
    resolve(scraped);
    connection.destroy();
  }

  return promise;
}

function writeRequest(address: Address, headers: Readonly<Record<string, string>>): string {
  const fields = { host: formatAddress(address), accept: statMediaType, 'user-agent': 'Knative-Autoscaler', connection: 'close', ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /metrics HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The answer as it comes. */
class StatAnswer {
  readonly #head = new ResponseReader(defaultHeadLimits);
  readonly #body = new BodyReader(defaultHeadLimits);
  #hasHead = false;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  /** What has come of it, once that is known. */
  read(memory: Buffer, length: number): Scraped | undefined {
    let at = 0;
    if (!this.#hasHead) {
      at = this.#head.read(memory, 0, length);
      if (at === incomplete) return undefined;
      if (at === refused) return failure(`no answer of HTTP: ${this.#head.fault}`);
      const { status, framing, contentLength } = this.#head.head;
      if (status < 200 || status > 299) return { ok: false, reason: `status ${status}`, mayBeMesh: status === 502 || status === 503 };
      this.#hasHead = true;
      this.#body.start(framing, contentLength);
    }
    for (;;) {
      const event = this.#body.next(memory, at, length);
      if (event === 'more') return undefined;
      if (event === 'refused') return failure(`a malformed body: ${this.#body.fault}`);
      if (event === 'end') return this.#decode();
      at = this.#body.position;
      this.#bytes += this.#body.dataEnd - this.#body.dataStart;
      if (this.#bytes > bodyBytesMax) return failure(`more than ${bodyBytesMax} bytes`);
      this.#pieces.push(Buffer.from(memory.subarray(this.#body.dataStart, this.#body.dataEnd)));
    }
  }

  /** The peer sends nothing more: an answer without a length ends so. */
  end(): Scraped {
    return this.#hasHead && this.#body.mayEndHere ? this.#decode() : failure('closed before the answer was complete');
  }

  #decode(): Scraped {
    const type = this.#head.head.get('content-type');
    if (type !== statMediaType) return failure(`content type ${type ?? 'none'} instead of ${statMediaType}`);
    const stat = decodeStat(Buffer.concat(this.#pieces));
    return stat ? { ok: true, stat } : failure('no Stat');
  }
}

function failure(reason: string): Scraped {
  return { ok: false, reason, mayBeMesh: false };
}
