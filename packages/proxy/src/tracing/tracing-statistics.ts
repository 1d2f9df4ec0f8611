/** Why requests were traced, and how many were not: `http.<stat_prefix>.tracing.*`. */
import type { Counter, Meter } from '@sluice/kernel';
import { MetricScope } from '../metric-scope.ts';
import type { TraceReason } from './trace-decision.ts';

export class TracingStatistics {
  readonly healthChecks: Counter;
  readonly #scope: MetricScope;
  readonly #byReason: Readonly<Record<TraceReason, Counter>>;

  constructor(meter: Meter, statPrefix: string) {
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const scope = new MetricScope(meter, labels);
    this.#scope = scope;
    const counter = (name: string, help: string) => scope.counter(`envoy_http_tracing_${name}`, help, labels);
    this.#byReason = {
      none: counter('not_traceable', 'requests that were not traced'),
      sampled: counter('random_sampling', 'requests traced by chance, or because their caller traced them'),
      'service-forced': counter('service_forced', 'requests traced because a service of ours wished it'),
      'client-forced': counter('client_enabled', 'requests traced because their client wished it'),
    };
    this.healthChecks = counter('health_check', 'requests that would have been traced, had they not asked for health only');
  }

  /** No connection manager counts here any more. */
  remove(): void {
    this.#scope.close();
  }

  count(reason: TraceReason): void {
    this.#byReason[reason].add();
  }
}
