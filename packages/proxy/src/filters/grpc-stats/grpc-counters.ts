/** The numbers of gRPC methods per cluster: `cluster.<cluster>.grpc.<service>.<method>.success` and so on. */
import type { Counter, Histogram, LabelValues, Meter } from '@sluice/kernel';
import type { GrpcStatsConfig } from './grpc-stats-config.ts';

/** Chosen: clients choose paths, so what is kept for them has an end; whatever is beyond counts for its cluster only. */
const methodsMax = 1_000;

/** In ms; Envoy's default buckets up to a minute. */
const timeBoundsMs = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

/** Of one method, or of all methods of a cluster that have no numbers of their own. */
export class MethodCounters {
  readonly #meter: Meter;
  readonly #labels: LabelValues;
  readonly #byStatus = new Map<number, Counter>();
  readonly success: Counter;
  readonly failure: Counter;
  readonly total: Counter;
  readonly requestMessages: Counter;
  readonly responseMessages: Counter;
  readonly time: Histogram | undefined;

  constructor(meter: Meter, labels: LabelValues, measuresTime: boolean) {
    const counter = (name: string, help: string): Counter => meter.counter(`envoy_cluster_grpc_${name}`, help, labels);
    this.#meter = meter;
    this.#labels = labels;
    this.success = counter('success', 'calls that ended with status 0');
    this.failure = counter('failure', 'calls that ended with another status');
    this.total = counter('total', 'calls that ended with a status');
    this.requestMessages = counter('request_message_count', 'messages from clients');
    this.responseMessages = counter('response_message_count', 'messages to clients');
    this.time = measuresTime ? meter.histogram('envoy_cluster_grpc_upstream_rq_time', 'time from the request to the end of the response, in ms', timeBoundsMs, labels) : undefined;
  }

  countStatus(status: number): void {
    let counter = this.#byStatus.get(status);
    if (!counter) this.#byStatus.set(status, (counter = this.#meter.counter(`envoy_cluster_grpc_${status}`, 'calls that ended with this status', this.#labels)));
    counter.add();
    (status === 0 ? this.success : this.failure).add();
    this.total.add();
  }
}

export class GrpcCounters {
  readonly #config: GrpcStatsConfig;
  readonly #meter: Meter;
  readonly #byCluster = new Map<string, Map<string, MethodCounters>>();
  #count = 0;

  constructor(config: GrpcStatsConfig, meter: Meter) {
    this.#config = config;
    this.#meter = meter;
  }

  /** `path` is that of the request: `/package.Service/Method`. */
  of(clusterName: string, path: string): MethodCounters {
    const ofCluster = this.#clusterOf(clusterName);
    const known = ofCluster.get(path);
    if (known) return known;
    const method = this.#hasOwn(path) ? /^\/([\w.]+)\/(\w+)$/.exec(path) : null;
    if (!method || this.#count >= methodsMax) return this.#make(ofCluster, '', { envoy_cluster_name: clusterName });
    this.#count += 1;
    const service = method[1] ?? '';
    const labels = { envoy_cluster_name: clusterName, envoy_grpc_bridge_service: this.#config.replacesDots ? service.replaceAll('.', '_') : service, envoy_grpc_bridge_method: method[2] ?? '' };
    return this.#make(ofCluster, path, labels);
  }

  #clusterOf(name: string): Map<string, MethodCounters> {
    let found = this.#byCluster.get(name);
    if (!found) this.#byCluster.set(name, (found = new Map()));
    return found;
  }

  #hasOwn(path: string): boolean {
    const { methods } = this.#config;
    return methods === 'all' || methods.has(path);
  }

  #make(ofCluster: Map<string, MethodCounters>, key: string, labels: LabelValues): MethodCounters {
    let counters = ofCluster.get(key);
    if (!counters) ofCluster.set(key, (counters = new MethodCounters(this.#meter, labels, this.#config.measuresTime)));
    return counters;
  }
}
