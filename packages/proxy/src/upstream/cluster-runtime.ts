/**
 * A cluster at work: its hosts, who is picked next, and a pool of connections per host. It lives as long as its
 * cluster resource is the same; new endpoints are taken over in place, and pools of hosts that stay live on.
 */
import { changeHosts, createLoadBalancer, type Host, type LoadBalancer, type PickContext, type PickResult } from '@sluice/balancing';
import { endpointsOf, policyOf } from '../config/balancing-input.ts';
import type { ClusterConfig } from '../proxy-config.ts';
import type { ClusterStatus, HostStatus } from '../proxy-options.ts';
import type { UpstreamStatistics } from '../statistics.ts';
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
  #config: ClusterConfig;
  readonly #context: UpstreamContext;
  readonly #balancer: LoadBalancer;
  readonly #pools = new Map<string, HostPool>();
  /** Who waits for the first endpoints. */
  readonly #waiting = new Set<HostWaiter>();

  constructor(config: ClusterConfig, context: UpstreamContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.statistics = context.statistics.upstream(config.resource.statName);
    const { commonLb } = config.resource;
    this.#balancer = createLoadBalancer(policyOf(config.resource), {
      random: context.random,
      now: () => context.turn.now(),
      panicThresholdRatio: commonLb.panicThresholdRatio,
      failsInPanic: commonLb.failTrafficOnPanic,
      weightsLocalities: commonLb.weightsLocalities,
    });
    this.#takeEndpoints();
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  /** Same cluster resource, possibly other endpoints. */
  update(config: ClusterConfig): void {
    const changed = config.assignmentVersion !== this.#config.assignmentVersion;
    this.#config = config;
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
    for (const pool of this.#pools.values()) pool.drain();
  }

  status(): ClusterStatus {
    const hosts = this.#balancer.hosts.hosts.map((host): HostStatus => {
      const pool = this.#pools.get(host.key);
      return {
        address: host.key,
        healthy: host.health === 'healthy',
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
    const { hosts, added, removed } = changeHosts(this.#balancer.hosts, endpointsOf(assignment));
    this.#balancer.update(hosts, assignment.overprovisioningPercent);
    this.statistics.hosts = hosts.hosts.length;
    this.statistics.hostsHealthy = hosts.hosts.filter((host) => host.health === 'healthy').length;
    for (const waiter of this.#waiting) {
      this.stopWaiting(waiter);
      waiter.onHosts();
    }
    for (const host of removed) this.#pools.get(host.key)?.drain();
    // A pool may still be draining from the time its address was here before; a new host gets a new pool.
    for (const host of added) {
      const old = this.#pools.get(host.key);
      if (old) {
        this.#pools.delete(host.key);
        old.drain();
      }
    }
  }
}
