/** The active checks of one host: asks, lets the state machine judge, keeps the host's flags, and asks again in its time. */
import { HealthCheckState, type CheckResult, type Host } from '@sluice/balancing';
import type { Sweepable } from '../sweep.ts';
import type { AskerOptions, HostAsker } from './checks/host-asker.ts';
import { openAsker } from './checks/open-asker.ts';
import type { UpstreamContext } from './upstream-context.ts';

export interface HostCheckOwner {
  /** Whether the cluster has ever had a connection. */
  readonly hasTraffic: boolean;
  onCheckBegun(): void;
  /** `changed`: the health of the host is another than before. */
  onChecked(host: Host, result: CheckResult, changed: boolean, reason: string): void;
}

export class HostCheck implements Sweepable {
  deadline: number;
  sweepIndex = -1;
  readonly #host: Host;
  readonly #options: AskerOptions;
  readonly #asker: HostAsker;
  readonly #context: UpstreamContext;
  readonly #owner: HostCheckOwner;
  readonly #state: HealthCheckState;
  #isClosed = false;

  /** @param countsBeforeFirst whether the host counts as ill, and not as unknown, until the first result */
  constructor(host: Host, countsBeforeFirst: boolean, options: AskerOptions, context: UpstreamContext, owner: HostCheckOwner) {
    this.#host = host;
    this.#options = options;
    this.#context = context;
    this.#owner = owner;
    this.#state = new HealthCheckState(options.check, context.random);
    this.#asker = openAsker(host, options, context);
    host.mark('failed_active_hc', true);
    host.mark('pending_active_hc', !countsBeforeFirst);
    this.deadline = context.turn.now() + this.#state.firstDelayMs();
    context.sweep.add(this);
  }

  get isHealthy(): boolean {
    return this.#state.isHealthy;
  }

  get isDegraded(): boolean {
    return this.#state.isHealthy && this.#state.isDegraded;
  }

  get isPending(): boolean {
    return this.#state.isPending;
  }

  onDeadline(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#owner.onCheckBegun();
    this.#asker.ask((result, reason) => this.#onResult(result, reason));
  }

  onCrash(error: unknown): void {
    this.#context.logger.error('health check crashed', { cluster: this.#options.clusterName, host: this.#host.key, error });
  }

  close(): void {
    this.#isClosed = true;
    this.#asker.close();
    this.#context.sweep.remove(this);
  }

  /** In a turn. */
  #onResult(result: CheckResult, reason: string): void {
    if (this.#isClosed) return;
    try {
      const { changed, nextDelayMs } = this.#state.step(result, this.#owner.hasTraffic);
      this.deadline = this.#context.turn.now() + nextDelayMs;
      this.#flagHost(changed);
      this.#owner.onChecked(this.#host, result, changed, reason);
    } catch (error) {
      this.onCrash(error);
    }
  }

  /** The host has said itself that it wants no requests. Whether that is news. */
  excludeNow(): boolean {
    if (!this.#state.failNow()) return false;
    this.#flagHost(true);
    this.#host.mark('excluded_via_immediate_hc_fail', true);
    return true;
  }

  #flagHost(changed: boolean): void {
    const state = this.#state;
    const host = this.#host;
    host.mark('failed_active_hc', !state.isHealthy);
    host.mark('degraded_active_hc', state.isHealthy && state.isDegraded);
    host.mark('active_hc_timeout', !state.isHealthy && state.hasTimedOut);
    host.mark('pending_active_hc', false);
    if (state.isHealthy) host.mark('excluded_via_immediate_hc_fail', false);
    if (changed && state.isHealthy) host.healthySince = this.#context.turn.now();
  }
}
