/** The buckets of one limit: the one for all requests, and those for requests that a descriptor names. */
import type { RateLimitDescriptor, RateLimitEntry } from '../../rate-limit-rule.ts';
import type { DescriptorLimit } from './local-ratelimit-config.ts';
import { TokenBucket, type TokenBucketSize } from './token-bucket.ts';

export interface BucketSetConfig {
  /** Undefined: requests that no descriptor names are not limited. */
  readonly bucket: TokenBucketSize | undefined;
  readonly descriptors: readonly DescriptorLimit[];
  /** How many values of a descriptor with an open value have a bucket at once; the one that was longest unused goes. */
  readonly dynamicDescriptorsMax: number;
  /** Whether requests that a descriptor names take a token of the common bucket, too. */
  readonly alwaysTakesCommon: boolean;
}

export interface Taking {
  readonly isAllowed: boolean;
  /** The bucket that decided; undefined when none had a say. */
  readonly bucket: TokenBucket | undefined;
}

export class BucketSet {
  readonly #config: BucketSetConfig;
  readonly #common: TokenBucket | undefined;
  /** The answers of the common bucket, made beforehand: most requests get one of them. */
  readonly #allowed: Taking;
  readonly #refused: Taking;
  /** By descriptor, and by its values where these are open. */
  readonly #named: readonly Map<string, TokenBucket>[];
  /** The tightest first: what it refuses costs the others nothing. */
  readonly #order: readonly number[];

  constructor(config: BucketSetConfig, now: number) {
    this.#config = config;
    this.#common = config.bucket && new TokenBucket(config.bucket, now);
    this.#allowed = { isAllowed: true, bucket: this.#common };
    this.#refused = { isAllowed: false, bucket: this.#common };
    this.#named = config.descriptors.map(() => new Map<string, TokenBucket>());
    const ratio = (index: number): number => {
      const { bucket } = config.descriptors[index] as DescriptorLimit;
      return bucket.tokensPerFill / bucket.fillIntervalMs;
    };
    this.#order = config.descriptors.map((_, index) => index).sort((a, b) => ratio(a) - ratio(b));
  }

  isFull(now: number): boolean {
    return (this.#common?.isFull(now) ?? true) && this.#named.every((buckets) => [...buckets.values()].every((bucket) => bucket.isFull(now)));
  }

  take(descriptors: readonly RateLimitDescriptor[], now: number): Taking {
    let first: TokenBucket | undefined;
    if (descriptors.length > 0) {
      for (const index of this.#order) {
        const found = descriptors.find(({ entries }) => matches(this.#config.descriptors[index] as DescriptorLimit, entries));
        if (!found) continue;
        const bucket = this.#bucketOf(index, found, now);
        if (!bucket.take(now, found.hitsAddend)) return { isAllowed: false, bucket };
        first ??= bucket;
      }
    }
    if (this.#common && (!first || this.#config.alwaysTakesCommon) && !this.#common.take(now)) return this.#refused;
    return first ? { isAllowed: true, bucket: first } : this.#allowed;
  }

  #bucketOf(index: number, { entries }: RateLimitDescriptor, now: number): TokenBucket {
    const { bucket: size, isOpen } = this.#config.descriptors[index] as DescriptorLimit;
    const buckets = this.#named[index] as Map<string, TokenBucket>;
    const key = isOpen ? JSON.stringify(entries.map(({ value }) => value)) : '';
    const bucket = buckets.get(key) ?? new TokenBucket(size, now);
    if (!isOpen) {
      buckets.set(key, bucket);
      return bucket;
    }
    // A map remembers in what order things were put into it: who is used goes to the end.
    buckets.delete(key);
    buckets.set(key, bucket);
    for (const oldest of buckets.keys()) {
      if (buckets.size <= this.#config.dynamicDescriptorsMax) break;
      buckets.delete(oldest);
    }
    return bucket;
  }
}

/** The same keys in the same order, and the same values where the limit names one. */
function matches({ entries }: DescriptorLimit, found: readonly RateLimitEntry[]): boolean {
  return entries.length === found.length && entries.every(({ key, value }, index) => found[index]?.key === key && (value === '' || found[index]?.value === value));
}
