/**
 * Filters: what stands between the connection manager and the upstream. A filter object belongs to a compiled
 * chain and serves many streams at once; what it knows about one stream it keeps in a slot of that stream.
 *
 * Requests pass the chain from first to last, responses from last to first. A chain in which nobody waits
 * runs to its end within one call and allocates no promise.
 */
import type { Trailers } from '@sluice/http';
import type { DecodeOptions } from '@sluice/resources';
import type { Checked, Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { DataSources } from '../data-sources.ts';
import type { Outcome } from '../outcome.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import type { Stream } from '../stream.ts';
import type { AsyncClient } from '../upstream/async-client.ts';
import type { DemandSide } from './demand-side.ts';
import type { FilterVerdict } from './filter-verdict.ts';
import type { ProxyHealth } from './proxy-health.ts';

export interface HttpFilter {
  /** Name in the configuration, for messages. */
  readonly name: string;
  /** The request head is there; its body has not been looked at. */
  onRequest?(stream: Stream): FilterVerdict;
  /** The body that this filter wanted to be kept is there (`stream.bufferedBody`): it answers as `onRequest` does. */
  onRequestBody?(stream: Stream): FilterVerdict;
  /** Bytes of the request body as they come; valid during the call only. */
  onRequestData?(stream: Stream, bytes: Uint8Array): void;
  /** What follows the body of the request; not called when nothing does. */
  onRequestTrailers?(stream: Stream, trailers: Trailers): void;
  /** The final response head, before it is sent; also of local replies. Not called for 1xx. */
  onResponse?(stream: Stream): void;
  /** Bytes of the response body as they come; valid during the call only. */
  onResponseData?(stream: Stream, bytes: Uint8Array): void;
  /** What follows the body of the response; not called when nothing does. */
  onResponseTrailers?(stream: Stream, trailers: Trailers): void;
  /**
   * The client has ended its side after a whole request, while this filter lets it wait: it may want the answer still, or have
   * left. Most filters take no notice.
   */
  onClientEnd?(stream: Stream): void;
  /**
   * The stream is over. Called exactly once for each stream whose `onRequest` was called, whatever happened,
   * also while waiting: here leases are released. The stream must not be touched afterwards.
   */
  onEnd?(stream: Stream, outcome: Outcome): void;
}

/** Where a filter keeps what it knows about one stream. */
export interface StreamSlot<T> {
  get(stream: Stream): T | undefined;
  set(stream: Stream, value: T): void;
}

/** What a filter is given when its chain is compiled. */
export interface FilterContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly health: ProxyHealth;
  /** Asks services through the clusters of the proxy. */
  readonly upstreams: AsyncClient;
  /** Asks for virtual hosts and clusters that are not there. */
  readonly demands: DemandSide;
  /** Reads the files that configuration points at, when a filter is made. */
  readonly sources: DataSources;
  /** `stat_prefix` of the connection manager, for names of statistics. Empty for what routes say to filters. */
  readonly statPrefix: string;
  /** Name of the filter in the connection manager: under it routes speak to it (`routeConfigOf`). */
  readonly filterName: string;
  /** Compiles the regexes of the configuration, and hears what else is wrong with it. */
  readonly patterns: PatternCompiler;
  /** A slot of this filter's own. Take it once, when the filter is made. */
  slot<T>(): StreamSlot<T>;
}

/** How one kind of filter is read from configuration and made. */
export interface FilterFactory<Config = unknown> {
  /** Canonical name, `envoy.filters.http.router`. */
  readonly name: string;
  /** Type of its configuration: of the message itself, or the `type_url` inside a TypedStruct. */
  readonly typeUrl: string;
  /** Reads the canonical JSON of the configuration (without `@type`). `path` leads the paths of the problems. */
  decode(value: unknown, path: string, options?: DecodeOptions): Checked<Config>;
  create(config: Config, context: FilterContext): HttpFilter;
  /** Whether it must be the last of its chain and may stand nowhere else: true of the router. */
  readonly isTerminal?: boolean;
  /** What routes may say to it. Absent when they can only switch it on or off. */
  readonly perRoute?: PerRouteFactory;
}

/** How what a route, a virtual host, a weighted cluster or a table says to a filter is read and made ready. */
export interface PerRouteFactory<Config = unknown> {
  readonly typeUrl: string;
  decode(value: unknown, path: string, options?: DecodeOptions): Checked<Config>;
  /** What the filter finds with `routeConfigOf`. Made once, however many routes the level has. */
  create(config: Config, context: FilterContext): unknown;
}

/** The kinds of filter a proxy knows: a literal list, given by whoever composes it. */
export type FilterCatalog = readonly FilterFactory[];

/** Keeps the type of the configuration inside the factory, so that factories of all kinds fit in one list. */
export function defineFilter<Config>(factory: FilterFactory<Config>): FilterFactory {
  return {
    ...factory,
    decode: (value, path, options) => factory.decode(value, path, options),
    // What `create` gets is what this factory's own `decode` returned.
    create: (config, context) => factory.create(config as Config, context),
  };
}

/** The same for what routes say. */
export function definePerRoute<Config>(factory: PerRouteFactory<Config>): PerRouteFactory {
  return {
    ...factory,
    decode: (value, path, options) => factory.decode(value, path, options),
    create: (config, context) => factory.create(config as Config, context),
  };
}

/**
 * What the most specific level of a stream's route says to a filter. The type is the filter's to know: it is what
 * the `perRoute` of its own factory has made.
 */
export function routeConfigOf<T>(stream: Stream, filterName: string): T | undefined {
  return stream.route?.perFilter.get(filterName)?.[0] as T | undefined;
}

/** What all levels say, the most specific first, for filters that listen to each. */
export function routeConfigsOf<T>(stream: Stream, filterName: string): readonly T[] {
  return (stream.route?.perFilter.get(filterName) ?? nothing) as readonly T[];
}

const nothing: readonly unknown[] = [];
