/**
 * The config service: objects → serving model → resources → snapshots → proxies, and load from proxies to
 * autoscalers.
 *
 * It publishes nothing before it has seen everything once: a service that restarts must not tell proxies that
 * there are no routes, only because it has not read them yet.
 */
import { formatProblem, type Clock, type Logger, type Meter, type Problem, type Random, type Timers } from '@sluice/kernel';
import { EventRecorder, type KubernetesClient, type KubernetesObject } from '@sluice/kubernetes';
import { componentTelemetry, defaultServingConfig, LiveModel, type ComponentTelemetry, type ModelChange, type ObjectList, type ObjectProblem, type ServiceView } from '@sluice/serving';
import { nodeGroups, Translator, type NodeGroup, type TranslateOptions } from '@sluice/translator';
import {
  AdsServer,
  InlineHosts,
  LoadServer,
  SnapshotCache,
  typeUrls,
  type Codec,
  type ConfigServiceHandlers,
  type GrpcServer,
  type NodeStatus,
  type ReportedCluster,
  type RevisionLoad,
} from '@sluice/xds';

import type { GatewayStream } from './acknowledgements.ts';
import { ClusterNames } from './cluster-names.ts';
import { createClusterWatch } from './cluster-watch.ts';
import { EdgeControl } from './edge/edge-control.ts';
import { domainsOf, gatewayServicesIn, type GatewayServices } from './gateway-services.ts';
import { HoldOff } from './hold-off.ts';
import { askGateway } from './probing/ask-gateway.ts';
import { GatewayProber, type GatewayProberOptions, type ProbeTarget } from './probing/gateway-prober.ts';
import { GatewayVerdicts } from './gateway-verdicts.ts';
import { groupOf, inlineGatewayGroup, isGatewayGroup } from './node-groups.ts';
import { ObjectProblems } from './object-problems.ts';
import { SidecarControl } from './sidecars/sidecar-control.ts';
import { SnapshotPublisher } from './snapshot-publisher.ts';
import { VerdictWriter } from './verdict-writer.ts';

export interface ConfigServerOptions {
  readonly client: KubernetesClient;
  readonly codec: Codec;
  /** Makes the handlers reachable: over gRPC, or in memory in a simulation. */
  readonly listen: (handlers: ConfigServiceHandlers) => Promise<GrpcServer>;
  readonly systemNamespace: string;
  /** Default: those of the chart, in the system namespace. */
  readonly gatewayServices?: GatewayServices;
  /** Where clients outside reach gateways. Default, and when empty: as the Service in front of them says. */
  readonly gatewayAddresses?: readonly string[];
  /** How this instance names itself to proxies. */
  readonly identity: string;
  readonly translate: TranslateOptions;
  /** Where certificates are looked for, when gateways serve TLS. Default, and when empty: in all namespaces. */
  readonly certificateNamespaces?: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** ConfigMaps say something else of its own logs and metrics. Default: nobody listens. */
  readonly onTelemetry?: (telemetry: ComponentTelemetry) => void;
  /** How pods of gateways are asked what they serve. Default: over the network. */
  readonly askGateway?: GatewayProberOptions['ask'];
}

export interface ConfigServer {
  /** Listens and begins to follow the cluster. Proxies may connect at once; they are answered when there is something to say. */
  start(): Promise<void>;
  /** Ends all streams. Proxies go on with what they have. */
  stop(): Promise<void>;
  /** Whether snapshots are published. */
  readonly isReady: boolean;
  /** 0 before `start`. */
  readonly port: number;
  status(): ConfigServerStatus;
}

export interface ConfigServerStatus {
  /** Who is connected, and what each has accepted and refused, with reasons. */
  readonly nodes: readonly NodeStatus[];
  /** The last report of each pod about each revision. */
  readonly loads: readonly RevisionLoad[];
  /** What each reporter has said of its upstream clusters. */
  readonly clusters: readonly ReportedCluster[];
  /** What is wrong with single objects; the rest is served. */
  readonly objectProblems: readonly ObjectProblem[];
  /** Groups that keep an older snapshot, and why. */
  readonly snapshotProblems: ReadonlyMap<NodeGroup, readonly Problem[]>;
}

/**
 * Chosen: objects that are applied together arrive within a few ms of each other; a proxy notices nothing of
 * 5 ms, and 50 ms bound the delay of a single change among many.
 */
const modelHoldOff = { quietMs: 5, maxMs: 50 };

/** Endpoints go out at the end of the turn: a pod that is ready may have requests waiting for it. */
const endpointsHoldOff = { quietMs: 0, maxMs: 0 };

/** What of the objects can only move endpoints: pods, or whether traffic goes through activators. */
const endpointLists: ReadonlySet<ObjectList> = new Set<ObjectList>(['endpointSlices', 'serverlessServices']);

/** Clusters are the same however hosts come; tables with hosts in them need not be made to name them. */
const hostStream = { variant: 'delta', onlyType: typeUrls.virtualHost } as const;

function certificateNamespacesOf({ certificateNamespaces = [] }: ConfigServerOptions): readonly (string | undefined)[] {
  return certificateNamespaces.length === 0 ? [undefined] : certificateNamespaces;
}

export function composeConfigServer(options: ConfigServerOptions): ConfigServer {
  const { clock, timers, logger, meter } = options;
  const cache = new SnapshotCache();
  const inline = new InlineHosts(options.codec);
  cache.derive(inlineGatewayGroup, nodeGroups.gateway, (snapshot) => inline.of(snapshot));
  const ads = new AdsServer({
    cache,
    groupOf: (node, stream) => {
      const group = groupOf(node, stream);
      sidecars.onNode(group);
      return group;
    },
    controlPlane: options.identity,
    clock,
    timers,
    logger,
    meter,
  });
  const clusterNames = new ClusterNames();
  const load = new LoadServer({ clock, timers, logger, meter, clustersOf: (node) => clusterNames.of(cache.get(groupOf(node, hostStream))) });
  const publisher = new SnapshotPublisher({ cache, codec: options.codec, logger, meter });
  const model = new LiveModel({ config: defaultServingConfig, activatorService: `${options.systemNamespace}/activator-service` });
  const translator = new Translator(options.translate);
  const recorder = new EventRecorder({ client: options.client, component: options.client.fieldManager, clock, logger });
  const problems = new ObjectProblems({ model, translator, logger, recorder });
  const gatewayServices = options.gatewayServices ?? gatewayServicesIn(options.systemNamespace);
  let clusterDomain = defaultServingConfig.network.clusterDomain;
  const writer = new VerdictWriter({ ...options, domains: () => domainsOf(gatewayServices, clusterDomain) });
  const streams = (): GatewayStream[] => [...ads.sessions].filter(({ group }) => isGatewayGroup(group)).map(({ node, channels, group }) => ({ node, channels, discoversHosts: group === nodeGroups.gateway }));
  const sidecars = new SidecarControl({ model, cache, codec: options.codec, logger, meter, clusterDomain: () => clusterDomain, groups: () => new Set([...ads.sessions].flatMap(({ group }) => group ?? [])) });
  const heldBack = (): string => (publisher.problems.get(nodeGroups.gateway) ?? []).map(formatProblem).join('; ');
  const targetsOf = (service: string): ProbeTarget[] => {
    const [namespace = '', name = ''] = service.split('/');
    const backend = model.findBackend({ namespace, service: name, port: 'http' });
    return typeof backend === 'string' ? [] : backend.endpoints.filter(({ ready, terminating }) => ready && !terminating);
  };
  const prober = new GatewayProber({
    timers,
    random: options.random,
    targets: (isExternal) => targetsOf(isExternal ? gatewayServices.external : gatewayServices.internal),
    ask: options.askGateway ?? askGateway,
    onReady: (owner, hash) => verdicts.onProbed(owner, hash),
  });
  const verdicts = new GatewayVerdicts({
    prober,
    writer,
    timers,
    streams,
    routeOf: (resource) => {
      const name = cache.get(nodeGroups.gateway)?.types.get(typeUrls.virtualHost)?.resources.get(resource)?.value['name'];
      return typeof name === 'string' ? name : undefined;
    },
    heldBack,
  });
  const edge = new EdgeControl({
    ...options,
    model,
    translator,
    recorder,
    gatewayService: gatewayServices.external,
    gatewayAddresses: options.gatewayAddresses ?? [],
    streams,
    heldBack,
    onChange: () => touch(allChanged),
  });
  let server: GrpcServer | undefined;
  let isSynced = false;
  let isReady = false;
  let isStopped = false;

  const allChanged = new HoldOff({ clock, timers, ...modelHoldOff, run: () => attempt(publishAll) });
  const endpointsChanged = new HoldOff({ clock, timers, ...endpointsHoldOff, run: () => attempt(publishEndpoints) });
  const watch = createClusterWatch({
    ...options,
    secretNamespaces: options.translate.gateway.externalTlsPort === 0 && options.translate.gateway.internalTlsPort === 0 ? [] : certificateNamespacesOf(options),
    canSpeakInternalTls: options.translate.activator.tlsPort !== 0,
    onObject,
    onInternalTls(internalTls) {
      translator.setInternalTls(internalTls);
      touch(allChanged);
    },
    onConfig(config) {
      clusterDomain = config.network.clusterDomain;
      model.configure(config);
      translator.setTraces(config.observability.tracing);
      translator.setTelemetry({ gateway: componentTelemetry('gateway', config), activator: componentTelemetry('activator', config) });
      options.onTelemetry?.(componentTelemetry('config-server', config));
      touch(allChanged);
    },
  });

  function onObject(list: ObjectList, key: string, object: KubernetesObject | undefined): void {
    // What the API holds has been checked by nobody; the model looks before it believes.
    model.set(list, key, object as Parameters<typeof model.set>[2]);
    problems.onObject(list, key, object);
    writer.onObject(list, key, object);
    if (list === 'services') sidecars.onService(key, object as ServiceView | undefined);
    if (list === 'ingresses') {
      const oddity = model.oddity(list, key);
      verdicts.onObject(`Ingress ${key}`, oddity && formatProblem(oddity.problem));
    }
    touch(endpointLists.has(list) ? endpointsChanged : allChanged);
  }

  /** Until everything has been listed, changes are only the filling of the caches. */
  function touch(holdOff: HoldOff): void {
    if (isSynced && !isStopped) holdOff.touch();
  }

  /** A fault that nobody thought of must not end the service: proxies keep what they have, and the next change is a new try. */
  function attempt(publish: () => void): void {
    try {
      publish();
    } catch (error) {
      logger.error('config not published', { error });
    }
  }

  function publishAll(): void {
    endpointsChanged.cancel();
    const change = model.take();
    edge.update();
    publish(change);
    if (isReady) return;
    isReady = true;
    server?.setServing(true);
    const { revisions, routes } = model.model();
    logger.info('config service ready', { revisions: revisions.length, routes: routes.length });
  }

  function publishEndpoints(): void {
    if (isReady) publish(model.takeEndpoints());
    // What has come or gone with the endpoints is published with the rest.
    if (!isReady || model.isDirty) allChanged.touch();
  }

  function publish(change: ModelChange): void {
    const changes = translator.update(model, change);
    problems.onOwners(change.owners);
    publisher.publish(changes, () => translator.resources());
    sidecars.update(change);
    for (const key of change.owners) verdicts.onOwner(key, model.owner(key), problems.problemsOf(key).map(({ problem }) => formatProblem(problem)));
  }

  async function publishWhenSynced(): Promise<void> {
    await Promise.all([watch.whenSynced(), edge.whenSynced()]);
    if (isStopped) return;
    isSynced = true;
    attempt(publishAll);
  }

  return {
    async start() {
      server = await options.listen({
        ...ads.handlers,
        onLoadStats: (stream) => load.acceptReports(stream),
        onLoad: (stream) => load.acceptSubscriber(stream),
      });
      logger.info('listener bound', { port: server.port, protocol: 'grpc' });
      watch.start();
      edge.start();
      publishWhenSynced().catch((error: unknown) => logger.error('cluster not followed', { error }));
    },
    async stop() {
      isStopped = true;
      allChanged.cancel();
      endpointsChanged.cancel();
      verdicts.stop();
      writer.stop();
      server?.setServing(false);
      ads.stop();
      load.stop();
      await Promise.all([watch.stop(), edge.stop(), server?.stop(), recorder.flush()]);
    },
    get isReady() {
      return isReady && !isStopped;
    },
    get port() {
      return server?.port ?? 0;
    },
    status: () => ({
      nodes: ads.status(),
      loads: load.loads(),
      clusters: load.clusters(),
      objectProblems: problems.list(),
      snapshotProblems: publisher.problems,
    }),
  };
}
