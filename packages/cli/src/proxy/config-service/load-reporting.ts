/**
 * Reports of load to the servers that want them: where the bootstrap sends those of all clusters (`load_stats_config`), and
 * where single clusters send their own (`lrs_server`). What speaks to servers is loaded with the first of them.
 */
import { serverKeyOf, type ApiConfigSource, type ConfigSource } from '@sluice/resources';
import type { LoadReportingOptions, LoadServerClient } from './open-load-reporter.ts';

export class LoadReporting {
  readonly #options: LoadReportingOptions;
  readonly #servers = new Map<string, Promise<LoadServerClient | undefined>>();
  #isStopped = false;

  constructor(options: LoadReportingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.running.applier.watchReferences(() => this.#follow());
  }

  stop(): void {
    this.#isStopped = true;
    for (const key of this.#servers.keys()) this.#close(key);
  }

  /** Clusters may have come that name a server, or the last that named one may have gone. */
  #follow(): void {
    if (this.#isStopped) return;
    const wanted = new Map<string, ApiConfigSource>();
    const { loadStatsConfig } = this.#options.bootstrap.clusterManager;
    if (loadStatsConfig) wanted.set('', loadStatsConfig);
    for (const { name, value } of this.#options.running.applier.store.held().clusters.values()) {
      if (!value.loadServer) continue;
      const api = this.#apiOf(value.loadServer);
      if (api) wanted.set(serverKeyOf(value.loadServer), api);
      else this.#options.logger.warn('load not reported', { cluster: name, reason: 'its lrs_server is where it came from, and that is no server' });
    }
    for (const key of this.#servers.keys()) if (!wanted.has(key)) this.#close(key);
    for (const [key, api] of wanted) if (!this.#servers.has(key)) this.#servers.set(key, this.#open(key, api));
  }

  /** The server that resources come from: that of the aggregated stream, or that of clusters. */
  #apiOf(source: ConfigSource): ApiConfigSource | undefined {
    if (source.kind === 'api') return source.api;
    const { adsConfig, cdsConfig } = this.#options.bootstrap.dynamicResources;
    return adsConfig ?? (cdsConfig?.kind === 'api' ? cdsConfig.api : undefined);
  }

  async #open(key: string, api: ApiConfigSource): Promise<LoadServerClient | undefined> {
    try {
      const { openLoadReporter } = await import('./open-load-reporter.ts');
      return await openLoadReporter(key, api.clusterNames, this.#options);
    } catch (error) {
      this.#options.logger.error('load server not opened', { clusters: api.clusterNames, error });
      return undefined;
    }
  }

  #close(key: string): void {
    const server = this.#servers.get(key);
    this.#servers.delete(key);
    server?.then((client) => client?.close(), () => {});
  }
}
