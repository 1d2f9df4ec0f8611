/**
 * A proxy that runs from a bootstrap: static resources are applied before it says that it is there, dynamic ones
 * follow from a source, and the admin server answers about both.
 */
import type { Address, Checked, Clock, Logger, Meter, Network, Problem, Random, Resolver, ResolverSettings, Timers, Tracer } from '@sluice/kernel';
import { MeshError, problem } from '@sluice/kernel';
import type { Bootstrap } from '@sluice/resources';
import type { Admin } from '../admin/admin.ts';
import type { AdminServer } from '../admin/admin-server.ts';
import type { LogLevel } from '../admin/admin-page.ts';
import type { CompileEnvironment } from '../compile-environment.ts';
import { createDataSources } from '../data-sources.ts';
import type { FilterCatalog } from '../filters/filter.ts';
import { createFilterContexts } from '../filters/filter-context.ts';
import { Demands } from './demands.ts';
import { healthOf } from '../filters/health-of-proxy.ts';
import { processReadings } from '../network/process-readings.ts';
import type { ProcessReadings } from '../overload/overload-manager.ts';
import { PassthroughServers } from '../network/passthrough-servers.ts';
import { createProxy } from '../proxy.ts';
import type { AccessLogOutput, ClusterManagerSettings, DrainOptions, Proxy } from '../proxy-options.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { LateRegexEngine } from '../router/regex-engine.ts';
import { diffBootstraps, type BootstrapDiff } from './bootstrap-diff.ts';
import { loadFilters } from '../filters/late-filter.ts';
import type { Fleet } from '../workers/fleet.ts';
import { gatherFirst } from '../workers/gather-first.ts';
import { createOwnTicketKey } from '../network/ticket-keys.ts';
import type { ThreadSettings } from '../workers/thread.ts';
import { ConfigApplier } from './config-applier.ts';
import type { ConfigSource } from './config-source.ts';
import { createFileAccess } from './file-access.ts';
import { PathSource } from './file-path-source.ts';
import type { FileWatcher } from './file-watcher.ts';
import { pathSubscriptions } from './path-subscriptions.ts';
import type { LoadedBootstrap } from './file-bootstrap.ts';
import { createFileRuntime } from './file-runtime.ts';
import { sourceReferencesOfCluster, sourceReferencesOfListener } from './source-references.ts';
import { setStaticResources } from './static-source.ts';
import { createStatsFilter, withHistogramBuckets } from './stats-config.ts';

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
  /** Where spans go, those of workers too. Default nowhere. */
  readonly tracer?: Tracer;
  /** Makes the source of what servers are asked for. Without it, asking is a problem. */
  readonly createSource?: (bootstrap: Bootstrap) => ConfigSource;
  /** Variables that format strings and data sources may quote. Default none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `%HOSTNAME%`. Default unknown. */
  readonly hostName?: string;
  /** What an overload manager reads of the process. Default: what the system says. */
  readonly processReadings?: ProcessReadings;
  /** For resources in files. Without it, asking for them is a problem. */
  readonly watcher?: FileWatcher;
  /** A file of resources has been read; with problems, not all of it was taken. */
  readonly onFileRead?: (path: string, problems: readonly Problem[]) => void;
  /** For `/server_info`. */
  readonly version?: string;
  readonly commandLineOptions?: Readonly<Record<string, unknown>>;
  /** Whether the admin server may change things. Default false. */
  readonly allowsAdminChanges?: boolean;
  /** What a field of a dynamic resource means that nobody knows. Default `warning`. */
  readonly unknownDynamicFields?: 'error' | 'warning';
  /** How long a line of an access log may wait, in ms. Default 100. */
  readonly logDelayMsMax?: number;
  /** Several workers in place of a proxy in this thread; they get what the bootstrap says about nodes and names. */
  readonly workers?: { readonly count: number; readonly settings: Omit<ThreadSettings, 'workers' | 'passesSpans' | 'nodeCluster' | 'origin' | 'dnsResolver' | 'clusterManager' | 'histogramBuckets'> };
  readonly setLogLevel?: (level: LogLevel) => void;
  /** How `/drain_listeners?graceful` drains. Default: gradually, in Envoy's 600 s. */
  readonly drain?: DrainOptions;
  /** What `/quitquitquit` calls. Default: stop. */
  readonly quit?: () => void;
}

export interface BootstrapProxy {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  readonly meter: Meter;
  /** Where the admin server listens; undefined when the bootstrap asks for none. */
  readonly adminAddress: Address | undefined;
  /**
   * Takes another bootstrap's static resources in place of its own, all or none, and says what is different. What else has
   * changed in it counts from the next start on.
   */
  reload(next: LoadedBootstrap): Promise<Checked<BootstrapDiff>>;
  /** Finishes what runs, then stops. */
  drain(options?: DrainOptions): Promise<void>;
  /** Ends it now. */
  stop(): Promise<void>;
}

/** Starts it. With problems (an address that is taken, a filter that is not there) nothing runs. */
export async function startBootstrapProxy(given: BootstrapProxyOptions): Promise<Checked<BootstrapProxy>> {
  const options = { ...given, meter: withHistogramBuckets(given.meter, given.loaded.bootstrap.statsConfig.histogramBuckets) };
  const { bootstrap, document } = options.loaded;
  const { clock, timers, random, network, logger, meter, filters, openAccessLog, logDelayMsMax, unknownDynamicFields } = options;
  const source = createSource(options);
  if (source === 'missing') {
    return { ok: false, problems: document.locate([problem('dynamic_resources', 'are asked for, but no source for them is there')]) };
  }
  const fleet = await openFleet(options);
  if (fleet instanceof MeshError) return { ok: false, problems: [problem('', fleet.message)] };
  const resolver = fleet ? undefined : options.createResolver?.(bootstrap.dnsResolver);
  const { runtime, problems: runtimeProblems } = createFileRuntime(bootstrap.layeredRuntime, bootstrap.node.cluster);
  if (fleet) runtime.onOverride = (changes) => fleet.overrideRuntime(changes);
  const overload = bootstrap.overload && { config: bootstrap.overload, readings: options.processReadings ?? processReadings };
  const clusterManager = clusterManagerOf(bootstrap);
  const proxy = fleet ?? createProxy({ runtime, overload, clusterManager, ...(options.drain?.deadlineMs === undefined ? {} : { listenerDrainMs: options.drain.deadlineMs }), clock, timers, random, network, resolver, logger, meter, tracer: options.tracer, ...(openAccessLog ? { openAccessLog } : {}), ...(logDelayMsMax === undefined ? {} : { logDelayMsMax }) });
  const regexEngine = new LateRegexEngine();
  if (source || hasRegex(document.json)) await regexEngine.load();
  // What will come from elsewhere may name any of them.
  if (source) await loadFilters(filters);
  const passthrough = new PassthroughServers();
  const files = createFileAccess(timers, options.environment);
  const environment: CompileEnvironment = {
    node: bootstrap.node,
    runtime,
    sources: createDataSources(files),
    random,
    hostName: options.hostName ?? '',
    passthrough,
  };
  const demands = new Demands({ timers, meter });
  const applier = new ConfigApplier({
    target: proxy,
    demands,
    filters,
    ...(unknownDynamicFields ? { unknownFields: unknownDynamicFields } : {}),
    createContext: createFilterContexts({ clock, timers, random, logger, meter, demands, upstreams: proxy.upstreams, sources: environment.sources, health: healthOf(proxy, { nodeCluster: bootstrap.node.cluster }) }),
    regexEngine,
    tls: { transport: network.tls, files },
    clock,
    timers,
    logger,
    meter,
    environment,
  });
  countUnknownFields(options.loaded, meter);
  const found = setStaticResources(bootstrap, document.json, applier.store);
  const problems = document.locate([...runtimeProblems, ...found, ...(hasErrors(found) ? [] : await applier.applyNow()).map((one) => atItsListener(one, bootstrap))]);
  const running = new RunningBootstrapProxy(options, proxy, fleet, applier, source, regexEngine, passthrough, runtime);
  const adminProblems = hasErrors(problems) ? [] : await running.start();
  if (hasErrors(problems) || hasErrors(adminProblems)) {
    await running.stop();
    return { ok: false, problems: [...problems, ...document.locate(adminProblems)] };
  }
  return { ok: true, value: running, problems };
}

/** Each time a bootstrap is taken; Envoy takes one only. */
function countUnknownFields({ unknownFields }: LoadedBootstrap, meter: Meter): void {
  meter.counter('envoy_server_static_unknown_fields', 'fields of bootstraps that were skipped because they are not known here').add(unknownFields);
}

function clusterManagerOf({ clusterManager, node }: Bootstrap): ClusterManagerSettings {
  const { localClusterName: clusterName, outlierEventLogPath, localAddress } = clusterManager;
  const localZone = clusterName !== '' && node.locality ? { clusterName, locality: node.locality } : undefined;
  return { localZone, outlierEventLogPath, localAddress };
}

class RunningBootstrapProxy implements BootstrapProxy {
  readonly proxy: Proxy;
  readonly applier: ConfigApplier;
  readonly meter: Meter;
  readonly #options: BootstrapProxyOptions;
  readonly #source: ConfigSource | undefined;
  readonly #regexEngine: LateRegexEngine;
  readonly #passthrough: PassthroughServers;
  readonly #runtime: Runtime;
  readonly #fleet: Fleet | undefined;
  #loaded: LoadedBootstrap;
  #admin: AdminServer | undefined;

  constructor(options: BootstrapProxyOptions, proxy: Proxy, fleet: Fleet | undefined, applier: ConfigApplier, source: ConfigSource | undefined, regexEngine: LateRegexEngine, passthrough: PassthroughServers, runtime: Runtime) {
    this.#regexEngine = regexEngine;
    this.#passthrough = passthrough;
    this.#runtime = runtime;
    this.#loaded = options.loaded;
    this.#fleet = fleet;
    this.meter = options.meter;
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
        const { startAdminServer } = await import('../admin/admin-server.ts');
        this.#admin = await startAdminServer(await this.#createAdmin(), admin.address);
      } catch (reason) {
        return [problem('admin.address', `cannot be bound: ${reason instanceof Error ? reason.message : String(reason)}`)];
      }
    }
    this.#source?.start(this.applier);
    const { initialised } = this.#source ?? {};
    // As long as it has not been told what to serve, it says that it is not ready.
    if (initialised) void initialised.then(() => this.applier.whenWarm()).then(() => this.proxy.start());
    else this.proxy.start();
    return [];
  }

  async reload(next: LoadedBootstrap): Promise<Checked<BootstrapDiff>> {
    if (hasRegex(next.document.json)) await this.#regexEngine.load();
    const problems = await this.#putInForce(next);
    if (hasErrors(problems)) {
      // What was good before is so now.
      await this.#putInForce(this.#loaded);
      return { ok: false, problems };
    }
    const diff = diffBootstraps(this.#loaded, next);
    this.#loaded = next;
    countUnknownFields(next, this.meter);
    return { ok: true, value: diff, problems };
  }

  async #putInForce({ bootstrap, document }: LoadedBootstrap): Promise<readonly Problem[]> {
    const found = setStaticResources(bootstrap, document.json, this.applier.store);
    const applied = hasErrors(found) ? [] : await this.applier.applyNow();
    return document.locate([...found, ...applied.map((one) => atItsListener(one, bootstrap))]);
  }

  async drain(options?: DrainOptions): Promise<void> {
    await this.proxy.drain(options);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#source?.stop();
    this.applier.stop();
    await this.proxy.close();
    this.#passthrough.close();
    await this.#admin?.stop();
    this.#admin = undefined;
  }

  async #createAdmin(): Promise<Pick<Admin, 'handle'>> {
    const { createAdmin } = await import('../admin/admin.ts');
    const options = this.#options;
    const { bootstrap, document } = options.loaded;
    return gatherFirst(this.#fleet, createAdmin({
      proxy: this.proxy,
      store: this.applier.store,
      meter: this.#fleet?.meter ?? options.meter,
      clock: options.clock,
      bootstrap: document.json,
      node: bootstrap.node,
      version: options.version ?? 'sluice',
      commandLineOptions: options.commandLineOptions ?? {},
      startedAt: options.clock.now(),
      drain: options.drain,
      runtime: this.#runtime,
      setLogLevel: options.setLogLevel,
      quit: options.quit ?? (() => void this.stop()),
      filterStats: createStatsFilter(bootstrap.statsConfig.matcher),
      allowPaths: bootstrap.admin?.allowPaths ?? [],
      allowsChanges: options.allowsAdminChanges ?? false,
    }));
  }
}

/** A failure to start them is the caller's to report. */
async function openFleet({ workers, environment, hostName, loaded, network, timers, logger, meter, drain, tracer }: BootstrapProxyOptions): Promise<Fleet | MeshError | undefined> {
  const count = workers?.count ?? 1;
  meter.gauge('envoy_server_concurrency', 'workers').set(count);
  if (!workers || count === 1) return undefined;
  const { node, dnsResolver, overload, statsConfig, layeredRuntime } = loaded.bootstrap;
  const origin = { node: { id: node.id, cluster: node.cluster }, hostName: hostName ?? '', environment: { ...environment }, runtime: layeredRuntime };
  const clusterManager = clusterManagerOf(loaded.bootstrap);
  const [{ createFleet }, { createThreads }] = await Promise.all([import('../workers/fleet.ts'), import('../workers/thread.ts')]);
  const startWorker = createThreads({ ticketKey: createOwnTicketKey(), ...workers.settings, workers: count, nodeCluster: node.cluster, origin, dnsResolver, clusterManager, overload, histogramBuckets: statsConfig.histogramBuckets, passesSpans: tracer !== undefined, ...(drain?.deadlineMs === undefined ? {} : { listenerDrainMs: drain.deadlineMs }) });
  return createFleet({ workers: count, startWorker, network, timers, logger, meter, tracer }).catch((error: unknown) => MeshError.from(error));
}

/** Files are read here; whoever serves has to be brought. */
function createSource({ loaded, createSource, watcher, timers, onFileRead = () => {} }: BootstrapProxyOptions): ConfigSource | 'missing' | undefined {
  const { ldsConfig, cdsConfig, adsConfig } = loaded.bootstrap.dynamicResources;
  // What static resources name may be brought by whoever started the proxy; a whole type has to come from somewhere.
  const asksServers = adsConfig !== undefined || [ldsConfig, cdsConfig].some((source) => source && source.kind !== 'path');
  const served = asksServersFor(loaded.bootstrap) ? createSource?.(loaded.bootstrap) : undefined;
  const files = watcher && new PathSource({ bootstrap: loaded.document.json, watcher, timers, onRead: onFileRead });
  if ((asksServers && !served) || (!files && (ldsConfig ?? cdsConfig) && !served)) return 'missing';
  const asksFiles = files !== undefined && pathSubscriptions(loaded.document.json).length > 0;
  const sources = [...(asksFiles ? [files] : []), ...(served ? [served] : [])];
  if (sources.length === 0) return undefined;
  return {
    start: (consumer) => sources.forEach((source) => source.start(consumer)),
    stop: () => sources.forEach((source) => source.stop()),
    ...(served?.initialised ? { initialised: served.initialised } : {}),
  };
}

/** Whether anything in a bootstrap is to come from a server. */
function asksServersFor({ dynamicResources: { ldsConfig, cdsConfig, adsConfig }, staticResources: { clusters, listeners } }: Bootstrap): boolean {
  if (adsConfig) return true;
  const references = [...clusters.flatMap(sourceReferencesOfCluster), ...listeners.flatMap(sourceReferencesOfListener)];
  return [ldsConfig, cdsConfig, ...references.map(({ source }) => source)].some((source) => source && source.kind !== 'path');
}

/** What went wrong with a listener by its name, at its place in the bootstrap. */
function atItsListener(found: Problem, { staticResources }: Bootstrap): Problem {
  const index = staticResources.listeners.findIndex(({ name }) => found.path.startsWith(`listeners[${name}]`));
  const listener = staticResources.listeners[index];
  if (!listener) return found;
  return { ...found, path: `static_resources.listeners[${index}]${found.path.slice(`listeners[${listener.name}]`.length)}` };
}

/** Whether a regex stands anywhere; every message that holds one calls the field so. */
function hasRegex(json: unknown): boolean {
  if (Array.isArray(json)) return json.some(hasRegex);
  if (typeof json !== 'object' || json === null) return false;
  return Object.entries(json).some(([key, value]) => key === 'regex' || key === 'path_template' || hasRegex(value));
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
