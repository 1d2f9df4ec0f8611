/** The numbers of one listener under Envoy's names, before anybody knows what its connections speak. */
import type { Counter, Meter } from '@sluice/kernel';

export class ListenerStatistics {
  readonly connectionsTotal: Counter;
  readonly connectionsDestroyed: Counter;
  readonly overflows: Counter;
  readonly globalOverflows: Counter;
  readonly overloadRejects: Counter;
  readonly preconnectTimeouts: Counter;
  readonly noChain: Counter;
  readonly remoteCloses: Counter;
  readonly filterErrors: Counter;
  readonly secureTimeouts: Counter;
  /** Ours: Envoy only logs it. */
  readonly acceptErrors: Counter;
  /** Its listener is gone, and its numbers with it. */
  readonly remove: () => void;
  /** Read when somebody looks. */
  connectionsActive = 0;
  /** Connections at which listener filters still look. */
  inspecting = 0;

  /** @param listener `stat_prefix` or the address */
  constructor(meter: Meter, listener: string) {
    const labels = { envoy_listener_address: listener };
    this.remove = () => meter.remove(labels);
    const counter = (name: string, help: string) => meter.counter(`envoy_listener_${name}`, help, labels);
    this.connectionsTotal = counter('downstream_cx_total', 'connections accepted');
    this.connectionsDestroyed = counter('downstream_cx_destroy', 'connections that have ended');
    this.overflows = counter('downstream_cx_overflow', 'connections refused at the limit of the listener');
    this.globalOverflows = counter('downstream_global_cx_overflow', 'connections refused at the limit of the process');
    this.overloadRejects = counter('downstream_cx_overload_reject', 'connections refused because the process is overloaded');
    this.preconnectTimeouts = counter('downstream_pre_cx_timeout', 'connections that listener filters could not judge in time');
    this.noChain = counter('no_filter_chain_match', 'connections that no filter chain matches');
    this.remoteCloses = counter('downstream_listener_filter_remote_close', 'connections that ended while listener filters looked');
    this.filterErrors = counter('downstream_listener_filter_error', 'connections that a listener filter refused');
    this.secureTimeouts = counter('downstream_cx_transport_socket_connect_timeout', 'connections whose transport socket was not ready in time');
    this.acceptErrors = counter('downstream_cx_accept_error', 'connections that could not be accepted: no descriptor was left');
    meter.observedGauge('envoy_listener_downstream_cx_active', 'open connections', () => this.connectionsActive, labels);
    meter.observedGauge('envoy_listener_downstream_pre_cx_active', 'connections at which listener filters look', () => this.inspecting, labels);
  }
}
