/** The numbers of outlier detection and active checks of one cluster, under Envoy's names. Made when it is configured. */
import type { OutlierCause } from '@sluice/balancing';
import type { Counter, Gauge, LabelValues, Meter } from '@sluice/kernel';

const causes: readonly OutlierCause[] = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
  'success_rate',
  'local_origin_success_rate',
  'failure_percentage',
  'local_origin_failure_percentage',
];

export class OutlierStatistics {
  readonly ejected: Gauge;
  readonly enforcedTotal: Counter;
  readonly overflows: Counter;
  readonly detected: Readonly<Record<OutlierCause, Counter>>;
  readonly enforced: Readonly<Record<OutlierCause, Counter>>;

  constructor(meter: Meter, labels: LabelValues) {
    const name = (rest: string) => `envoy_cluster_outlier_detection_ejections_${rest}`;
    const byCause = (kind: string, help: string) =>
      Object.fromEntries(causes.map((cause) => [cause, meter.counter(name(`${kind}_${cause}`), help, labels)])) as Record<OutlierCause, Counter>;
    this.ejected = meter.gauge(name('active'), 'hosts that are ejected', labels);
    this.enforcedTotal = meter.counter(name('enforced_total'), 'ejections', labels);
    this.overflows = meter.counter(name('overflow'), 'ejections not done because too many hosts were ejected', labels);
    this.detected = byCause('detected', 'times that hosts were found to be outliers');
    this.enforced = byCause('enforced', 'ejections for this cause');
  }
}

export class HealthCheckStatistics {
  readonly attempts: Counter;
  readonly successes: Counter;
  readonly failures: Counter;
  readonly networkFailures: Counter;
  readonly passiveFailures: Counter;
  readonly healthy: Gauge;
  readonly degraded: Gauge;

  constructor(meter: Meter, labels: LabelValues) {
    const counter = (rest: string, help: string) => meter.counter(`envoy_cluster_health_check_${rest}`, help, labels);
    this.attempts = counter('attempt', 'checks begun');
    this.successes = counter('success', 'checks that found the host well');
    this.failures = counter('failure', 'checks that did not');
    this.networkFailures = counter('network_failure', 'checks that had no answer');
    this.passiveFailures = counter('passive_failure', 'responses by which a host said that it wants no requests');
    this.healthy = meter.gauge('envoy_cluster_health_check_healthy', 'hosts that active checks find well', labels);
    this.degraded = meter.gauge('envoy_cluster_health_check_degraded', 'hosts that active checks find well, but not at their best', labels);
  }
}
