/**
 * A cluster at work: its hosts, who is picked next, and a pool of connections per host. It lives as long as its
 * cluster resource is the same; new endpoints are taken over in place, and pools of hosts that stay live on.
 */
import {
  arrangeHosts,
  changeHosts,
  createLoadBalancer,
  emptyHostSet,
  keyOf,
  refreshHosts,
  type Endpoint,
  type Host,
  type HostSet,
  type LoadBalancer,
  type PickContext,
  type PickResult,
  type ZoneRouting,
} from '@sluice/balancing';
import type { ResponseHead } from '@sluice/http';
import type { Address, Network } from '@sluice/kernel';
import { defaultUpstreamSocketOptions, serverKeyOf, type UpstreamSocketOptions } from '@sluice/resources';
import { endpointsOf, policyOf, preferredHealthOf, subsetsOf } from '../config/balancing-input.ts';
import type { ClusterConfig } from '../proxy-config.ts';
import type { ClusterStatus, HostStatus } from '../proxy-options.ts';
import type { UpstreamStatistics } from '../statistics.ts';
import { AggregateChoice } from './aggregate-choice.ts';
import { ClusterHealth } from './cluster-health.ts';
import type { ClusterLoad } from './cluster-load.ts';
import { ClusterLoadMeter } from './cluster-load-meter.ts';
import { ClusterNetwork } from './cluster-network.ts';
import { DnsDiscovery } from './dns/dns-discovery.ts';
import type { CircuitBreaker, CircuitLimits } from './circuit-breaker.ts';
import type { HostPool } from './host-pool.ts';
import { createHostPool, serverNameOf } from './host-pools.ts';
import { LoadReports } from './load-reports.ts';
import { LoadStreams } from './load-streams.ts';
import { OriginalDstHosts } from './original-dst-hosts.ts';
import { prefacedContext } from './prefaced-network.ts';
import { PriorityPools } from './priority-pools.ts';
import type { ProxiedFor } from './proxy-preambles.ts';
import { ReportedMetrics } from './reported-metrics.ts';
import { securedContext } from './secured-network.ts';
import { TunnelPool } from './tunnel-pool.ts';
import { withNetwork, type UpstreamContext } from './upstream-context.ts';

/** A request that came before the cluster knew any endpoint. */
export interface HostWaiter {
  onHosts(): void;
}

export class ClusterRuntime {
  readonly name: string;
  readonly statistics: UpstreamStatistics;
  /** What is observed of hosts; undefined where nothing asks for it. */
  readonly health: ClusterHealth | undefined;
  /** Listens to what hosts report of their load with their responses, where the policy goes by that, or reports pass it on. */
  readonly loadReports: LoadReports | undefined;
  /** Says where requests go, in place of `pick`, where they say so themselves. */
  readonly originalDst: OriginalDstHosts | undefined;
  /** Says by which other cluster requests go, where this is made of others. */
  readonly aggregate: AggregateChoice | undefined;
  /** Asks hosts for reports apart from requests, where the policy wants them so. */
  readonly #loadStreams: LoadStreams | undefined;
  #config: ClusterConfig;
  readonly #context: UpstreamContext;
  readonly #network: ClusterNetwork;
  readonly #balancer: LoadBalancer;
  /** Where reports of its load go (`serverKeyOf`); empty where it does not say. */
  readonly loadServer: string;
  readonly #reportedMetrics: ReportedMetrics | undefined;
  /** Made by the first who wants to know its load. */
  #load: ClusterLoadMeter | undefined;
  readonly #healthWatchers = new Map<Host, Set<() => void>>();
  #stopWatchingZone: () => void = () => {};
  /** Where endpoints come from, when not with the configuration. */
  readonly #discovery: DnsDiscovery | undefined;
  /** As last told. The balancer gets them when enough is known of them. */
  #hosts: HostSet = emptyHostSet;
  /** As their source has last described them. */
  #endpoints: readonly Endpoint[] = [];
  /** They are known, but there is nothing yet to speak to them with. */
  #isHeldBack = false;
  /** It is not configured any more. */
  #isGone = false;
  /** For routes of the usual priority. */
  readonly #pools: PriorityPools;
  /** For those of `priority: HIGH`; made by the first. */
  #highPools: PriorityPools | undefined;
  /** Who waits for the first endpoints. */
  readonly #waiting = new Map<HostWaiter, CircuitBreaker>();

  constructor(config: ClusterConfig, context: UpstreamContext) {
    this.name = config.name;
    this.#config = config;
    this.#network = new ClusterNetwork(context.network, context.timers, this.#socketOptions(context.localAddress));
    this.#context = withNetwork(context, this.#network);
    this.statistics = context.statistics.upstream(config.resource.statName);
    this.#pools = this.#createPools(config);
    this.statistics.watchBreaker('default', this.#pools.breaker);
    const { commonLb } = config.resource;
    const policy = policyOf(config.resource);
    const weights = policy.kind === 'reported-weights' ? policy.weights : undefined;
    const reportPeriodMs = reportPeriodOf(config);
    const { loadServer, loadMetricNames } = config.resource;
    this.loadServer = loadServer ? serverKeyOf(loadServer) : '';
    this.#reportedMetrics = loadMetricNames && new ReportedMetrics(loadMetricNames);
    const weightsInBand = reportPeriodMs === undefined ? weights : undefined;
    this.loadReports = weightsInBand || this.#reportedMetrics ? new LoadReports(weightsInBand, this.#reportedMetrics, context.turn) : undefined;
    this.#loadStreams =
      weights && reportPeriodMs !== undefined
        ? new LoadStreams(config, reportPeriodMs, (host, report) => weights.observe(host, report, context.turn.now()), this.#context)
        : undefined;
    this.#balancer = createLoadBalancer(policy, {
      random: context.random,
      now: () => context.turn.now(),
      panicThresholdRatio: commonLb.panicThresholdRatio,
      failsInPanic: commonLb.failTrafficOnPanic,
      weightsLocalities: commonLb.weightsLocalities,
      zones: this.#zoneRouting(),
      preferredHealth: preferredHealthOf(commonLb),
      onPanic: () => this.statistics.panics.add(),
      ...(config.resource.subsets && { subsets: subsetsOf(config.resource.subsets), onSubsets: this.statistics.subsets() }),
    });
    this.health = ClusterHealth.open(config, this.#context, this.statistics, (hosts) => this.#onHealthChange(hosts));
    this.originalDst = this.#openOriginalDst();
    this.aggregate = this.#openAggregate();
    this.#discovery = this.#openDiscovery();
    if (this.#discovery) this.#discovery.start();
    else this.#takeAssignment();
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  /** Whether its requests are more than one plain try each, whatever their routes say. */
  get asksForTries(): boolean {
    return this.#config.retry !== undefined || this.#config.mirrors !== undefined || (this.#config.streamDurationMaxMs ?? 0) > 0;
  }

  /** Same cluster resource, possibly other endpoints. */
  update(config: ClusterConfig): void {
    const changed = config.assignmentVersion !== this.#config.assignmentVersion;
    this.#config = config;
    if (changed) this.#takeAssignment();
    else if (this.#isHeldBack) this.#publishHosts();
  }

  /** What requests of a priority use of this cluster, and count against. */
  poolsFor(isHighPriority: boolean): PriorityPools {
    if (!isHighPriority) return this.#pools;
    if (!this.#highPools) {
      this.#highPools = this.#createPools(this.#config.highPriority);
      this.statistics.watchBreaker('high', this.#highPools.breaker);
    }
    return this.#highPools;
  }

  /** Whether the control plane wants this request turned away; asked once for each, and counted. */
  dropsOne(): boolean {
    const categories = this.#config.assignment?.dropOverloads;
    if (!categories) return false;
    const dropped = categories.find(({ ratio }) => this.#context.random.next() < ratio);
    if (!dropped) return false;
    this.statistics.dropped().add();
    this.#load?.countDropped(dropped.category);
    return true;
  }

  /** A request was refused because of a limit, before a host was asked. */
  countOverflow(): void {
    this.#load?.countOverflow();
  }

  /** Begins to note what goes through it, where that has not begun. */
  measureLoad(): void {
    this.#load ??= new ClusterLoadMeter(this.#hosts.hosts, this.#reportedMetrics, this.#context.turn.now());
  }

  /** Nobody wants to know any more. */
  endLoad(): void {
    this.#load = undefined;
  }

  /** What has gone through it since the last time; undefined when there is nothing to say, or nothing was noted. */
  takeLoad(): ClusterLoad | undefined {
    const { discovery } = this.#config.resource;
    const serviceName = discovery.kind === 'EDS' && discovery.serviceName !== this.name ? discovery.serviceName : undefined;
    return this.#load?.take(this.name, serviceName, this.#hosts.hosts, this.#context.turn.now());
  }

  /**
   * Calls when the host falls ill, where connections that are no requests are to end then. Gives what ends that; undefined
   * where nothing is to end.
   */
  watchHealth(host: Host, onIll: () => void): (() => void) | undefined {
    if (!this.#config.resource.closesConnectionsOnHealthFailure) return undefined;
    const watchers = this.#healthWatchers.get(host) ?? new Set();
    this.#healthWatchers.set(host, watchers.add(onIll));
    return () => {
      watchers.delete(onIll);
      if (watchers.size === 0) this.#healthWatchers.delete(host);
    };
  }

  /** What the head of a response says of its host. */
  observeHead(host: Host, head: ResponseHead): void {
    this.health?.observeHead(host, head);
    this.loadReports?.observe(host, head);
  }

  /** Connects to a host of this cluster as its configuration says, for those who need a connection and no pool. */
  networkFor(host: Host, client: ProxiedFor): Network {
    const { transports } = this.#config;
    if (!transports) return this.#network;
    const preambles = transports.preamblesOf(host);
    const context = preambles ? prefacedContext(this.#context, preambles.of(client)) : this.#context;
    const tls = transports.of(host);
    if (!tls) return context.network;
    return securedContext(context, tls, { serverName: serverNameOf(host, tls), checksServerName: false, alpnProtocols: [] }).network;
  }

  /** For one tunnel whose bytes go to `host` as they are. */
  openTunnelPool(host: Host, breaker: CircuitBreaker, client: ProxiedFor): TunnelPool {
    const context = withNetwork(this.#context, this.networkFor(host, client));
    return new TunnelPool({ host, connectTimeoutMs: this.#config.connectTimeoutMs, context, statistics: this.statistics, breaker });
  }

  pick(context: PickContext): PickResult {
    return this.#balancer.picker.pick(context);
  }

  /** Calls back once the first endpoints have come. False when too many wait already. */
  waitForHosts(waiter: HostWaiter, breaker: CircuitBreaker): boolean {
    if (!breaker.allowsPending) return false;
    this.#waiting.set(waiter, breaker);
    breaker.pending += 1;
    this.statistics.requestsPending += 1;
    return true;
  }

  stopWaiting(waiter: HostWaiter): void {
    // Each request that ends says so, and hardly ever does one wait.
    if (this.#waiting.size === 0) return;
    const breaker = this.#waiting.get(waiter);
    if (!breaker) return;
    this.#waiting.delete(waiter);
    breaker.pending -= 1;
    this.statistics.requestsPending -= 1;
  }

  #createPools(limits: CircuitLimits): PriorityPools {
    return new PriorityPools(limits, (host, breaker, onEmpty) => this.#createPool(host, breaker, onEmpty), (pool) => this.#onNewPool(pool));
  }

  /** A request is tried again where it was going, though that has gone: it leaves no connection behind that nobody would use. */
  #onNewPool(pool: HostPool): void {
    if (this.#isGone || this.#hosts.byKey.get(pool.host.key) !== pool.host) this.#context.turn.after(() => pool.drain());
  }

  #createPool(host: Host, breaker: CircuitBreaker, onEmpty: (pool: HostPool) => void): HostPool {
    return createHostPool({ host, config: this.#config, context: this.#context, statistics: this.statistics, breaker }, onEmpty);
  }

  /** No longer configured: finishes what it has. */
  drain(): void {
    this.#isGone = true;
    this.#discovery?.close();
    this.#loadStreams?.close();
    this.originalDst?.close();
    this.#stopWatchingZone();
    this.health?.close();
    for (const pools of this.#allPools) pools.drainAll();
  }

  status(): ClusterStatus {
    const hosts = this.#hosts.hosts.map((host): HostStatus => {
      const pools = this.#allPools.flatMap((ofPriority) => ofPriority.known(host) ?? []);
      return {
        address: host.addressText,
        healthy: host.health === 'healthy',
        healthFlags: host.healthFlags,
        weight: host.weight,
        activeRequests: host.activeRequests,
        requestsSucceeded: host.requestsSucceeded,
        requestsFailed: host.requestsFailed,
        activeConnections: pools.reduce((sum, { connections }) => sum + connections, 0),
        requests: host.pickedTotal,
        connectFailures: pools.reduce((sum, { connectFailures }) => sum + connectFailures, 0),
      };
    });
    const { requestsActive, requestsPending, connectionsActive } = this.statistics;
    return { name: this.name, hosts, activeRequests: requestsActive, pendingRequests: requestsPending, connections: connectionsActive };
  }

  /** The hosts that requests are balanced among: empty as long as nobody knows them. */
  get hostSet(): HostSet {
    return this.#balancer.hosts;
  }

  #socketOptions(localAddress: Address | undefined): UpstreamSocketOptions {
    const { sockets = defaultUpstreamSocketOptions } = this.#config.resource;
    return sockets.localAddress ? sockets : { ...sockets, localAddress };
  }

  /** Zones count for every cluster but the one that this proxy is of itself. */
  #zoneRouting(): ZoneRouting | undefined {
    const { localZone } = this.#context;
    const { zones, weightsLocalities } = this.#config.resource.commonLb;
    if (!localZone || !zones || weightsLocalities || localZone.clusterName === this.name) return undefined;
    this.#stopWatchingZone = localZone.watch(() => this.#publishHosts());
    return localZone.routingFor(zones, this.statistics.zones());
  }

  #openOriginalDst(): OriginalDstHosts | undefined {
    const { discovery } = this.#config.resource;
    if (discovery.kind !== 'ORIGINAL_DST') return undefined;
    return new OriginalDstHosts(
      {
        settings: discovery,
        invalidHosts: this.statistics.invalidDestinations(),
        onHosts: (hosts) => this.#adoptHosts(hosts),
        onForgotten: (hosts) => hosts.forEach((host) => this.#retirePool(host)),
      },
      this.#context,
    );
  }

  #openAggregate(): AggregateChoice | undefined {
    const { discovery, commonLb } = this.#config.resource;
    if (discovery.kind !== 'AGGREGATE') return undefined;
    return new AggregateChoice(discovery.clusters, { overprovisioningPercent: 140, panicThresholdRatio: commonLb.panicThresholdRatio }, this.#context.random);
  }

  /** Hosts that are not balanced among, but watched and shown like others. */
  #adoptHosts(hosts: readonly Host[]): void {
    this.#hosts = arrangeHosts(hosts);
    this.health?.setHosts(hosts);
    this.statistics.countHosts(this.#hosts);
    this.statistics.membershipChanges.add();
  }

  #openDiscovery(): DnsDiscovery | undefined {
    const { discovery } = this.#config.resource;
    if (discovery.kind !== 'STRICT_DNS' && discovery.kind !== 'LOGICAL_DNS') return undefined;
    const endpoints = endpointsOf(discovery.assignment);
    const options = { endpoints, isLogical: discovery.kind === 'LOGICAL_DNS', settings: discovery.dns, statistics: this.statistics.discovery() };
    return new DnsDiscovery({ ...options, onEndpoints: (found) => this.#takeEndpoints(found) }, this.#context);
  }

  #takeAssignment(): void {
    const { assignment } = this.#config;
    if (assignment) this.#takeEndpoints(endpointsOf(assignment));
  }

  #takeEndpoints(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    this.#network.learn(endpoints);
    const { hosts, added, removed } = changeHosts(this.#hosts, [...endpoints, ...this.#outliving(endpoints)]);
    this.#hosts = hosts;
    if (added.length > 0 || removed.length > 0) this.statistics.membershipChanges.add();
    const now = this.#context.turn.now();
    for (const host of added) host.healthySince = now;
    this.#loadStreams?.setHosts(hosts.hosts);
    if (this.health) {
      this.health.setHosts(hosts.hosts);
      this.#hosts = refreshHosts(hosts);
    }
    this.#publishHosts();
    for (const host of removed) for (const pools of this.#allPools) pools.drain(host);
    this.#load?.onRemoved(removed);
    // A pool may still be draining from the time its address was here before; a new host gets a new pool.
    for (const host of added) this.#retirePool(host);
  }

  /** Hosts that their source has taken away while checks find them well: they stay until checks find otherwise. */
  #outliving(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    const { health } = this;
    if (!health || this.#config.resource.ignoresHealthOnRemoval) return [];
    const present = new Set(endpoints.map(keyOf));
    const outliving = this.#hosts.hosts.filter((host) => !present.has(host.key) && health.findsWell(host) && host.health !== 'unhealthy');
    for (const host of this.#hosts.hosts) host.mark('pending_dynamic_removal', outliving.includes(host));
    return outliving.map(({ endpoint }) => endpoint);
  }

  /** From now on requests go to these hosts; those that have waited for them come first. */
  #publishHosts(): void {
    if (this.health && !this.health.isWarm) return;
    const { assignment, awaitsSecrets } = this.#config;
    this.#isHeldBack = awaitsSecrets === true;
    if (this.#isHeldBack) return;
    this.#balancer.update(this.#hosts, { overprovisioningPercent: assignment?.overprovisioningPercent, weighsHealth: assignment?.weightedPriorityHealth });
    this.statistics.countHosts(this.#hosts);
    const { localZone } = this.#context;
    if (localZone?.clusterName === this.name) localZone.setHosts(this.#hosts);
    for (const waiter of this.#waiting.keys()) {
      this.stopWaiting(waiter);
      waiter.onHosts();
    }
  }

  /** A host that has fallen ill loses its connections: what it has finishes, and if it is used again it is on new ones. */
  #onHealthChange(changed: readonly Host[]): void {
    if (changed.some((host) => host.has('pending_dynamic_removal') && host.health === 'unhealthy')) return this.#takeEndpoints(this.#endpoints);
    this.#hosts = refreshHosts(this.#hosts);
    this.#publishHosts();
    for (const host of changed) {
      if (host.health !== 'unhealthy') continue;
      this.#retirePool(host);
      for (const onIll of this.#healthWatchers.get(host) ?? []) onIll();
    }
  }

  #retirePool(host: Host): void {
    for (const pools of this.#allPools) pools.retire(host);
  }

  get #allPools(): readonly PriorityPools[] {
    return this.#highPools ? [this.#pools, this.#highPools] : [this.#pools];
  }
}

/** How often hosts are asked for reports of their load; undefined where they come with responses. */
function reportPeriodOf({ resource: { loadBalancing } }: ClusterConfig): number | undefined {
  return loadBalancing.kind === 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN' ? loadBalancing.reportPeriodMs : undefined;
}
