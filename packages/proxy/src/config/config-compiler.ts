/**
 * Compiles snapshots. What was compiled for a resource is kept as long as the resource is, so an unchanged listener,
 * route table or cluster is the same object in every configuration, and a change costs what it changes.
 */
import type { Problem } from '@sluice/kernel';
import type { Cluster, ClusterLoadAssignment, ExtensionConfig, Listener, RouteConfiguration, Secret, VirtualHost } from '@sluice/resources';
import { connectionManagerOf, decodeVirtualHost } from '@sluice/resources';
import { LayeredMap } from '../layered-map.ts';
import { createPlainEnvironment, type CompileEnvironment } from '../compile-environment.ts';
import type { CreateFilterContext } from '../filters/filter-context.ts';
import type { FilterCatalog } from '../filters/filter.ts';
import type { ClusterConfig, ListenerConfig, ProxyConfig } from '../proxy-config.ts';
import type { RouteTable } from '../route-match.ts';
import { compileRouteTable, type CompiledRouteTable } from '../router/compile-route-table.ts';
import { createPatternCompiler, type CompileFilterSettings, type RouteCompileOptions } from '../router/compile-session.ts';
import { DiscoveredHosts } from '../router/discovered-hosts.ts';
import type { RegexEngine } from '../router/regex-engine.ts';
import type { TlsRegistry } from '../tls/tls-registry.ts';
import { createClusterTransports, type ClusterTransports } from '../tls/cluster-transports.ts';
import { unknownClusters, unknownClustersOfHost } from './cluster-references.ts';
import { compileCluster, compileClusterRetry, ownAssignment } from './compile-cluster.ts';
import { compileClusterRouting } from './compile-cluster-routing.ts';
import { compileListener, under, type ListenerParts } from './compile-listener.ts';
import { PassthroughClusters } from './passthrough-clusters.ts';
import type { ConfigResource, ConfigSnapshot } from './config-resource.ts';
import { typeNameOf } from './extensions-of.ts';

export interface ConfigCompilerOptions {
  readonly filters: FilterCatalog;
  readonly createContext: CreateFilterContext;
  readonly regexEngine: RegexEngine;
  /** Default: nobody in particular, without a runtime or files. */
  readonly environment?: CompileEnvironment;
  readonly tls: TlsRegistry;
}

export class ConfigCompiler {
  readonly #options: ConfigCompilerOptions;
  readonly #environment: CompileEnvironment;
  readonly #passthroughClusters = new PassthroughClusters();
  readonly #listenerParts = new WeakMap<ConfigResource<Listener>, ListenerParts>();
  readonly #transports = new WeakMap<ConfigResource<Cluster>, { readonly transports: ClusterTransports | undefined; readonly problems: readonly Problem[] }>();
  readonly #tables = new WeakMap<RouteConfiguration, Map<boolean, CompiledRouteTable>>();
  /** Tables whose hosts come one by one. */
  readonly #discovered = new WeakMap<RouteConfiguration, Map<boolean, DiscoveredHosts>>();
  #previous: { readonly snapshot: ConfigSnapshot; readonly config: ProxyConfig } | undefined;
  /** EDS clusters by the name of their assignment. */
  #clustersByService: ReadonlyMap<string, readonly ConfigResource<Cluster>[]> = new Map();

  constructor(options: ConfigCompilerOptions) {
    this.#options = options;
    this.#environment = options.environment ?? createPlainEnvironment();
  }

  /** What is wrong with a listener beyond what decoding it has shown. */
  checkListener(listener: ConfigResource<Listener>, hasCluster: (name: string) => boolean): readonly Problem[] {
    const dangling = inlineRoutes(listener.value).flatMap(({ routes, path }) => [
      ...(routes.validateClusters === false ? [] : under(path, unknownClusters(routes, hasCluster))),
    ]);
    return under(listener.path, [...this.#partsOf(listener).problems, ...dangling]);
  }

  /** What is wrong with a route table beyond what decoding it has shown. */
  checkRoutes(routes: ConfigResource<RouteConfiguration>, hasCluster: (name: string) => boolean): readonly Problem[] {
    const dangling = routes.value.validateClusters === true ? unknownClusters(routes.value, hasCluster) : [];
    return under(routes.path, [...this.#routeProblems(routes.value), ...dangling]);
  }

  #routeProblems(routes: RouteConfiguration): readonly Problem[] {
    if (!routes.virtualHostSource) return this.#compileRoutes(routes, true).problems;
    // What a table says of all its hosts is compiled with each; one that stands for those to come shows whether it can be.
    const place = `virtual_hosts[${routes.virtualHosts.length}]`;
    const { problems } = compileRouteTable({ ...routes, virtualHosts: [...routes.virtualHosts, ...anyHost] }, this.#routeOptions(true));
    return problems.filter(({ path }) => !path.startsWith(place));
  }

  /**
   * What is wrong with a virtual host beyond what decoding it has shown.
   * @param table undefined when it has not come: then it is looked at by itself
   */
  checkVirtualHost(host: ConfigResource<VirtualHost>, table: ConfigResource<RouteConfiguration> | undefined, hasCluster: (name: string) => boolean): readonly Problem[] {
    if (!table?.value.virtualHostSource) return [];
    const dangling = table.value.validateClusters === true ? unknownClustersOfHost(host.value, hasCluster) : [];
    return [...this.#discoveredHosts(table.value, true).problemsOf(host), ...dangling];
  }

  /** What is wrong with a cluster beyond what decoding it has shown. */
  checkCluster(cluster: ConfigResource<Cluster>): readonly Problem[] {
    const problems: Problem[] = [];
    const patterns = createPatternCompiler(this.#options.regexEngine, cluster.path, problems);
    compileClusterRetry(cluster.value, patterns);
    compileClusterRouting(cluster.value, this.#environment, patterns);
    return [...problems, ...under(cluster.path, this.#transportsOf(cluster).problems)];
  }

  /** What stands against settings of filters in the listeners that take them. Of the same in several it is said once. */
  checkExtension(extension: ConfigResource<ExtensionConfig>, listeners: Iterable<ConfigResource<Listener>>): readonly Problem[] {
    const problems = [...listeners].flatMap((listener) => this.#partsOf(listener).problemsOf(extension));
    return [...new Map(problems.map((one) => [`${one.path} ${one.message}`, one])).values()];
  }

  checkSecret(secret: ConfigResource<Secret>): readonly Problem[] {
    const problems: Problem[] = [];
    this.tls.checkSecret(secret.value, (path, message) => void problems.push({ path, message, severity: 'error' }));
    return under(secret.path, problems);
  }

  get tls(): TlsRegistry {
    return this.#options.tls;
  }

  /** The route tables a listener asks for by name. */
  routeNamesOf(listener: ConfigResource<Listener>): readonly string[] {
    return this.#partsOf(listener).routeNames;
  }

  /** Everything in the snapshot must have passed its check. */
  compile(snapshot: ConfigSnapshot): ProxyConfig {
    const listeners = new Map<string, ListenerConfig>();
    for (const [name, listener] of snapshot.listeners) listeners.set(name, this.#completeListener(listener, snapshot));
    const config: ProxyConfig = { version: snapshot.version, listeners, clusters: this.#compileClusters(snapshot) };
    this.#previous = { snapshot, config };
    const { passthrough } = this.#environment;
    return passthrough ? { ...config, clusters: this.#passthroughClusters.join(config.clusters, passthrough.addresses) } : config;
  }

  /** Where only endpoints have changed, only their clusters are looked at: the lane for what changes most. */
  #compileClusters(snapshot: ConfigSnapshot): ReadonlyMap<string, ClusterConfig> {
    const previous = this.#previous;
    if (previous?.snapshot.clusters !== snapshot.clusters) {
      this.#clustersByService = groupByService(snapshot.clusters);
      const clusters = new Map<string, ClusterConfig>();
      for (const [name, cluster] of snapshot.clusters) clusters.set(name, this.#completeCluster(cluster, snapshot));
      return clusters;
    }
    const withEndpoints = changedNames(previous.snapshot.assignments, snapshot.assignments).flatMap((name) => this.#clustersByService.get(name) ?? []);
    const withSecrets = noLongerWaiting(previous.snapshot, snapshot).flatMap((name) => snapshot.clusters.get(name) ?? []);
    if (withEndpoints.length + withSecrets.length === 0) return previous.config.clusters;
    const clusters = new Map(previous.config.clusters);
    for (const cluster of [...withEndpoints, ...withSecrets]) clusters.set(cluster.name, this.#completeCluster(cluster, snapshot));
    return clusters;
  }

  #completeListener(listener: ConfigResource<Listener>, { routes, virtualHosts, extensions }: ConfigSnapshot): ListenerConfig {
    const routesOf = (name: string, setsEnvoyHeaders: boolean): RouteTable | undefined => {
      const resource = routes.get(name);
      if (!resource?.value.virtualHostSource) return resource && this.#compileRoutes(resource.value, setsEnvoyHeaders).table;
      return this.#discoveredHosts(resource.value, setsEnvoyHeaders).table(LayeredMap.from(virtualHosts));
    };
    const complete = this.#partsOf(listener).complete(routesOf, (name) => extensions.get(name));
    const previous = this.#previous?.config.listeners.get(listener.name);
    return previous && isSameListener(previous, complete) ? previous : complete;
  }

  #completeCluster(cluster: ConfigResource<Cluster>, { assignments, awaitingSecrets }: ConfigSnapshot): ClusterConfig {
    const { discovery, name } = cluster.value;
    const eds: ConfigResource<ClusterLoadAssignment> | undefined =
      discovery.kind === 'EDS' ? assignments.get(discovery.serviceName) : undefined;
    const previous = this.#previous?.config.clusters.get(name);
    const awaitsSecrets = awaitingSecrets?.has(name) ?? false;
    if (previous?.resource === cluster.value && previous.assignment === (eds?.value ?? ownAssignment(cluster.value)) && (previous.awaitsSecrets ?? false) === awaitsSecrets) {
      return previous;
    }
    const compiled = compileCluster(cluster, eds, createPatternCompiler(this.#options.regexEngine, '', []), this.#transportsOf(cluster).transports, this.#environment);
    return awaitsSecrets ? { ...compiled, awaitsSecrets } : compiled;
  }

  #transportsOf(cluster: ConfigResource<Cluster>): { readonly transports: ClusterTransports | undefined; readonly problems: readonly Problem[] } {
    let made = this.#transports.get(cluster);
    if (!made) {
      const problems: Problem[] = [];
      const { meter } = this.#options.createContext('');
      made = { transports: createClusterTransports(cluster.value, this.tls, meter, (path, message) => void problems.push({ path, message, severity: 'error' })), problems };
      this.#transports.set(cluster, made);
    }
    return made;
  }

  #partsOf(listener: ConfigResource<Listener>): ListenerParts {
    let parts = this.#listenerParts.get(listener);
    if (!parts) {
      const { filters, createContext, regexEngine, tls } = this.#options;
      parts = compileListener(listener, {
        filters,
        createContext,
        regexEngine,
        environment: this.#environment,
        tls,
        compileRoutes: (routes, setsEnvoyHeaders) => this.#compileRoutes(routes, setsEnvoyHeaders),
      });
      this.#listenerParts.set(listener, parts);
    }
    return parts;
  }

  /** What routes say to a filter is made by that filter's factory. */
  readonly #compileFilterSettings: CompileFilterSettings = ({ typeName, config }, filterName, patterns) => {
    const { filters, createContext } = this.#options;
    const factory = filters.find(({ perRoute }) => perRoute && typeNameOf(perRoute) === typeName);
    if (!factory?.perRoute) patterns.error('', `is ${typeName}, which this proxy does not have`);
    return factory?.perRoute?.create(config, createContext('', { filterName, patterns }));
  };

  #discoveredHosts(routes: RouteConfiguration, setsEnvoyHeaders: boolean): DiscoveredHosts {
    let byHeaders = this.#discovered.get(routes);
    if (!byHeaders) this.#discovered.set(routes, (byHeaders = new Map()));
    let hosts = byHeaders.get(setsEnvoyHeaders);
    if (!hosts) byHeaders.set(setsEnvoyHeaders, (hosts = new DiscoveredHosts(routes, this.#routeOptions(setsEnvoyHeaders))));
    return hosts;
  }

  #routeOptions(setsEnvoyHeaders: boolean): RouteCompileOptions {
    return {
      regexEngine: this.#options.regexEngine,
      setsEnvoyHeaders,
      environment: this.#environment,
      compileFilterSettings: this.#compileFilterSettings,
    };
  }

  #compileRoutes(routes: RouteConfiguration, setsEnvoyHeaders: boolean): CompiledRouteTable {
    let byHeaders = this.#tables.get(routes);
    if (!byHeaders) this.#tables.set(routes, (byHeaders = new Map()));
    let compiled = byHeaders.get(setsEnvoyHeaders);
    if (!compiled) {
      compiled = compileRouteTable(routes, this.#routeOptions(setsEnvoyHeaders));
      byHeaders.set(setsEnvoyHeaders, compiled);
    }
    return compiled;
  }
}

/** The same resource and the same tables. */
function isSameListener(a: ListenerConfig, b: ListenerConfig): boolean {
  return (
    a.version === b.version &&
    a.filterChains.length === b.filterChains.length &&
    a.filterChains.every((chain, index) => {
      const other = b.filterChains[index];
      return (
        chain.manager?.routes === other?.manager?.routes &&
        chain.manager?.filters === other?.manager?.filters &&
        chain.transportSocket === other?.transportSocket &&
        chain.server === other?.server
      );
    })
  );
}

function inlineRoutes(listener: Listener): { routes: RouteConfiguration; path: string }[] {
  const chains = listener.filterChains.map((chain, index) => ({ chain, path: `filter_chains[${index}]` }));
  if (listener.defaultFilterChain) chains.push({ chain: listener.defaultFilterChain, path: 'default_filter_chain' });
  return chains.flatMap(({ chain, path }) =>
    chain.filters.flatMap((filter, index) => {
      const source = connectionManagerOf(filter)?.routes;
      return source?.kind === 'inline' ? [{ routes: source.routeConfiguration, path: `${path}.filters[${index}].typed_config.route_config` }] : [];
    }),
  );
}

function groupByService(clusters: ConfigSnapshot['clusters']): ReadonlyMap<string, readonly ConfigResource<Cluster>[]> {
  const groups = new Map<string, ConfigResource<Cluster>[]>();
  for (const cluster of clusters.values()) {
    const { discovery } = cluster.value;
    if (discovery.kind !== 'EDS') continue;
    const group = groups.get(discovery.serviceName);
    if (group) group.push(cluster);
    else groups.set(discovery.serviceName, [cluster]);
  }
  return groups;
}

function noLongerWaiting({ awaitingSecrets: before }: ConfigSnapshot, { awaitingSecrets: after }: ConfigSnapshot): readonly string[] {
  return before && before.size > 0 ? [...before].filter((name) => !after?.has(name)) : [];
}

/** Names under which two maps hold different things. */
function changedNames<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): readonly string[] {
  return [...LayeredMap.from(before).differencesTo(LayeredMap.from(after))].map(({ name }) => name);
}

const { value: standIn } = decodeVirtualHost({ name: 'any', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'any' } }] }) as { readonly value?: VirtualHost };
const anyHost: readonly VirtualHost[] = standIn ? [standIn] : [];
