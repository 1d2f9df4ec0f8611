/**
 * One name, looked up again and again.
 *
 *     asking → resting → asking …
 *
 * What was found last stays until something else is found: a name server that is down, or one that has just started
 * and knows nothing yet, takes no hosts away.
 */
import type { NameAnswer, NameLookup, ResolvedAddress, Timer } from '@sluice/kernel';
import type { DnsSettings } from '@sluice/resources';
import type { UpstreamContext } from '../upstream-context.ts';
import type { DiscoveryStatistics } from './discovery-statistics.ts';

export interface NameWatchOwner {
  /** Called in a turn. `changed`: the addresses are others than before. Each call means that the name was answered, or has failed. */
  onAnswer(changed: boolean): void;
}

/**
 * How long requests may wait for a first answer that does not come, in ms. As Envoy's default for resources that are
 * awaited (`initial_fetch_timeout`).
 */
const firstAnswerMaxMs = 15_000;

export class NameWatch {
  readonly name: string;
  /** What the name stands for; empty while nothing was found. */
  addresses: readonly string[] = [];
  /** Whether it has been answered, or was waited for in vain. */
  isSettled = false;
  readonly #settings: DnsSettings;
  readonly #isOrdered: boolean;
  readonly #context: UpstreamContext;
  readonly #statistics: DiscoveryStatistics;
  readonly #owner: NameWatchOwner;
  #lookup: NameLookup | undefined;
  #timer: Timer | undefined;
  #patience: Timer | undefined;
  /** In a row. */
  #failures = 0;

  /** @param isOrdered whether other addresses in front are a change, because the first is the one that is used */
  constructor(name: string, settings: DnsSettings, isOrdered: boolean, context: UpstreamContext, statistics: DiscoveryStatistics, owner: NameWatchOwner) {
    this.name = name;
    this.#settings = settings;
    this.#isOrdered = isOrdered;
    this.#context = context;
    this.#statistics = statistics;
    this.#owner = owner;
    this.#patience = context.timers.after(firstAnswerMaxMs, () => this.#inTurn(() => this.#settle(false)));
    this.#ask();
  }

  close(): void {
    this.#lookup?.cancel();
    this.#timer?.cancel();
    this.#patience?.cancel();
  }

  #ask(): void {
    this.#statistics.attempts.add();
    const { lookupFamily, resolver } = this.#settings;
    this.#lookup = this.#context.resolver.resolve({ name: this.name, family: lookupFamily, settings: resolver }, (answer) =>
      this.#inTurn(() => this.#onAnswer(answer)),
    );
  }

  #onAnswer(answer: NameAnswer): void {
    this.#timer = this.#context.timers.after(this.#pauseMs(answer), () => this.#ask());
    switch (answer.kind) {
      case 'addresses':
        this.#statistics.successes.add();
        return this.#settle(this.#take(answer.addresses));
      case 'empty':
        this.#statistics.successes.add();
        this.#statistics.empties.add();
        return this.#settle(false);
      case 'failed':
        this.#statistics.failures.add();
        this.#context.logger.debug('name not resolved', { name: this.name, reason: answer.reason });
        return this.#settle(false);
    }
  }

  /** Servers turn the order of their records from answer to answer; where all are used, that alone is no change. */
  #take(found: readonly ResolvedAddress[]): boolean {
    const hosts = [...new Set(found.map(({ host }) => host))];
    const known = new Set(this.addresses);
    const isSame = hosts.length === known.size && hosts.every((host) => known.has(host));
    if (isSame && (!this.#isOrdered || hosts[0] === this.addresses[0])) {
      this.#statistics.unchanged.add();
      return false;
    }
    this.addresses = hosts;
    return true;
  }

  #settle(changed: boolean): void {
    this.#patience?.cancel();
    this.isSettled = true;
    this.#owner.onAnswer(changed);
  }

  #pauseMs(answer: NameAnswer): number {
    const { refreshRateMs, failureRefresh, respectsTtl, jitterMs } = this.#settings;
    const { random } = this.#context;
    if (answer.kind === 'failed') {
      if (!failureRefresh) return refreshRateMs;
      const pauseMs = Math.min(failureRefresh.baseMs * 2 ** this.#failures, failureRefresh.maxMs);
      this.#failures += 1;
      // Between a half and the whole, so that proxies that have failed together do not ask together.
      return pauseMs * (0.5 + random.next() / 2);
    }
    this.#failures = 0;
    const ttlMs = respectsTtl && answer.kind === 'addresses' ? Math.min(...answer.addresses.map((address) => address.ttlMs)) : 0;
    // A time to live of 0, or for ever (a hosts file), says nothing about when to ask again.
    const pauseMs = ttlMs > 0 && ttlMs !== Number.POSITIVE_INFINITY ? ttlMs : refreshRateMs;
    return pauseMs + random.next() * jitterMs;
  }

  #inTurn(work: () => void): void {
    const { turn } = this.#context;
    turn.enter();
    try {
      work();
    } catch (error) {
      this.#context.logger.error('name resolution crashed', { name: this.name, error });
    } finally {
      turn.leave();
    }
  }
}
