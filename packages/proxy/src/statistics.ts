/**
 * The numbers of the data path under Envoy's names, with Envoy's tags as labels. Children are taken when a
 * listener or cluster is made, so that counting in a request is an addition.
 */
import type { HostSet, SubsetListener } from '@sluice/balancing';
import type { Counter, Histogram, LabelValues, Meter } from '@sluice/kernel';
import { CodecStatistics } from './codec-statistics.ts';
import { ConnectionStatistics } from './downstream/connection-statistics.ts';
import { ListenerStatistics } from './downstream/listener-statistics.ts';
import { TcpStatistics } from './network-filters/tcp-proxy/tcp-statistics.ts';
import { Http2Statistics } from './http2-statistics.ts';
import { MetricScope } from './metric-scope.ts';
import { outcomes, type Outcome } from './outcome.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { isCountedIn, RoutedStatistics } from './routed-statistics.ts';
import { statPrefixesOf } from './stat-prefixes.ts';
import type { StreamInfo } from './stream-info.ts';
import { TracingStatistics } from './tracing/tracing-statistics.ts';
import { timeBoundsMs } from './time-bounds.ts';
import type { CircuitBreaker } from './upstream/circuit-breaker.ts';
import { BreakerStatistics, type RoutePriority } from './upstream/breaker-statistics.ts';
import { DiscoveryStatistics } from './upstream/dns/discovery-statistics.ts';
import { ZoneStatistics } from './upstream/local-zone.ts';
import { SubsetStatistics } from './upstream/subset-statistics.ts';
import { HealthCheckStatistics, OutlierStatistics } from './upstream/health-statistics.ts';
import { RetryStatistics } from './upstream/retry-statistics.ts';

/** Counters of status classes: index 1 to 5. */
export type ClassCounters = readonly (Counter | undefined)[];

function classCounters(meter: Meter, name: string, help: string, labels: LabelValues): ClassCounters {
  return [undefined, ...['1', '2', '3', '4', '5'].map((digit) => meter.counter(name, help, { ...labels, envoy_response_code_class: digit }))];
}

/** What an outcome adds to, by its name; one map for a scope, filled at start. */
function outcomeCounters(meter: Meter, prefix: string, labels: LabelValues, wants: (outcome: Outcome) => boolean): ReadonlyMap<string, Counter> {
  const counters = new Map<string, Counter>();
  for (const outcome of Object.values(outcomes)) {
    if (outcome.counter === '' || !wants(outcome) || counters.has(outcome.counter)) continue;
    counters.set(outcome.counter, meter.counter(`${prefix}${outcome.counter}`, 'streams that ended this way', labels));
  }
  return counters;
}

/** Of one connection manager, by `stat_prefix`. */
export class DownstreamStatistics {
  readonly connectionsTotal: Counter;
  readonly connections: ConnectionStatistics;
  readonly requestsTotal: Counter;
  readonly http1Requests: Counter;
  readonly routedRequests: Counter;
  readonly http2Requests: Counter;
  readonly requestsCompleted: Counter;
  readonly requestTime: Histogram;
  readonly byClass: ClassCounters;
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  readonly idleTimeouts: Counter;
  readonly upgrades: Counter;
  readonly drainCloses: Counter;
  readonly requestLimits: Counter;
  readonly durationLimits: Counter;
  readonly prematureResets: Counter;
  readonly readingPaused: Counter;
  readonly readingResumed: Counter;
  readonly delayedCloseTimeouts: Counter;
  /** Read when somebody looks. */
  connectionsActive = 0;
  requestsActive = 0;
  upgradesActive = 0;
  readonly #scope: MetricScope;
  readonly #ends: ReadonlyMap<string, Counter>;
  readonly #http1: CodecStatistics;
  readonly #http2: CodecStatistics;

  constructor(meter: Meter, statPrefix: string) {
    this.#http1 = new CodecStatistics(meter, 'http1');
    this.#http2 = new CodecStatistics(meter, 'http2');
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const scope = new MetricScope(meter, labels);
    this.#scope = scope;
    const counter = (name: string, help: string) => scope.counter(`envoy_http_${name}`, help, labels);
    this.connectionsTotal = counter('downstream_cx_total', 'connections accepted');
    this.connections = new ConnectionStatistics(scope, labels);
    this.requestsTotal = counter('downstream_rq_total', 'requests begun');
    this.routedRequests = counter('rq_total', 'requests that came to the router');
    this.http1Requests = counter('downstream_rq_http1_total', 'requests begun in HTTP/1');
    this.http2Requests = counter('downstream_rq_http2_total', 'requests begun in HTTP/2');
    this.requestsCompleted = counter('downstream_rq_completed', 'requests that got a response');
    this.bytesReceived = counter('downstream_cx_rx_bytes_total', 'bytes read from clients');
    this.bytesSent = counter('downstream_cx_tx_bytes_total', 'bytes written to clients');
    this.idleTimeouts = counter('downstream_cx_idle_timeout', 'connections closed because nothing happened on them');
    this.requestLimits = counter('downstream_cx_max_requests_reached', 'connections whose client was asked to leave after as many requests as it may send');
    this.durationLimits = counter('downstream_cx_max_duration_reached', 'connections whose client was asked to leave after as long as it may stay');
    this.prematureResets = counter('downstream_rq_too_many_premature_resets', 'connections ended because too many of their streams ended before they were answered');
    this.readingPaused = counter('downstream_flow_control_paused_reading_total', 'times that a body was left with its client, because the upstream had not taken what came before');
    this.readingResumed = counter('downstream_flow_control_resumed_reading_total', 'times that reading it went on');
    this.delayedCloseTimeouts = counter('downstream_cx_delayed_close_timeout', 'connections whose client did not end its side in time');
    this.upgrades = counter('downstream_cx_upgrades_total', 'requests that became tunnels');
    this.drainCloses = counter('downstream_cx_drain_close', 'connections whose client was asked to leave because of a drain');
    this.byClass = classCounters(scope, 'envoy_http_downstream_rq_xx', 'responses by status class', labels);
    this.requestTime = scope.histogram('envoy_http_downstream_rq_time', 'time of a whole exchange, in ms', timeBoundsMs, labels);
    scope.observedGauge('envoy_http_downstream_cx_active', 'open connections', () => this.connectionsActive, labels);
    scope.observedGauge('envoy_http_downstream_cx_upgrades_active', 'tunnels that are open', () => this.upgradesActive, labels);
    scope.observedGauge('envoy_http_downstream_rq_active', 'requests under way', () => this.requestsActive, labels);
    this.#ends = outcomeCounters(scope, 'envoy_http_', labels, ({ counter: name }) => !name.startsWith('upstream_'));
  }

  /** Whether something under way counts here. */
  get isInUse(): boolean {
    return this.connectionsActive + this.requestsActive > 0;
  }

  /** No connection manager counts here any more. */
  remove(): void {
    this.#scope.close();
  }

  /** Of the protocol in which a stream came; the numbers are those of all listeners. */
  codecOf({ protocol }: StreamInfo): CodecStatistics {
    return protocol === 'HTTP/2' ? this.#http2 : this.#http1;
  }

  countEnd(outcome: Outcome): void {
    if (outcome.counter !== '') this.#ends.get(outcome.counter)?.add();
  }
}

/** Of one cluster, by its name for statistics. */
export class UpstreamStatistics {
  readonly connectionsTotal: Counter;
  readonly http1Connections: Counter;
  readonly http2Connections: Counter;
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  readonly connectionsReusedMax: Counter;
  readonly connectionOverflows: Counter;
  readonly connectAttemptsExceeded: Counter;
  readonly poolOverflows: Counter;
  readonly connectTime: Histogram;
  readonly connectionLength: Histogram;
  readonly pendingEjected: Counter;
  readonly #destroyed: Counter;
  readonly #destroyedHere: Counter;
  readonly #destroyedThere: Counter;
  readonly #destroyedWithRequest: Counter;
  readonly idleCloses: Counter;
  readonly idleRetirements: Counter;
  readonly durationsReached: Counter;
  readonly idleTimeouts: Counter;
  readonly unaskedBytes: Counter;
  readonly requestsTotal: Counter;
  readonly requestsCompleted: Counter;
  readonly requestsPendingTotal: Counter;
  readonly requestsCancelled: Counter;
  readonly requestsReset: Counter;
  readonly races: Counter;
  readonly retries: Counter;
  readonly retrySuccesses: Counter;
  readonly backedUp: Counter;
  readonly drained: Counter;
  readonly readingPaused: Counter;
  readonly readingResumed: Counter;
  readonly requestTime: Histogram;
  readonly byClass: ClassCounters;
  connectionsActive = 0;
  requestsActive = 0;
  requestsPending = 0;
  /** Picks that ignored health, because too few hosts are healthy. */
  readonly panics: Counter;
  /** Times that hosts came or went. */
  readonly membershipChanges: Counter;
  hosts = 0;
  hostsHealthy = 0;
  hostsDegraded = 0;
  hostsExcluded = 0;
  readonly #labels: LabelValues;
  readonly #meter: Meter;
  readonly #ends: ReadonlyMap<string, Counter>;
  readonly #breakers = new Map<RoutePriority, BreakerStatistics>();
  readonly #byStatus: (Counter | undefined)[] = [];
  #retrying: RetryStatistics | undefined;
  #http2: Http2Statistics | undefined;

  constructor(meter: Meter, clusterName: string) {
    const labels = { envoy_cluster_name: clusterName };
    this.#meter = meter;
    this.#labels = labels;
    const counter = (name: string, help: string) => meter.counter(`envoy_cluster_${name}`, help, labels);
    const gauge = (name: string, help: string, read: () => number) => meter.observedGauge(`envoy_cluster_${name}`, help, read, labels);
    this.connectionsTotal = counter('upstream_cx_total', 'connections begun');
    this.http1Connections = counter('upstream_cx_http1_total', 'connections begun in HTTP/1');
    this.http2Connections = counter('upstream_cx_http2_total', 'connections begun in HTTP/2');
    this.bytesReceived = counter('upstream_cx_rx_bytes_total', 'bytes read from hosts');
    this.bytesSent = counter('upstream_cx_tx_bytes_total', 'bytes written to hosts');
    this.connectionsReusedMax = counter('upstream_cx_max_requests', 'connections closed because they had served their number of requests');
    this.connectionOverflows = counter('upstream_cx_overflow', 'connections not made because of the limit');
    this.connectAttemptsExceeded = counter('upstream_cx_connect_attempts_exceeded', 'connections given up after the last host that may be tried');
    this.poolOverflows = counter('upstream_cx_pool_overflow', 'requests refused because there may be no more connection pools');
    this.connectTime = meter.histogram('envoy_cluster_upstream_cx_connect_ms', 'time to connect, in ms', timeBoundsMs, labels);
    this.connectionLength = meter.histogram('envoy_cluster_upstream_cx_length_ms', 'how long connections lasted, in ms', timeBoundsMs, labels);
    this.idleTimeouts = counter('upstream_cx_idle_timeout', 'connections closed because nobody used them');
    this.pendingEjected = counter('upstream_rq_pending_failure_eject', 'requests that waited for a connection which failed');
    this.#destroyed = counter('upstream_cx_destroy', 'connections that have ended');
    this.#destroyedHere = counter('upstream_cx_destroy_local', 'connections that we ended');
    this.#destroyedThere = counter('upstream_cx_destroy_remote', 'connections that the host ended');
    this.#destroyedWithRequest = counter('upstream_cx_destroy_local_with_active_rq', 'connections that we ended with a request under way');
    this.idleCloses = counter('upstream_cx_idle_close', 'connections that the host closed while they rested or as a request came');
    this.idleRetirements = counter('upstream_cx_idle_retired', 'connections closed before the host would have done it');
    this.durationsReached = counter('upstream_cx_max_duration_reached', 'connections closed for their age');
    this.unaskedBytes = counter('upstream_cx_unasked_bytes', 'connections closed because the upstream sent what nobody asked for');
    this.requestsTotal = counter('upstream_rq_total', 'requests given to a connection');
    this.requestsCompleted = counter('upstream_rq_completed', 'requests that were answered');
    this.requestsPendingTotal = counter('upstream_rq_pending_total', 'requests that waited for a connection');
    this.requestsCancelled = counter('upstream_rq_cancelled', 'requests given up before a connection was there');
    this.requestsReset = counter('upstream_rq_tx_reset', 'requests that we gave up on a connection');
    this.backedUp = counter('upstream_flow_control_backed_up_total', 'times that a host did not take more of a request, so that its client was not read from');
    this.drained = counter('upstream_flow_control_drained_total', 'times that it took more again');
    this.readingPaused = counter('upstream_flow_control_paused_reading_total', 'times that a body was left with its host, because the client had not taken what came before');
    this.readingResumed = counter('upstream_flow_control_resumed_reading_total', 'times that reading it went on');
    this.races = counter('upstream_rq_keepalive_race', 'requests sent again because their connection had closed under them');
    this.retries = counter('upstream_rq_retry', 'second tries');
    this.retrySuccesses = counter('upstream_rq_retry_success', 'second tries that were answered');
    this.byClass = classCounters(meter, 'envoy_cluster_upstream_rq_xx', 'responses by status class', labels);
    this.requestTime = meter.histogram('envoy_cluster_upstream_rq_time', 'time from the request head to the end of the response, in ms', timeBoundsMs, labels);
    gauge('upstream_cx_active', 'open connections', () => this.connectionsActive);
    gauge('upstream_rq_active', 'requests on a connection', () => this.requestsActive);
    gauge('upstream_rq_pending_active', 'requests that wait for a connection', () => this.requestsPending);
    gauge('membership_total', 'hosts', () => this.hosts);
    gauge('membership_healthy', 'hosts that may be used', () => this.hostsHealthy);
    gauge('membership_degraded', 'hosts that are used when the healthy ones do not suffice', () => this.hostsDegraded);
    gauge('membership_excluded', 'hosts of which nothing is known yet', () => this.hostsExcluded);
    this.membershipChanges = counter('membership_change', 'times that hosts came or went');
    this.panics = counter('lb_healthy_panic', 'picks that ignored health because too few hosts were healthy');
    this.#ends = outcomeCounters(meter, 'envoy_cluster_', labels, ({ counter: name }) => name.startsWith('upstream_'));
  }

  countEnd(outcome: Outcome): void {
    if (outcome.counter !== '') this.#ends.get(outcome.counter)?.add();
  }

  countHosts({ hosts, priorities }: HostSet): void {
    this.hosts = hosts.length;
    this.hostsHealthy = priorities.reduce((sum, { healthy }) => sum + healthy.length, 0);
    this.hostsDegraded = priorities.reduce((sum, { degraded }) => sum + degraded.length, 0);
    this.hostsExcluded = priorities.reduce((sum, { excludedCount }) => sum + excludedCount, 0);
  }

  countDestroyed(byHost: boolean, withRequest: boolean): void {
    this.#destroyed.add();
    (byHost ? this.#destroyedThere : this.#destroyedHere).add();
    if (withRequest) this.#destroyedWithRequest.add();
  }

  /** A final response; those that lead to another try are counted in `retrying()`. */
  countResponse(status: number): void {
    this.byClass[(status / 100) | 0]?.add();
    (this.#byStatus[status] ??= this.#statusCounter(status)).add();
  }

  #statusCounter(status: number): Counter {
    return this.#meter.counter('envoy_cluster_upstream_rq', 'responses by status', { ...this.#labels, envoy_response_code: String(status) });
  }

  /** For streams that may be tried more than once. */
  retrying(): RetryStatistics {
    return (this.#retrying ??= new RetryStatistics(this.#meter, this.#labels));
  }

  /** Shows this breaker in place of the one before it: what is in force. */
  watchBreaker(priority: RoutePriority, breaker: CircuitBreaker): void {
    const known = this.#breakers.get(priority);
    if (known) known.watch(breaker);
    else this.#breakers.set(priority, new BreakerStatistics(this.#meter, this.#labels, priority, breaker));
  }

  /** For clusters whose requests say where they go. */
  invalidDestinations(): Counter {
    return this.#meter.counter('envoy_cluster_original_dst_host_invalid', 'requests that said in vain where they go', this.#labels);
  }

  /** For clusters that turn some requests away. */
  dropped(): Counter {
    return this.#meter.counter('envoy_cluster_upstream_rq_drop_overload', 'requests turned away because the control plane wants it', this.#labels);
  }

  /** Of its connections that speak HTTP/2; made with the first. */
  get http2(): Http2Statistics {
    return (this.#http2 ??= new Http2Statistics(this.#meter, 'envoy_cluster_', this.#labels));
  }

  /** For clusters whose requests go by zone. */
  zones(): ZoneStatistics {
    return new ZoneStatistics(this.#meter, this.#labels);
  }

  /** For clusters with subsets. */
  subsets(): SubsetListener {
    return new SubsetStatistics(this.#meter, this.#labels);
  }

  /** For clusters whose names are resolved. */
  discovery(): DiscoveryStatistics {
    return new DiscoveryStatistics(this.#meter, this.#labels);
  }

  /** For clusters that eject outliers. */
  outliers(): OutlierStatistics {
    return new OutlierStatistics(this.#meter, this.#labels);
  }

  /** For clusters whose hosts are asked how they are. */
  healthChecks(): HealthCheckStatistics {
    return new HealthCheckStatistics(this.#meter, this.#labels);
  }

  /** The cluster is gone, and its numbers with it. */
  remove(): void {
    this.#meter.remove(this.#labels);
  }
}

/**
 * The statistics in use, by name: parts that are made anew with a configuration go on counting where the old
 * ones were.
 */
export class Statistics {
  readonly #meter: Meter;
  readonly #current: () => ProxyConfig | undefined;
  readonly #listeners = new Map<string, ListenerStatistics>();
  readonly #tcp = new Map<string, TcpStatistics>();
  readonly #downstream = new Map<string, DownstreamStatistics>();
  readonly #upstream = new Map<string, UpstreamStatistics>();
  readonly #tracing = new Map<string, TracingStatistics>();
  #http2: Http2Statistics | undefined;
  #routed: RoutedStatistics | undefined;

  /** @param current the configuration in force; default none */
  constructor(meter: Meter, current: () => ProxyConfig | undefined = () => undefined) {
    this.#meter = meter;
    this.#current = current;
  }

  /** `listener` is a listener's `stat_prefix`, or its address. */
  listener(listener: string): ListenerStatistics {
    let found = this.#listeners.get(listener);
    if (!found) this.#listeners.set(listener, (found = new ListenerStatistics(this.#meter, listener)));
    return found;
  }

  /** No listener has these numbers any more. */
  forgetListener(statistics: ListenerStatistics): void {
    statistics.remove();
    for (const [name, known] of this.#listeners) if (known === statistics) this.#listeners.delete(name);
  }

  /** Of TCP proxies with this `stat_prefix`. */
  tcp(statPrefix: string): TcpStatistics {
    let found = this.#tcp.get(statPrefix);
    if (!found) this.#tcp.set(statPrefix, (found = new TcpStatistics(this.#meter, statPrefix)));
    return found;
  }

  /** Of all clients that speak HTTP/2; made with the first. */
  get http2(): Http2Statistics {
    return (this.#http2 ??= new Http2Statistics(this.#meter, 'envoy_'));
  }

  /** Of virtual clusters and routes with a `stat_prefix`; made with the first. */
  get routed(): RoutedStatistics {
    return (this.#routed ??= new RoutedStatistics(this.#meter, (virtualHost, name) => {
      const config = this.#current();
      return config !== undefined && isCountedIn(config, virtualHost, name);
    }));
  }

  /** Another configuration is in force, or what was left of one before has gone: numbers of what is in neither go. */
  forgetGone(): void {
    this.#routed?.forgetGone();
    const config = this.#current();
    if (!config) return;
    const { http, tcp } = statPrefixesOf(config);
    for (const [prefix, statistics] of this.#downstream) {
      if (http.has(prefix) || statistics.isInUse) continue;
      statistics.remove();
      this.#downstream.delete(prefix);
      this.#tracing.get(prefix)?.remove();
      this.#tracing.delete(prefix);
    }
    for (const [prefix, statistics] of this.#tcp) {
      if (tcp.has(prefix) || statistics.connectionsActive > 0) continue;
      statistics.remove();
      this.#tcp.delete(prefix);
    }
  }

  downstream(statPrefix: string): DownstreamStatistics {
    let found = this.#downstream.get(statPrefix);
    if (!found) this.#downstream.set(statPrefix, (found = new DownstreamStatistics(this.#meter, statPrefix)));
    return found;
  }

  /** Of connection managers that trace. */
  tracing(statPrefix: string): TracingStatistics {
    let found = this.#tracing.get(statPrefix);
    if (!found) this.#tracing.set(statPrefix, (found = new TracingStatistics(this.#meter, statPrefix)));
    return found;
  }

  upstream(clusterName: string): UpstreamStatistics {
    let found = this.#upstream.get(clusterName);
    if (!found) this.#upstream.set(clusterName, (found = new UpstreamStatistics(this.#meter, clusterName)));
    return found;
  }

  /** No cluster of this name is configured any more. */
  forgetUpstream(clusterName: string): void {
    this.#upstream.get(clusterName)?.remove();
    this.#upstream.delete(clusterName);
  }
}
