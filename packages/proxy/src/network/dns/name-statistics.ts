/** How questions to name servers go, under Envoy's names for c-ares. Made by the first question: most proxies ask none. */
import type { Counter, Gauge, Meter } from '@sluice/kernel';

/** What servers say when there is nothing of that name or of that kind. */
const nothingCodes = new Set(['ENOTFOUND', 'ENODATA']);

export class NameStatistics {
  readonly #asked: Counter;
  readonly #pending: Gauge;
  readonly #notFound: Counter;
  readonly #timeouts: Counter;
  readonly #failures: Counter;
  #pendingNow = 0;

  constructor(meter: Meter) {
    this.#asked = meter.counter('envoy_dns_cares_resolve_total', 'questions to name servers');
    this.#pending = meter.gauge('envoy_dns_cares_pending_resolutions', 'questions under way');
    this.#notFound = meter.counter('envoy_dns_cares_not_found', 'answers that there is no such name, or nothing of that kind');
    this.#timeouts = meter.counter('envoy_dns_cares_timeout', 'questions that no server has answered in time');
    this.#failures = meter.counter('envoy_dns_cares_get_addr_failure', 'questions that failed in another way');
  }

  onAsked(): void {
    this.#asked.add();
    this.#pending.set((this.#pendingNow += 1));
  }

  /** @param code of the error; undefined for an answer with addresses */
  onAnswered(code: string | undefined): void {
    this.#pending.set((this.#pendingNow -= 1));
    if (code === undefined) return;
    if (isNothing(code)) this.#notFound.add();
    else if (code === 'ETIMEOUT') this.#timeouts.add();
    else this.#failures.add();
  }
}

/** Whether servers have answered, that there is nothing. */
export function isNothing(code: string): boolean {
  return nothingCodes.has(code);
}
