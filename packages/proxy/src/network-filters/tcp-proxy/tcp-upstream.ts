/**
 * Finds a host for one client's connection and connects to it: cluster, circuit breaker, host, and another host where the
 * first cannot be had. It says once how that went; a connection that came about counts until `release`.
 */
import { anyHost, type HostPicked, type PickContext } from '@sluice/balancing';
import type { Connection, ConnectionHandler, MeshError } from '@sluice/kernel';
import type { Engine } from '../../engine.ts';
import { outcomes, type OutcomeCode } from '../../outcome.ts';
import type { StreamInfo } from '../../stream-info.ts';
import type { ClusterRuntime, HostWaiter } from '../../upstream/cluster-runtime.ts';
import type { CircuitBreaker } from '../../upstream/circuit-breaker.ts';

/** The client's side. */
export interface TcpUpstreamOwner {
  readonly info: StreamInfo;
  /** Handles what comes of the host, from its first byte to its end. */
  readonly upstreamHandler: ConnectionHandler;
  onConnected(connection: Connection): void;
  onNotConnected(code: OutcomeCode): void;
}

export interface TcpUpstreamOptions {
  readonly cluster: ClusterRuntime;
  readonly engine: Engine;
  readonly attemptsMax: number;
  readonly pickContext: Pick<PickContext, 'hash' | 'subset'> | undefined;
}

export class TcpUpstream implements HostWaiter, ConnectionHandler {
  readonly #owner: TcpUpstreamOwner;
  readonly #options: TcpUpstreamOptions;
  readonly #breaker: CircuitBreaker;
  #picked: HostPicked | undefined;
  #connection: Connection | undefined;
  /** Ends the wish to hear of the host's health. */
  #unwatch: (() => void) | undefined;
  #isCounted = false;
  #connectBegan = 0;
  #isOver = false;

  constructor(owner: TcpUpstreamOwner, options: TcpUpstreamOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#breaker = options.cluster.poolsFor(false).breaker;
  }

  start(): void {
    const { cluster, pickContext } = this.#options;
    if (!this.#breaker.allowsConnection) {
      cluster.statistics.connectionOverflows.add();
      return this.#fail('upstream-overflow');
    }
    if (cluster.dropsOne()) return this.#fail('drop-overload');
    const { info } = this.#owner;
    const result = cluster.originalDst ? cluster.originalDst.pick({ info }) : cluster.pick(pickContext ? { ...anyHost, ...pickContext } : anyHost);
    switch (result.kind) {
      case 'host':
        return this.#connect(result);
      case 'queue':
        if (!cluster.waitForHosts(this, this.#breaker)) this.#fail('upstream-overflow');
        return;
      case 'overflow':
        return this.#fail('upstream-overflow');
      case 'unavailable':
        return this.#fail('no-healthy-upstream');
    }
  }

  /** From outside of any turn of this connection. */
  onHosts(): void {
    const { turn } = this.#options.engine;
    turn.enter();
    try {
      this.start();
    } finally {
      turn.leave();
    }
  }

  /** Nothing more is wanted, or the connection is over. */
  release(): void {
    this.#isOver = true;
    this.#unwatch?.();
    this.#options.cluster.stopWaiting(this);
    this.#uncount();
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#picked?.release();
    this.#picked = undefined;
  }

  onOpen(): void {
    const connection = this.#connection;
    if (this.#isOver || !connection) return;
    const { cluster, engine } = this.#options;
    cluster.statistics.connectTime.observe(engine.turn.now() - this.#connectBegan);
    if (this.#picked) cluster.health?.observeConnected(this.#picked.host);
    this.#owner.info.upstreamLocal = connection.local;
    if (this.#picked) this.#unwatch = cluster.watchHealth(this.#picked.host, () => connection.destroy(true));
    connection.handler = this.#owner.upstreamHandler;
    engine.turn.enter();
    try {
      this.#owner.onConnected(connection);
    } finally {
      engine.turn.leave();
    }
  }

  /** Nothing comes before `onOpen`. */
  onData(): void {}
  onDrain(): void {}
  onEnd(): void {}

  onClose(error?: MeshError): void {
    if (this.#isOver) return;
    const { cluster, engine, attemptsMax } = this.#options;
    const { info } = this.#owner;
    const code = error?.code === 'connect-timeout' ? 'upstream-connect-timeout' : 'upstream-connect-failure';
    info.upstreamFailure = error?.message ?? 'connection failed';
    cluster.statistics.countEnd(outcomes[code]);
    if (this.#picked) cluster.health?.observe(this.#picked.host, code === 'upstream-connect-timeout' ? { kind: 'timed-out' } : { kind: 'failed' });
    this.#uncount();
    this.#connection = undefined;
    this.#picked?.release();
    this.#picked = undefined;
    engine.turn.enter();
    try {
      if (info.attempts < attemptsMax) this.start();
      else this.#exhaust(code);
    } finally {
      engine.turn.leave();
    }
  }

  #exhaust(code: OutcomeCode): void {
    this.#options.cluster.statistics.connectAttemptsExceeded.add();
    this.#isOver = true;
    this.#owner.info.raise(outcomes[code].flag);
    this.#owner.info.raise('URX');
    this.#owner.onNotConnected(code);
  }

  #fail(code: OutcomeCode): void {
    this.#isOver = true;
    this.#options.cluster.statistics.countEnd(outcomes[code]);
    this.#owner.info.raise(outcomes[code].flag);
    this.#owner.onNotConnected(code);
  }

  #connect(picked: HostPicked): void {
    const { cluster, engine } = this.#options;
    const { info } = this.#owner;
    this.#picked = picked;
    info.attempts += 1;
    info.upstreamHost = picked.host.addressText;
    this.#isCounted = true;
    this.#breaker.connections += 1;
    cluster.statistics.connectionsActive += 1;
    cluster.statistics.connectionsTotal.add();
    this.#connectBegan = engine.turn.now();
    this.#connection = cluster.networkFor(picked.host, info).connect(picked.host.address, this, { timeoutMs: cluster.config.connectTimeoutMs });
  }

  #uncount(): void {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    this.#breaker.connections -= 1;
    this.#options.cluster.statistics.connectionsActive -= 1;
  }
}
