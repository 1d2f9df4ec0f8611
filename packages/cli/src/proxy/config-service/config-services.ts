/**
 * The servers that a bootstrap and what comes of it take resources from: the aggregated stream, and streams of one type for
 * sources that name servers themselves. Each is opened when somebody first needs it; what everything held refers to is
 * asked for where it says.
 */
import type { Clock, Gauge, Logger, Meter, Random, Timers } from '@sluice/kernel';
import { takeWithoutPathSources, type ConfigConsumer, type ConfigSource, type Demand, type SourceReference } from '@sluice/proxy';
import { typeUrls, type ApiConfigSource, type Bootstrap, type ConfigSource as SourceSettings } from '@sluice/resources';
import { createAdsClient, heldBy, type AdsClient, type AdsVariant, type CachedSources, type ClientNews, type ClientSettings, type Codec, type DiscoveryTransport, type Reference, type ServerTransport, type SubscribedType } from '@sluice/xds';
import { nodeOf } from './node-of.ts';
import { UpdateStatistics } from './update-statistics.ts';

export interface OpenTransport {
  readonly transport: ServerTransport;
  close(): void;
}

export interface ConfigServicesOptions {
  readonly bootstrap: Bootstrap;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** @throws when the clusters lead nowhere */
  openTransport(clusterNames: readonly string[]): Promise<OpenTransport>;
  /** What was held in an earlier life. */
  readonly restored?: CachedSources;
  /** What is held has changed. */
  readonly onHeld?: (read: () => CachedSources) => void;
}

interface Service {
  readonly client: AdsClient;
  readonly transport: OpenTransport;
}

/** One stream: whom to ask for what. */
interface Wish {
  readonly key: string;
  readonly api: ApiConfigSource;
  /** Undefined: the aggregated stream. */
  readonly typeUrl: string | undefined;
  readonly types: readonly SubscribedType[];
}

export class ConfigServices implements ConfigSource {
  readonly initialised: Promise<void>;
  readonly #options: ConfigServicesOptions;
  readonly #statistics: UpdateStatistics;
  readonly #connected: Gauge;
  readonly #ready = Promise.withResolvers<void>();
  /** Types asked for as a whole that have not been answered. */
  readonly #awaited = new Set<string>();
  readonly #services = new Map<string, Promise<Service | undefined>>();
  readonly #open = new Map<string, Service>();
  #consumer: ConfigConsumer | undefined;

  constructor(options: ConfigServicesOptions) {
    this.#options = options;
    this.#statistics = new UpdateStatistics(options.meter);
    this.#connected = options.meter.gauge('envoy_control_plane_connected_state', 'whether all config services answer');
    this.initialised = this.#ready.promise;
  }

  start(consumer: ConfigConsumer): void {
    this.#consumer = consumer;
    for (const wish of this.#firstWishes()) {
      for (const { typeUrl, isWildcard } of wish.types) if (isWildcard) this.#awaited.add(typeUrl);
      void this.#serviceOf(wish);
    }
    consumer.watchReferences?.((references) => this.#onReferences(references));
    consumer.watchDemands?.((demands) => this.#onDemands(demands));
    this.#onAnswer(undefined);
  }

  stop(): void {
    this.#consumer = undefined;
    for (const { client, transport } of this.#open.values()) {
      client.stop();
      transport.close();
    }
    this.#open.clear();
  }

  #firstWishes(): readonly Wish[] {
    const { ldsConfig, cdsConfig, adsConfig } = this.#options.bootstrap.dynamicResources;
    const own = [[cdsConfig, typeUrls.cluster], [ldsConfig, typeUrls.listener]] as const;
    return [
      ...(adsConfig ? [this.#adsWish(adsConfig)] : []),
      ...own.flatMap(([source, typeUrl]) => (source?.kind === 'api' ? [this.#ownWish(source.api, typeUrl, true)] : [])),
    ];
  }

  #adsWish(api: ApiConfigSource): Wish {
    const { ldsConfig, cdsConfig } = this.#options.bootstrap.dynamicResources;
    const isAggregated = (source: SourceSettings | undefined) => source?.kind === 'ads' || source?.kind === 'self';
    return {
      key: 'ads',
      api,
      typeUrl: undefined,
      types: [
        { typeUrl: typeUrls.cluster, isWildcard: isAggregated(cdsConfig) },
        { typeUrl: typeUrls.clusterLoadAssignment, isWildcard: false },
        { typeUrl: typeUrls.listener, isWildcard: isAggregated(ldsConfig) },
        { typeUrl: typeUrls.routeConfiguration, isWildcard: false },
        { typeUrl: typeUrls.virtualHost, isWildcard: false },
        { typeUrl: typeUrls.secret, isWildcard: false },
        { typeUrl: typeUrls.extensionConfig, isWildcard: false },
      ],
    };
  }

  #ownWish(api: ApiConfigSource, typeUrl: string, isWildcard: boolean): Wish {
    return { key: `${typeUrl} ${api.apiType} ${api.clusterNames.join(' ')}`, api, typeUrl, types: [{ typeUrl, isWildcard }] };
  }

  #onReferences(references: readonly SourceReference[]): void {
    this.#statistics.setReferences(references);
    this.#ask('configuration', references);
  }

  /** What requests wait for, or have waited for. */
  #onDemands(demands: readonly Demand[]): void {
    this.#ask('requests', demands);
  }

  /** Streams nothing refers to any more stay, and ask for nothing. */
  #ask(owner: string, references: readonly Demand[]): void {
    const { adsConfig } = this.#options.bootstrap.dynamicResources;
    const wanted = new Map<string, { readonly wish: Wish; readonly references: Reference[] }>();
    for (const { typeUrl, name, source } of references) {
      const wish = source.kind === 'api' ? this.#ownWish(source.api, typeUrl, false) : source.kind !== 'path' && adsConfig ? this.#adsWish(adsConfig) : undefined;
      if (!wish) continue;
      const entry = wanted.get(wish.key) ?? { wish, references: [] };
      wanted.set(wish.key, entry);
      entry.references.push({ typeUrl, name, timeoutMs: source.initialFetchTimeoutMs });
    }
    for (const key of this.#open.keys()) if (!wanted.has(key)) this.#open.get(key)?.client.refer(owner, []);
    for (const { wish, references: names } of wanted.values()) {
      void this.#refer(owner, wish, names);
    }
  }

  async #refer(owner: string, wish: Wish, names: readonly Reference[]): Promise<void> {
    const service = await this.#serviceOf(wish);
    if (service) service.client.refer(owner, names);
    else for (const { typeUrl, name } of names) this.#consumer?.onMissing(typeUrl, name);
  }

  #serviceOf(wish: Wish): Promise<Service | undefined> {
    let service = this.#services.get(wish.key);
    if (!service) this.#services.set(wish.key, (service = this.#openService(wish)));
    return service;
  }

  async #openService(wish: Wish): Promise<Service | undefined> {
    const { logger, restored } = this.#options;
    try {
      const transport = await this.#options.openTransport(wish.api.clusterNames);
      const consumer = this.#consumer;
      if (!consumer) {
        transport.close();
        return undefined;
      }
      const client = createAdsClient({ ...this.#settingsOf(wish, consumer), ...variantOf(wish, transport.transport) });
      const service = { client, transport };
      this.#open.set(wish.key, service);
      client.start();
      for (const { typeUrl } of restored?.[wish.key] ?? []) this.#onAnswer(typeUrl);
      return service;
    } catch (error) {
      logger.error('config service not opened', { clusters: wish.api.clusterNames, error });
      for (const { typeUrl } of wish.types) this.#onAnswer(typeUrl);
      return undefined;
    }
  }

  #settingsOf(wish: Wish, consumer: ConfigConsumer): ClientSettings {
    const { bootstrap, codec, clock, timers, random, logger, meter, restored } = this.#options;
    const { ldsConfig, cdsConfig } = bootstrap.dynamicResources;
    const timeoutOf: Readonly<Record<string, number | undefined>> = { [typeUrls.listener]: ldsConfig?.initialFetchTimeoutMs, [typeUrls.cluster]: cdsConfig?.initialFetchTimeoutMs };
    return {
      node: nodeOf(bootstrap.node),
      codec,
      clock,
      timers,
      random,
      logger,
      meter,
      types: wish.types,
      // On a stream of one type nothing is asked for that a resource names.
      ...(wish.typeUrl === undefined ? {} : { follows: () => false }),
      initialFetchTimeoutMs: (typeUrl) => timeoutOf[typeUrl] ?? 15_000,
      restored: restored?.[wish.key] ?? [],
      consumer: {
        onUpdate: (update) => takeWithoutPathSources(update, consumer),
        onMissing: (typeUrl, name) => consumer.onMissing(typeUrl, name),
        inForce: () => consumer.inForce?.() ?? Promise.resolve([]),
      },
      onNews: (news) => this.#onNews(wish.key, news),
    };
  }

  #onNews(key: string, news: ClientNews): void {
    this.#statistics.count(news, () => this.#open.get(key)?.client.status() ?? []);
    switch (news.kind) {
      case 'connection':
        this.#connected.set([...this.#open.values()].every(({ client }) => client.connected) ? 1 : 0);
        return;
      case 'accepted':
      case 'expired':
        this.#options.onHeld?.(() => Object.fromEntries([...this.#open].map(([name, { client }]) => [name, heldBy(client)])));
        this.#onAnswer(news.typeUrl);
        return;
      case 'rejected':
        this.#onAnswer(news.typeUrl);
        return;
      case 'missing':
        if (news.name === '*') this.#onAnswer(news.typeUrl);
        return;
      case 'control plane':
        this.#options.logger.info('config service', { identifier: news.identifier });
        return;
      case 'asked':
      case 'stream failed':
      case 'unknown fields':
    }
  }

  #onAnswer(typeUrl: string | undefined): void {
    if (typeUrl !== undefined) this.#awaited.delete(typeUrl);
    if (this.#awaited.size === 0) this.#ready.resolve();
  }
}

function variantOf({ api, typeUrl }: Wish, transport: DiscoveryTransport): AdsVariant {
  const variant = api.apiType === 'DELTA_GRPC' ? 'delta' : 'sotw';
  if (typeUrl !== undefined && !api.isAggregated) return { variant, typeUrl, transport };
  return variant === 'delta' ? { variant, transport } : { variant, transport };
}
