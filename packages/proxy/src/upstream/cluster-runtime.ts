/**
 * A cluster at work: its hosts, who is picked next, and a pool of connections per host. It lives as long as its
 * cluster resource is the same; new endpoints are taken over in place, and pools of hosts that stay live on.
 */
import {
  changeHosts,
  createLoadBalancer,
  emptyHostSet,
  refreshHosts,
  type Host,
  type HostSet,
  type LoadBalancer,
  type PickContext,
  type PickResult,
} from '@sluice/balancing';
import { endpointsOf, policyOf } from '../config/balancing-input.ts';
import type { ClusterConfig } from '../proxy-config.ts';
import type { ClusterStatus, HostStatus } from '../proxy-options.ts';
import type { UpstreamStatistics } from '../statistics.ts';
import { ClusterHealth } from './cluster-health.ts';
import { ConnectionPool } from './connection-pool.ts';
import { EitherPool } from './either-pool.ts';
import type { HostPool } from './host-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** A request that came before the cluster knew any endpoint. */
export interface HostWaiter {
  onHosts(): void;
}

export class ClusterRuntime {
  readonly name: string;
  readonly statistics: UpstreamStatistics;
  /** What is observed of hosts; undefined where nothing asks for it. */
  readonly health: ClusterHealth | undefined;
  #config: ClusterConfig;
  readonly #context: UpstreamContext;
  readonly #balancer: LoadBalancer;
  /** As last told. The balancer gets them when enough is known of them. */
  #hosts: HostSet = emptyHostSet;
  readonly #pools = new Map<string, HostPool>();
  /** Who waits for the first endpoints. */
  readonly #waiting = new Set<HostWaiter>();

  constructor(config: ClusterConfig, context: UpstreamContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.statistics = context.statistics.upstream(config.resource.statName);
    this.statistics.limits = config;
    const { commonLb } = config.resource;
    this.#balancer = createLoadBalancer(policyOf(config.resource), {
      random: context.random,
      now: () => context.turn.now(),
      panicThresholdRatio: commonLb.panicThresholdRatio,
      failsInPanic: commonLb.failTrafficOnPanic,
      weightsLocalities: commonLb.weightsLocalities,
      onPanic: () => this.statistics.panics.add(),
    });
    this.health = ClusterHealth.open(config, context, this.statistics, (hosts) => this.#onHealthChange(hosts));
    this.#takeEndpoints();
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  /** Same cluster resource, possibly other endpoints. */
  update(config: ClusterConfig): void {
    const changed = config.assignmentVersion !== this.#config.assignmentVersion;
    this.#config = config;
    this.statistics.limits = config;
    if (changed) this.#takeEndpoints();
  }

  /** Whether one request more would be too many. */
  get isFull(): boolean {
    return this.statistics.requestsActive + this.statistics.requestsPending >= this.#config.requestsMax;
  }

  pick(context: PickContext): PickResult {
    return this.#balancer.picker.pick(context);
  }

  /** Calls back once the first endpoints have come. False when too many wait already. */
  waitForHosts(waiter: HostWaiter): boolean {
    if (this.statistics.requestsPending >= this.#config.pendingRequestsMax) return false;
    this.#waiting.add(waiter);
    this.statistics.requestsPending += 1;
    return true;
  }

  stopWaiting(waiter: HostWaiter): void {
    if (this.#waiting.delete(waiter)) this.statistics.requestsPending -= 1;
  }

  poolOf(host: Host): HostPool {
    let pool = this.#pools.get(host.key);
    if (!pool) {
      pool = this.#createPool(host);
      this.#pools.set(host.key, pool);
    }
    return pool;
  }

  #createPool(host: Host): HostPool {
    // A host that went and came back has a new pool by now: the old one's end must not take that away.
    const forget = (empty: HostPool) => {
      if (this.#pools.get(empty.host.key) === empty) this.#pools.delete(empty.host.key);
    };
    const { http2, followsDownstream } = this.#config.resource.http;
    const createHttp1 = (onEmpty: (pool: HostPool) => void) => new ConnectionPool(host, this.#config, this.#context, this.statistics, onEmpty);
    if (!http2) return createHttp1(forget);
    const createHttp2 = (onEmpty: (pool: HostPool) => void) => new Http2Pool(host, this.#config, http2, this.#context, this.statistics, onEmpty);
    return followsDownstream ? new EitherPool(host, createHttp1, createHttp2, forget) : createHttp2(forget);
  }

  /** No longer configured: finishes what it has. */
  drain(): void {
    this.health?.close();
    for (const pool of this.#pools.values()) pool.drain();
  }

  status(): ClusterStatus {
    const hosts = this.#hosts.hosts.map((host): HostStatus => {
      const pool = this.#pools.get(host.key);
      return {
        address: host.key,
        healthy: host.health === 'healthy',
        healthFlags: host.healthFlags,
        weight: host.weight,
        activeRequests: host.activeRequests,
        activeConnections: pool?.connections ?? 0,
        requests: host.pickedTotal,
        connectFailures: pool?.connectFailures ?? 0,
      };
    });
    const { requestsActive, requestsPending, connectionsActive } = this.statistics;
    return { name: this.name, hosts, activeRequests: requestsActive, pendingRequests: requestsPending, connections: connectionsActive };
  }

  #takeEndpoints(): void {
    const { assignment } = this.#config;
    if (!assignment) return;
    const { hosts, added, removed } = changeHosts(this.#hosts, endpointsOf(assignment));
    this.#hosts = hosts;
    const now = this.#context.turn.now();
    for (const host of added) host.healthySince = now;
    if (this.health) {
      this.health.setHosts(hosts.hosts);
      this.#hosts = refreshHosts(hosts);
    }
    this.#publishHosts();
    for (const host of removed) this.#pools.get(host.key)?.drain();
    // A pool may still be draining from the time its address was here before; a new host gets a new pool.
    for (const host of added) this.#retirePool(host);
  }

  /** From now on requests go to these hosts; those that have waited for them come first. */
  #publishHosts(): void {
    if (this.health && !this.health.isWarm) return;
    this.#balancer.update(this.#hosts, this.#config.assignment?.overprovisioningPercent);
    this.statistics.countHosts(this.#hosts);
    for (const waiter of this.#waiting) {
      this.stopWaiting(waiter);
      waiter.onHosts();
    }
  }

  /** A host that has fallen ill loses its connections: what it has finishes, and if it is used again it is on new ones. */
  #onHealthChange(changed: readonly Host[]): void {
    this.#hosts = refreshHosts(this.#hosts);
    this.#publishHosts();
    for (const host of changed) if (host.health === 'unhealthy') this.#retirePool(host);
  }

  #retirePool(host: Host): void {
    const pool = this.#pools.get(host.key);
    this.#pools.delete(host.key);
    pool?.drain();
  }
}
