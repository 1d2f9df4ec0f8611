/** Connections of both protocols to one host that is spoken to as its client speaks: each request goes by its own. */
import type { Host } from '@sluice/balancing';
import type { HostPool, PoolClient } from './host-pool.ts';

/** Makes the pool of one protocol; `onEmpty` is called when it is drained and has nothing left. */
export type CreatePool = (onEmpty: () => void) => HostPool;

export class EitherPool implements HostPool {
  readonly host: Host;
  readonly #http1: HostPool;
  readonly #http2: HostPool;

  constructor(host: Host, createHttp1: CreatePool, createHttp2: CreatePool, onEmpty: (pool: HostPool) => void) {
    this.host = host;
    let left = 2;
    const emptied = () => {
      left -= 1;
      if (left === 0) onEmpty(this);
    };
    this.#http1 = createHttp1(once(emptied));
    this.#http2 = createHttp2(once(emptied));
  }

  get connections(): number {
    return this.#http1.connections + this.#http2.connections;
  }

  get connectFailures(): number {
    return this.#http1.connectFailures + this.#http2.connectFailures;
  }

  get isUnused(): boolean {
    return this.#http1.isUnused && this.#http2.isUnused;
  }

  request(client: PoolClient, fresh?: boolean): void {
    (client.comesByHttp2 ? this.#http2 : this.#http1).request(client, fresh);
  }

  cancel(client: PoolClient): void {
    (client.comesByHttp2 ? this.#http2 : this.#http1).cancel(client);
  }

  drain(): void {
    this.#http1.drain();
    this.#http2.drain();
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
