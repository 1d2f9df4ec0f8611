/**
 * Buckets for each downstream connection. Nobody says when a connection is gone; but a bucket that is full again is
 * as good as a new one, so full ones are thrown away whenever the number has doubled.
 */
import { BucketSet, type BucketSetConfig } from './bucket-set.ts';

/** Chosen: fewer are not worth a look. */
const sweepAtMin = 256;

export class ConnectionBuckets {
  readonly #config: BucketSetConfig;
  readonly #buckets = new Map<number, BucketSet>();
  #sweepAt = sweepAtMin;

  constructor(config: BucketSetConfig) {
    this.#config = config;
  }

  /** How many are remembered. */
  get count(): number {
    return this.#buckets.size;
  }

  of(connectionId: number, now: number): BucketSet {
    let bucket = this.#buckets.get(connectionId);
    if (!bucket) {
      if (this.#buckets.size >= this.#sweepAt) this.#sweep(now);
      bucket = new BucketSet(this.#config, now);
      this.#buckets.set(connectionId, bucket);
    }
    return bucket;
  }

  #sweep(now: number): void {
    for (const [connectionId, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(connectionId);
    this.#sweepAt = Math.max(sweepAtMin, this.#buckets.size * 2);
  }
}
