/** Where keys come from: the configuration, or a service behind a cluster that is asked now and then. */
import { RequestHead } from '@sluice/http';
import type { Counter } from '@sluice/kernel';
import type { AsyncResult } from '../../upstream/async-client.ts';
import type { FilterContext } from '../filter.ts';
import type { JwtKeysConfig, RemoteKeysConfig } from './jwt-keys-config.ts';
import { parseKeySet, type KeySet } from './key-set.ts';

/** @throws when there are none */
export type KeySource = () => Promise<KeySet>;

export interface KeyFetchCounters {
  readonly succeeded: Counter;
  readonly failed: Counter;
}

/** `path` is that of the provider. */
export function createKeySource(config: JwtKeysConfig, path: string, context: FilterContext, counters: KeyFetchCounters): KeySource {
  if (config.kind === 'remote') {
    const remote = new RemoteKeys(config, context, counters);
    return () => remote.keys();
  }
  const fail = (message: string): void => context.patterns.error(`${path}.local_jwks`, message);
  let keySet: KeySet | undefined;
  try {
    keySet = parseKeySet(context.sources.read(config.source));
    if (!keySet) fail('is no JSON Web Key Set: must be an object with a list of keys');
  } catch (error) {
    fail(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const found = keySet ?? { keys: [] };
  return async () => found;
}

/** How long before its keys are too old somebody who refreshes them in time begins. Envoy's. */
const refreshAheadMs = 5_000;

class RemoteKeys {
  readonly #config: RemoteKeysConfig;
  readonly #context: FilterContext;
  readonly #counters: KeyFetchCounters;
  #keySet: KeySet | undefined;
  #validUntil = 0;
  /** Requests that come while keys are being fetched wait for the same answer. */
  #fetching: Promise<KeySet> | undefined;
  #nextRefreshAt = 0;

  constructor(config: RemoteKeysConfig, context: FilterContext, counters: KeyFetchCounters) {
    this.#config = config;
    this.#context = context;
    this.#counters = counters;
  }

  keys(): Promise<KeySet> {
    const now = this.#context.clock.now();
    if (!this.#keySet || (now >= this.#validUntil && this.#config.failedRefetchMs === undefined)) return this.#fetch();
    // Old keys serve until there are new ones; who would wait for them need not.
    if (this.#config.failedRefetchMs !== undefined && now >= this.#nextRefreshAt) void this.#fetch().catch(() => {});
    return Promise.resolve(this.#keySet);
  }

  #fetch(): Promise<KeySet> {
    this.#fetching ??= this.#fetchOnce().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetchOnce(): Promise<KeySet> {
    const { clock } = this.#context;
    const { retriesMax, failedRefetchMs = 0, cacheMs } = this.#config;
    this.#nextRefreshAt = Infinity;
    let failure = '';
    for (let attempt = 0; attempt <= retriesMax; attempt += 1) {
      if (attempt > 0) await this.#pause(attempt);
      const answer = await this.#ask();
      const keySet = answer.kind === 'answered' && answer.head.status === 200 ? parseKeySet(answer.body.toString('utf8')) : undefined;
      if (keySet) {
        this.#counters.succeeded.add();
        this.#keySet = keySet;
        this.#validUntil = clock.now() + cacheMs;
        this.#nextRefreshAt = clock.now() + Math.max(cacheMs - refreshAheadMs, cacheMs / 2);
        return keySet;
      }
      this.#counters.failed.add();
      failure = answer.kind === 'answered' ? `status ${answer.head.status}, or no JSON Web Key Set` : answer.reason;
    }
    this.#nextRefreshAt = clock.now() + failedRefetchMs;
    this.#context.logger.warn('keys not fetched', { cluster: this.#config.server.clusterName, reason: failure });
    throw new Error(failure);
  }

  #ask(): Promise<AsyncResult> {
    const { promise, resolve } = Promise.withResolvers<AsyncResult>();
    const { authority, path, clusterName, timeoutMs } = this.#config.server;
    this.#context.upstreams.send({ clusterName, head: RequestHead.of('GET', authority, path), timeoutMs }, resolve);
    return promise;
  }

  /** Doubling, up to a limit, at random below it. */
  #pause(attempt: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { retryIntervalMs, retryIntervalMsMax } = this.#config;
    const bound = Math.min(retryIntervalMs * 2 ** (attempt - 1), retryIntervalMsMax);
    this.#context.timers.after(bound * (0.5 + this.#context.random.next() / 2), resolve);
    return promise;
  }
}
