/**
 * The load that all replicas of the config service hear of. A proxy reports to one of them, whichever it is connected to,
 * and they do not pass reports on to each other; so an autoscaler subscribes at each.
 *
 * A replica that is lost while it should be there takes the reports of its proxies with it, which would look like no
 * load; one that has been taken away has handed its proxies over. The difference is in the Service's endpoints.
 */
import { formatAddress, type Logger, type Random, type Timer, type Timers } from '@sluice/kernel';
import type { EndpointSlice } from '@sluice/kubernetes';
import { createLoadSubscriber, type LoadSubscriber, type LoadTransport, type RevisionLoad } from '@sluice/xds';

export interface ReplicaTransport extends LoadTransport {
  close(): void;
}

export interface LoadReplicasOptions {
  /** The Service's own address, for as long as no replica is known: it leads to whichever there is. */
  readonly serviceAddress: string;
  /** Who subscribes, for the service's logs and status. */
  readonly subscriber: string;
  /** A way to one replica, by its `host:port`. */
  readonly open: (address: string) => Promise<ReplicaTransport>;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly onLoad: (load: RevisionLoad) => void;
  /** Called with whether the reports of all proxies can be trusted to come, when that changes. */
  readonly onReporting: (isReporting: boolean) => void;
}

/**
 * How long a new replica may take to be connected before its proxies are missed, in ms. Chosen: it is ready when it is known,
 * so a connection takes milliseconds, and proxies come to it only as others leave.
 */
const firstConnectionMsMax = 5_000;

interface Replica {
  subscriber: LoadSubscriber | undefined;
  transport: ReplicaTransport | undefined;
  /** Whether proxies may be reporting to it: it has been connected, or has had the time. */
  isMissed: boolean;
  firstConnection: Timer | undefined;
  /** It is to go, and stays as long as it still has something to say. */
  isLeaving: boolean;
}

export class LoadReplicas {
  readonly #options: LoadReplicasOptions;
  readonly #replicas = new Map<string, Replica>();
  #isReporting = false;
  #isStopped = false;

  constructor(options: LoadReplicasOptions) {
    this.#options = options;
  }

  /** The replicas that are ready, by `host:port`. */
  setReplicas(addresses: readonly string[]): void {
    const wanted = new Set(addresses);
    for (const [address, replica] of this.#replicas) {
      if (wanted.has(address)) replica.isLeaving = false;
      else this.#leave(address, replica);
    }
    for (const address of wanted) if (!this.#replicas.has(address)) this.#join(address);
    this.#update();
  }

  stop(): void {
    this.#isStopped = true;
    for (const [address, replica] of this.#replicas) this.#end(address, replica);
  }

  #join(address: string): void {
    const { open, logger, timers } = this.#options;
    const replica: Replica = {
      subscriber: undefined,
      transport: undefined,
      isMissed: false,
      isLeaving: false,
      firstConnection: timers.after(firstConnectionMsMax, () => {
        replica.isMissed = true;
        logger.warn('load replica not reached', { address });
        this.#update();
      }),
    };
    this.#replicas.set(address, replica);
    logger.info('load replica joined', { address });
    open(address).then(
      (transport) => this.#subscribe(address, replica, transport),
      (error: unknown) => logger.error('load replica not reached', { address, error }),
    );
  }

  #subscribe(address: string, replica: Replica, transport: ReplicaTransport): void {
    // It may have gone while the way to it was opened.
    if (this.#replicas.get(address) !== replica) {
      transport.close();
      return;
    }
    const { subscriber, timers, random, logger, onLoad } = this.#options;
    replica.transport = transport;
    replica.subscriber = createLoadSubscriber({
      subscriber,
      transport,
      timers,
      random,
      logger: logger.child({ replica: address }),
      onLoad,
      onConnection: (isConnected) => {
        if (isConnected) {
          replica.isMissed = true;
          replica.firstConnection?.cancel();
        }
        if (replica.isLeaving && !isConnected) this.#end(address, replica);
        this.#update();
      },
    });
    replica.subscriber.start();
  }

  #leave(address: string, replica: Replica): void {
    replica.isLeaving = true;
    // The Service's address leads to a replica that is heard by its own from now on, and must not be heard twice.
    if (replica.subscriber?.connected !== true || address === this.#options.serviceAddress) this.#end(address, replica);
  }

  #end(address: string, { subscriber, transport, firstConnection }: Replica): void {
    if (!this.#replicas.delete(address)) return;
    firstConnection?.cancel();
    this.#options.logger.info('load replica left', { address });
    subscriber?.stop();
    transport?.close();
  }

  #update(): void {
    if (this.#isStopped) return;
    if (this.#replicas.size === 0) this.#join(this.#options.serviceAddress);
    const replicas = [...this.#replicas.values()];
    const isLost = replicas.some(({ isMissed, subscriber }) => isMissed && subscriber?.connected !== true);
    const isReporting = !isLost && replicas.some(({ subscriber }) => subscriber?.connected === true);
    if (isReporting === this.#isReporting) return;
    this.#isReporting = isReporting;
    this.#options.onReporting(isReporting);
  }
}

/**
 * The Service behind a `host:port` as clients in a cluster write it, as `namespace/name`: `config-server:18000`,
 * `config-server.sluice-system:18000`, `config-server.sluice-system.svc.cluster.local:18000`. Undefined for an address or a name from elsewhere.
 */
export function serviceOf(address: string, ownNamespace: string): string | undefined {
  const host = address.replace(/:\d+$/, '');
  const [name = '', namespace = ownNamespace, svc = 'svc'] = host.split('.');
  if (name === '' || name === 'localhost' || svc !== 'svc' || /^[\d.]+$|:/.test(host)) return undefined;
  return `${namespace}/${name}`;
}

/** The ready addresses in a Service's slices, at the port named `grpc`, each once, in order. */
export function replicasOf(slices: readonly EndpointSlice[]): readonly string[] {
  const addresses = slices.flatMap(({ endpoints, ports }) => {
    const port = (ports ?? []).find(({ name }) => name === 'grpc')?.port;
    if (port === undefined) return [];
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses: [host] }) => (host === undefined ? [] : [formatAddress({ host, port })]));
  });
  return [...new Set(addresses)].sort();
}
