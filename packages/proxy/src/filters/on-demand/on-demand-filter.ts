/**
 * `envoy.filters.http.on_demand`: a request for a virtual host that has not been discovered, or for a cluster that is not
 * there, waits while it is asked for, and then goes on as if it had been there. What is not to be had is answered as
 * without the filter: 404, or the route's answer for a missing cluster.
 */
import { typeUrls } from '@sluice/resources';
import type { Stream } from '../../stream.ts';
import type { RequestDemand } from '../demand-side.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { decodeOnDemand, demandTimeoutMs, type OnDemandConfig } from './on-demand-config.ts';

class OnDemandFilter implements HttpFilter {
  readonly name: string;
  readonly #config: OnDemandConfig;
  readonly #context: FilterContext;
  /** How to be told no more. */
  readonly #waits: StreamSlot<() => void>;

  constructor(config: OnDemandConfig, context: FilterContext) {
    this.name = context.filterName;
    this.#config = config;
    this.#context = context;
    this.#waits = context.slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const demand = this.#hostDemand(stream) ?? this.#clusterDemand(stream);
    return demand ? this.#await(stream, demand) : 'continue';
  }

  onEnd(stream: Stream): void {
    this.#waits.get(stream)?.();
  }

  #await(stream: Stream, demand: RequestDemand): FilterVerdict {
    const cancel = this.#context.demands.request(demand, () => {
      if (!stream.isActive) return;
      stream.adoptConfig();
      // The host is there now, and may lead to a cluster that is not.
      const next = demand.typeUrl === typeUrls.virtualHost ? this.#clusterDemand(stream) : undefined;
      if (next) this.#await(stream, next);
      else stream.continueRequest();
    });
    this.#waits.set(stream, cancel);
    return 'wait';
  }

  #hostDemand({ route, routes, request }: Stream): RequestDemand | undefined {
    const discovery = routes?.discovery;
    if (route || !routes || !discovery) return undefined;
    const host = discovery.hostOf(request).toLowerCase();
    if (host === '' || discovery.has(host)) return undefined;
    return { typeUrl: typeUrls.virtualHost, name: `${routes.name}/${host}`, source: discovery.source, host: { table: routes.name, name: host }, timeoutMs: demandTimeoutMs };
  }

  #clusterDemand(stream: Stream): RequestDemand | undefined {
    const action = stream.route?.action;
    const { clusters } = routeConfigOf<OnDemandConfig>(stream, this.name) ?? this.#config;
    if (action?.kind !== 'forward' || !clusters) return undefined;
    const name = action.clusterName;
    if (name === '' || this.#context.demands.hasCluster(name)) return undefined;
    return { typeUrl: typeUrls.cluster, name, source: clusters.source, timeoutMs: clusters.timeoutMs };
  }
}

export const onDemandFactory = defineFilter<OnDemandConfig>({
  name: 'envoy.filters.http.on_demand',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand',
  decode: decodeOnDemand,
  create: (config, context) => new OnDemandFilter(config, context),
  perRoute: definePerRoute<OnDemandConfig>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.PerRouteConfig',
    decode: decodeOnDemand,
    create: (config) => config,
  }),
});
