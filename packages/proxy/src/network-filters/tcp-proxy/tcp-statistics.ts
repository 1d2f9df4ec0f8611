/** The numbers of TCP proxies with one `stat_prefix`, under Envoy's names. */
import type { Counter, Meter } from '@sluice/kernel';
import { MetricScope } from '../../metric-scope.ts';

export class TcpStatistics {
  readonly connectionsTotal: Counter;
  readonly noRoute: Counter;
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  readonly idleTimeouts: Counter;
  readonly durationTimeouts: Counter;
  /** Read when somebody looks. */
  connectionsActive = 0;
  readonly #scope: MetricScope;

  constructor(meter: Meter, statPrefix: string) {
    const labels = { envoy_tcp_prefix: statPrefix };
    const scope = new MetricScope(meter, labels);
    this.#scope = scope;
    const counter = (name: string, help: string) => scope.counter(`envoy_tcp_${name}`, help, labels);
    this.connectionsTotal = counter('downstream_cx_total', 'connections handled');
    this.noRoute = counter('downstream_cx_no_route', 'connections for which there is no cluster');
    this.bytesReceived = counter('downstream_cx_rx_bytes_total', 'bytes read from clients');
    this.bytesSent = counter('downstream_cx_tx_bytes_total', 'bytes written to clients');
    this.idleTimeouts = counter('idle_timeout', 'connections closed because nothing happened on them');
    this.durationTimeouts = counter('max_downstream_connection_duration', 'connections closed because they have lasted long enough');
    scope.observedGauge('envoy_tcp_downstream_cx_active', 'open connections', () => this.connectionsActive, labels);
  }

  /** No TCP proxy counts here any more. */
  remove(): void {
    this.#scope.close();
  }
}
