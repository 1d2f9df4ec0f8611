/**
 * A proxy that runs from a bootstrap: static resources are applied before it says that it is there, dynamic ones
 * follow from a source, and the admin server answers about both.
 */
import type { Address, Checked, Clock, Logger, Meter, Network, Problem, Random, Resolver, ResolverSettings, Timers } from '@sluice/kernel';
import { problem } from '@sluice/kernel';
import type { Bootstrap } from '@sluice/resources';
import { createAdmin } from '../admin/admin.ts';
import { startAdminServer, type AdminServer } from '../admin/admin-server.ts';
import type { LogLevel } from '../admin/admin-page.ts';
import type { FilterCatalog } from '../filters/filter.ts';
import { createFilterContexts } from '../filters/filter-context.ts';
import { healthOf } from '../filters/health-of-proxy.ts';
import { createProxy } from '../proxy.ts';
import type { AccessLogOutput, DrainOptions, Proxy } from '../proxy-options.ts';
import { loadRegexEngine, noRegexEngine } from '../router/regex-engine.ts';
import { ConfigApplier } from './config-applier.ts';
import type { ConfigSource } from './config-source.ts';
import type { LoadedBootstrap } from './file-bootstrap.ts';
import { addStaticResources } from './static-source.ts';

export interface BootstrapProxyOptions {
  readonly loaded: LoadedBootstrap;
  /** The filters it has, the router among them. */
  readonly filters: FilterCatalog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  /** Makes what resolves names, as the bootstrap says. Without it names stay unknown. */
  readonly createResolver?: (settings: ResolverSettings | undefined) => Resolver;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly openAccessLog?: (path: string) => AccessLogOutput;
  /** Makes the source of the dynamic resources a bootstrap asks for. Without it, asking is a problem. */
  readonly createSource?: (bootstrap: Bootstrap) => ConfigSource;
  /** For `/server_info`. */
  readonly version?: string;
  readonly commandLineOptions?: Readonly<Record<string, unknown>>;
  /** Whether the admin server may change things. Default false. */
  readonly allowsAdminChanges?: boolean;
  readonly setLogLevel?: (level: LogLevel) => void;
  /** How `/drain_listeners?graceful` drains. Default: gradually, in Envoy's 600 s. */
  readonly drain?: DrainOptions;
  /** What `/quitquitquit` calls. Default: stop. */
  readonly quit?: () => void;
}

export interface BootstrapProxy {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  /** Where the admin server listens; undefined when the bootstrap asks for none. */
  readonly adminAddress: Address | undefined;
  /** Finishes what runs, then stops. */
  drain(options?: DrainOptions): Promise<void>;
  /** Ends it now. */
  stop(): Promise<void>;
}

/** Starts it. With problems (an address that is taken, a filter that is not there) nothing runs. */
export async function startBootstrapProxy(options: BootstrapProxyOptions): Promise<Checked<BootstrapProxy>> {
  const { bootstrap, document } = options.loaded;
  const { clock, timers, random, network, logger, meter, filters, openAccessLog } = options;
  const source = createSource(options);
  if (source === 'missing') {
    return { ok: false, problems: document.locate([problem('dynamic_resources', 'are asked for, but no source for them is there')]) };
  }
  const resolver = options.createResolver?.(bootstrap.dnsResolver);
  const proxy = createProxy({ clock, timers, random, network, resolver, logger, meter, ...(openAccessLog ? { openAccessLog } : {}) });
  const applier = new ConfigApplier({
    target: proxy,
    filters,
    createContext: createFilterContexts({ clock, timers, random, logger, meter, upstreams: proxy.upstreams, health: healthOf(proxy, { nodeCluster: bootstrap.node.cluster }) }),
    regexEngine: source || hasRegex(document.json) ? await loadRegexEngine() : noRegexEngine,
    clock,
    timers,
    logger,
    meter,
  });
  const found = addStaticResources(bootstrap, document.json, applier.store);
  const problems = document.locate([...found, ...(hasErrors(found) ? [] : await applier.applyNow())]);
  const running = new RunningBootstrapProxy(options, proxy, applier, source);
  const adminProblems = hasErrors(problems) ? [] : await running.start();
  if (hasErrors(problems) || hasErrors(adminProblems)) {
    await running.stop();
    return { ok: false, problems: [...problems, ...document.locate(adminProblems)] };
  }
  return { ok: true, value: running, problems };
}

class RunningBootstrapProxy implements BootstrapProxy {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  readonly #options: BootstrapProxyOptions;
  readonly #source: ConfigSource | undefined;
  #admin: AdminServer | undefined;

  constructor(options: BootstrapProxyOptions, proxy: Proxy, applier: ConfigApplier, source: ConfigSource | undefined) {
    this.#options = options;
    this.proxy = proxy;
    this.applier = applier;
    this.#source = source;
  }

  get adminAddress(): Address | undefined {
    return this.#admin?.address;
  }

  /** The admin server comes first: it can say what the rest waits for. */
  async start(): Promise<readonly Problem[]> {
    const { loaded } = this.#options;
    const { admin } = loaded.bootstrap;
    if (admin) {
      try {
        this.#admin = await startAdminServer(this.#createAdmin(), admin.address);
      } catch (reason) {
        return [problem('admin.address', `cannot be bound: ${reason instanceof Error ? reason.message : String(reason)}`)];
      }
    }
    this.proxy.start();
    this.#source?.start(this.applier);
    return [];
  }

  async drain(options?: DrainOptions): Promise<void> {
    await this.proxy.drain(options);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#source?.stop();
    this.applier.stop();
    await this.proxy.close();
    await this.#admin?.stop();
    this.#admin = undefined;
  }

  #createAdmin() {
    const options = this.#options;
    const { bootstrap, document } = options.loaded;
    return createAdmin({
      proxy: this.proxy,
      store: this.applier.store,
      meter: options.meter,
      clock: options.clock,
      bootstrap: document.json,
      node: bootstrap.node,
      version: options.version ?? 'sluice',
      commandLineOptions: options.commandLineOptions ?? {},
      startedAt: options.clock.now(),
      drain: options.drain,
      setLogLevel: options.setLogLevel,
      quit: options.quit ?? (() => void this.stop()),
      allowPaths: bootstrap.admin?.allowPaths ?? [],
      allowsChanges: options.allowsAdminChanges ?? false,
    });
  }
}

function createSource({ loaded, createSource }: BootstrapProxyOptions): ConfigSource | 'missing' | undefined {
  const { ldsConfig, cdsConfig, adsConfig } = loaded.bootstrap.dynamicResources;
  if (!ldsConfig && !cdsConfig && !adsConfig) return undefined;
  return createSource?.(loaded.bootstrap) ?? 'missing';
}

/** Whether a regex stands anywhere; every message that holds one calls the field so. */
function hasRegex(json: unknown): boolean {
  if (Array.isArray(json)) return json.some(hasRegex);
  if (typeof json !== 'object' || json === null) return false;
  return Object.entries(json).some(([key, value]) => key === 'regex' || hasRegex(value));
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
