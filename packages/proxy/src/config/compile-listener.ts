/**
 * A listener resource, as the engine runs it. What follows from the resource alone (filters, access logs, inline
 * routes) is compiled once and shared by all configurations in which the resource is the same; the routes it asks
 * for by name are filled in for each.
 */
import type { Problem } from '@sluice/kernel';
import type { AccessLogOptions, ExtensionConfig, FilterChain, FilterSettings, HttpConnectionManager, Listener, RouteConfiguration, RouterFilter } from '@sluice/resources';
import { connectionManagerOf, routerFilterTypeName } from '@sluice/resources';
import { compileLocalReplies } from '../access-log/local-reply-mapper.ts';
import { operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import type { ChainEntry } from '../filters/filter-chain.ts';
import type { CreateFilterContext } from '../filters/filter-context.ts';
import type { FilterCatalog, HttpFilter } from '../filters/filter.ts';
import type { ConnectionManagerConfig, FilterChainConfig, ListenerConfig } from '../proxy-config.ts';
import type { RouteTable } from '../route-match.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import type { RegexEngine } from '../router/regex-engine.ts';
import type { TlsRegistry } from '../tls/tls-registry.ts';
import { compileTracing } from '../tracing/compile-tracing.ts';
import { compileAccessLogs } from './compile-access-logs.ts';
import { compileClientRules, compileIgnoredUpgrades, protoByPort } from './compile-client-rules.ts';
import { compileFrame } from './compile-frame.ts';
import { compileNetworkFilters, compileTransportSocket } from './compile-network-filters.ts';
import type { ConfigResource } from './config-resource.ts';
import { DiscoveredFilter } from './discovered-filter.ts';
import { createFilterAssembly, type AssembledFilters, type DiscoveredEntry, type ExtensionOf } from './filter-assembly.ts';
import { typeNameOf } from './extensions-of.ts';

export interface ListenerCompileOptions {
  readonly filters: FilterCatalog;
  /** What a filter of a chain is given; slots and statistics are the engine's. */
  readonly createContext: CreateFilterContext;
  readonly regexEngine: RegexEngine;
  readonly environment: CompileEnvironment;
  readonly tls: TlsRegistry;
  /** Compiles a table; problems have paths inside it. */
  readonly compileRoutes: (
    routes: RouteConfiguration,
    setsEnvoyHeaders: boolean,
  ) => { readonly table: RouteTable; readonly problems: readonly Problem[] };
}

/** A listener whose named routes are still to be filled in. */
export interface ListenerParts {
  /** The route configurations it asks for by name. */
  readonly routeNames: readonly string[];
  readonly problems: readonly Problem[];
  /** What stands against settings that filters of it take by discovery: empty for those that it does not ask for. */
  problemsOf(extension: ConfigResource<ExtensionConfig>): readonly Problem[];
  /** `routesOf` gives the table of a name, undefined while it has not come; `extensionOf` the settings of filters. */
  complete(routesOf: RoutesOf, extensionOf: ExtensionOf): ListenerConfig;
}

export type RoutesOf = (name: string, setsEnvoyHeaders: boolean) => RouteTable | undefined;

/**
 * How long a handshake may take where `transport_socket_connect_timeout` does not say. Envoy waits for ever, which lets a client
 * that never begins hold a connection for ever; ten seconds are what its authors advise for edges.
 */
const defaultHandshakeTimeoutMs = 10_000;

/** Envoy's advice for edges; there is no field for it in a listener. */
const connectionsMax = 10_000;

export function compileListener(listener: ConfigResource<Listener>, options: ListenerCompileOptions): ListenerParts {
  const problems: Problem[] = [];
  const { value } = listener;
  const { filterChains, defaultFilterChain } = value;
  const chains = filterChains.map((chain, index) => compileChain(chain, `filter_chains[${index}]`, value, problems, options));
  if (defaultFilterChain) chains.push(compileChain(defaultFilterChain, 'default_filter_chain', value, problems, options));
  const frame = { ...compileFrame(value, problems, options.createContext, options), name: value.name, version: listener.version, connectionsMax };
  return {
    routeNames: chains.flatMap(({ routeName }) => (routeName === undefined ? [] : [routeName])),
    problems,
    problemsOf: (extension) => chains.flatMap(({ discovered }) => discovered.filter(({ name }) => name === extension.name).flatMap((filter) => filter.problemsOf(extension))),
    complete: (routesOf, extensionOf) => ({ ...frame, filterChains: chains.map((chain) => chain.complete(routesOf, extensionOf)) }),
  };
}

interface ChainParts {
  readonly routeName: string | undefined;
  readonly discovered: readonly DiscoveredFilter[];
  complete(routesOf: RoutesOf, extensionOf: ExtensionOf): FilterChainConfig;
}

function compileChain(chain: FilterChain, path: string, listener: Listener, problems: Problem[], options: ListenerCompileOptions): ChainParts {
  const last = chain.filters.at(-1);
  const { gates, server } = compileNetworkFilters(chain, path, problems, options);
  const manager = connectionManagerOf(last);
  const spanKind = listener.trafficDirection === 'OUTBOUND' ? 'client' : 'server';
  const tracingPath = `${path}.filters[${chain.filters.length - 1}].typed_config.tracing`;
  const tracing = manager && compileTracing(manager, spanKind, operatorContextOf(options.environment), (at, message) => problems.push(error(`${tracingPath}.${at}`, message)));
  const http = manager && compileManager(manager, `${path}.filters[${chain.filters.length - 1}].typed_config`, problems, options);
  const transportSocket = chain.transportSocket && compileTransportSocket(chain.transportSocket, `${path}.transport_socket`, listener, problems, options);
  const shared: FilterChainConfig = {
    name: chain.name,
    version: chain.version,
    ...(transportSocket ? { transportSocket, transportSocketTimeoutMs: chain.transportSocketConnectTimeoutMs || defaultHandshakeTimeoutMs } : {}),
    ...(gates.length > 0 ? { gates } : {}),
    ...(server ? { server } : {}),
  };
  return {
    routeName: http?.routeName,
    discovered: http?.discovered ?? [],
    complete: (routesOf, extensionOf) => (http ? { ...shared, manager: { ...http.complete(routesOf, extensionOf), ...(tracing ? { tracing } : {}), bufferBytesMax: listener.connectionBufferBytesMax, staysWhenFailing: listener.drainsOnChangeOnly } } : shared),
  };
}

interface ManagerParts {
  readonly routeName: string | undefined;
  readonly discovered: readonly DiscoveredFilter[];
  complete(routesOf: RoutesOf, extensionOf: ExtensionOf): ConnectionManagerConfig;
}

function compileManager(manager: HttpConnectionManager, path: string, problems: Problem[], options: ListenerCompileOptions): ManagerParts {
  const setsEnvoyHeaders = !suppressesEnvoyHeaders(manager);
  const { routes } = manager;
  const inline =
    routes.kind === 'inline'
      ? compileInline(routes.routeConfiguration, setsEnvoyHeaders, `${path}.route_config`, problems, options)
      : undefined;
  const settings = {
    ...compileSettings(manager, path, problems, options),
    ...compileLocalReplyConfig(manager, `${path}.local_reply_config`, problems, options),
    accessLogs: compileAccessLogs(manager.accessLogs, `${path}.access_log`, problems, options),
  };
  const { assemble, discovered } = compileFilters(manager, `${path}.http_filters`, problems, options);
  const routeName = routes.kind === 'rds' ? routes.routeConfigName : undefined;
  return {
    routeName,
    discovered,
    complete: (routesOf, extensionOf) => ({ ...settings, ...assemble(extensionOf), routes: routeName === undefined ? inline : routesOf(routeName, setsEnvoyHeaders) }),
  };
}

function compileInline(
  routes: RouteConfiguration,
  setsEnvoyHeaders: boolean,
  path: string,
  problems: Problem[],
  options: ListenerCompileOptions,
): RouteTable {
  const compiled = options.compileRoutes(routes, setsEnvoyHeaders);
  problems.push(...under(path, compiled.problems));
  return compiled.table;
}

function compileFilters(
  manager: HttpConnectionManager,
  path: string,
  problems: Problem[],
  options: ListenerCompileOptions,
): { readonly assemble: (extensionOf: ExtensionOf) => AssembledFilters; readonly discovered: readonly DiscoveredFilter[] } {
  const entries: (ChainEntry | DiscoveredEntry)[] = [];
  const create = (name: string, settings: FilterSettings, at: string, found: Problem[]) => createFilter(name, settings, manager.statPrefix, at, found, options);
  manager.httpFilters.forEach(({ name, disabled, discovery, ...settings }, index) => {
    if (discovery) {
      const fallback = discovery.fallback && create(name, discovery.fallback, `${path}[${index}].config_discovery.default_config`, problems);
      const { meter } = options.createContext(manager.statPrefix);
      const conflicts = meter.counter('envoy_extension_config_discovery_http_filter_config_conflict', 'configurations of filters of another type than may be', { envoy_ecds_name: name });
      entries.push({ name, disabled, discovered: new DiscoveredFilter({ name, discovery, fallback, conflicts, create: (given, found) => create(name, given, 'typed_config', found) }) });
      return;
    }
    const filter = create(name, settings, `${path}[${index}].typed_config`, problems);
    if (filter) entries.push({ name, filter, disabled });
  });
  return { assemble: createFilterAssembly(entries), discovered: entries.flatMap((entry) => ('discovered' in entry ? [entry.discovered] : [])) };
}

function createFilter(name: string, { typeName, config }: FilterSettings, statPrefix: string, path: string, problems: Problem[], options: ListenerCompileOptions): HttpFilter | undefined {
  const factory = options.filters.find((candidate) => typeNameOf(candidate) === typeName);
  if (!factory) {
    problems.push(error(path, `is ${typeName}, which this proxy does not have`));
    return undefined;
  }
  const patterns = createPatternCompiler(options.regexEngine, path, problems, operatorContextOf(options.environment));
  return factory.create(config, options.createContext(statPrefix, { filterName: name, patterns }));
}

function compileLocalReplyConfig(
  manager: HttpConnectionManager,
  path: string,
  problems: Problem[],
  options: ListenerCompileOptions,
): Pick<ConnectionManagerConfig, 'mapLocalReply'> {
  const patterns = createPatternCompiler(options.regexEngine, '', problems, operatorContextOf(options.environment));
  const mapLocalReply = compileLocalReplies(manager.localReplyConfig, path, patterns, options.environment);
  return mapLocalReply ? { mapLocalReply } : {};
}

function compileSettings(
  manager: HttpConnectionManager,
  path: string,
  problems: Problem[],
  options: ListenerCompileOptions,
): Omit<ConnectionManagerConfig, 'routes' | 'filters' | 'filtersFor' | 'accessLogs' | 'mapLocalReply'> {
  const { commonHttpProtocolOptions: shared, http1ProtocolOptions: http1 } = manager;
  return {
    statPrefix: manager.statPrefix,
    serverName: manager.serverName,
    serverHeaderMode: serverHeaderModes[manager.serverHeaderTransformation],
    via: manager.via,
    useRemoteAddress: manager.useRemoteAddress,
    skipForwardedForAppend: manager.skipXffAppend,
    trustedHops: manager.xffTrustedHops,
    generateRequestId: manager.generateRequestId,
    preserveExternalRequestId: manager.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: manager.alwaysSetRequestIdInResponse,
    keepsRequestIds: !manager.requestIds.packsTraceReason,
    acceptHttp10: http1.acceptHttp10,
    normalizePath: manager.normalizePath,
    mergeSlashes: manager.mergeSlashes,
    escapedSlashes: escapedSlashes[manager.escapedSlashes],
    stripPort: manager.stripHostPort,
    stripTrailingDot: manager.stripTrailingHostDot,
    defaultHost: http1.defaultHostForHttp10,
    refusesAbsoluteUrls: !http1.allowAbsoluteUrl,
    refusesUnknownMethods: !http1.allowCustomMethods,
    dropsHttp1Trailers: !http1.enableTrailers,
    usesProperCase: http1.headerKeyFormat === 'proper_case_words',
    keepsAfterBadRequests: http1.streamErrorOnInvalidHttpMessage ?? manager.streamErrorOnInvalidHttpMessage,
    proxiesContinue: manager.proxy100Continue,
    schemeToOverwrite: manager.schemeToOverwrite,
    clientCertificates: manager.clientCertificates,
    userAgent: manager.addUserAgent ? options.environment.node.cluster : undefined,
    nodeId: options.environment.node.id,
    appendsForwardedPort: manager.appendXForwardedPort,
    protoByPort: protoByPort(manager.forwardProto),
    ...compileClientRules(manager, path, problems),
    ignoresUpgrade: compileIgnoredUpgrades(http1.ignoredUpgrades, `${path}.http_protocol_options`, createPatternCompiler(options.regexEngine, '', problems)),
    logOccasions: logOccasionsOf(manager.accessLogOptions),
    connectionDurationMaxMs: shared.connectionDurationMaxMs,
    rejectUnderscores: shared.headersWithUnderscoresAction === 'REJECT_REQUEST',
    dropUnderscores: shared.headersWithUnderscoresAction === 'DROP_HEADER',
    upgrades: manager.upgradeConfigs.filter(({ enabled }) => enabled).map(({ upgradeType }) => upgradeType),
    codec: codecs[manager.codecType],
    http2: manager.http2ProtocolOptions,
    headBytesMax: manager.requestHeadersBytesMax,
    headerCountMax: shared.headersCountMax,
    requestHeadTimeoutMs: manager.requestHeadersTimeoutMs,
    requestTimeoutMs: manager.requestTimeoutMs,
    streamIdleTimeoutMs: manager.streamIdleTimeoutMs,
    streamFlushTimeoutMs: manager.streamFlushTimeoutMs,
    streamDurationMaxMs: shared.streamDurationMaxMs,
    idleTimeoutMs: shared.idleTimeoutMs,
    drainTimeoutMs: manager.drainTimeoutMs,
    delayedCloseTimeoutMs: manager.delayedCloseTimeoutMs,
    requestsPerConnectionMax: shared.requestsPerConnectionMax,
  };
}

/** Undefined where lines are written at the end only, and where nobody writes any. */
function logOccasionsOf(options: AccessLogOptions): AccessLogOptions | undefined {
  const hasSome = options.flushIntervalMs > 0 || options.logsNewRequests || options.logsTunnels;
  return hasSome ? options : undefined;
}

const escapedSlashes = { KEEP_UNCHANGED: 'keep', REJECT_REQUEST: 'reject', UNESCAPE_AND_REDIRECT: 'redirect', UNESCAPE_AND_FORWARD: 'forward' } as const;

const codecs = { AUTO: 'auto', HTTP1: 'http1', HTTP2: 'http2' } as const;

const serverHeaderModes = {
  OVERWRITE: 'overwrite',
  APPEND_IF_ABSENT: 'append-if-absent',
  PASS_THROUGH: 'pass-through',
} as const;

function suppressesEnvoyHeaders({ httpFilters }: HttpConnectionManager): boolean {
  const router = httpFilters.find(({ typeName }) => typeName === routerFilterTypeName);
  return (router?.config as RouterFilter | undefined)?.suppressEnvoyHeaders ?? false;
}

function error(path: string, message: string): Problem {
  return { path, message, severity: 'error' };
}

/** Puts a path in front of the paths of problems. */
export function under(path: string, problems: readonly Problem[]): readonly Problem[] {
  if (path === '') return problems;
  return problems.map((problem) => ({ ...problem, path: problem.path === '' ? path : `${path}.${problem.path}` }));
}
