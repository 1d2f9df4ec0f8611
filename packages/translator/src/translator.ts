/**
 * Serving model → resources, piece by piece: a change of the model costs what has changed in it. What each group has is
 * remembered, so that only resources that are different are given out, and so is the last good form of each: one that our
 * own proxy could not use is held back, and whoever asked for it is told why.
 */
import { typeUrls } from '@sluice/resources';
import type { Problem } from '@sluice/kernel';
import { isSameContent, podSubject, type EdgeModel, type InternalTls, type ModelChange, type ServingBackend, type ServingCertificate, type ServingModel, type ServingRevision, type ServingRoute } from '@sluice/serving';

import { virtualHostProblems } from './check-resource.ts';
import { backendCluster, cluster } from './clusters.ts';
import { activatorEndpoints, backendEndpoints, gatewayEndpoints } from './endpoints.ts';
import { GroupResources, type ResourceChange } from './group-resources.ts';
import { withBackendTls } from './edge/backend-tls.ts';
import { edgeTable } from './edge/edge-ports.ts';
import { EdgeResources } from './edge/edge-resources.ts';
import { authoritiesSecret, gatewaySubjects, routingSecret } from './internal-tls.ts';
import { activatorListeners, gatewayListeners, gatewayPortListener, gatewayTcpListener, gatewayTlsListener, withTelemetry } from './listeners.ts';
import { internalSecretNames, listenerNames, nodeGroups, routeConfigurationNames, type NodeGroup } from './names.ts';
import { noTelemetry, noTraces, type TelemetryOptions, type TraceOptions, type TranslateOptions } from './options.ts';
import { ProxylessResources } from './proxyless.ts';
import type { TranslatedResource } from './resource.ts';
import { RevisionUses } from './revision-uses.ts';
import { activatorRoutes, edgeRoutes } from './routes.ts';
import { secret } from './secrets.ts';
import { hasCertificate, tlsChains, tlsChainsOf } from './tls-chains.ts';
import { VirtualHostResources } from './virtual-host-resources.ts';
import { externalVirtualHost, internalVirtualHost } from './virtual-hosts.ts';

/** Where the translator reads the model; `LiveModel` is one. */
export interface ModelView {
  revision(key: string): ServingRevision | undefined;
  backend(key: string): ServingBackend | undefined;
  route(name: string): ServingRoute | undefined;
  readonly certificates: readonly ServingCertificate[];
}

/** What became different, for each group. */
export type GroupChanges = Readonly<Record<NodeGroup, ResourceChange>>;

export class Translator {
  readonly #options: TranslateOptions;
  #traces: TraceOptions = noTraces;
  #telemetry: TelemetryOptions = noTelemetry;
  #certificates: readonly ServingCertificate[] = [];
  /** How endpoints are spoken to that have certificates. Undefined: in the open. */
  #internalTls: InternalTls | undefined;
  /** Whether TLS has been spoken inside: clusters then go on saying how, since endpoints that still ask for it go later than they. */
  #knowsInternalTls = false;
  /** The next `update` goes through all revisions and backends. */
  #isInternalTlsNew = false;
  readonly #gateway = new GroupResources();
  readonly #activator = new GroupResources();
  readonly #proxyless = new ProxylessResources();
  readonly #external = new VirtualHostResources(routeConfigurationNames.external, this.#gateway);
  readonly #externalTls = new VirtualHostResources(routeConfigurationNames.externalTls, this.#gateway);
  readonly #internal = new VirtualHostResources(routeConfigurationNames.internal, this.#gateway);
  /** The last form of each route that could be used. */
  readonly #good = new Map<string, ServingRoute>();
  readonly #uses = new RevisionUses();
  readonly #edge = new EdgeResources({
    group: this.#gateway,
    uses: this.#uses,
    tables: new Map([
      [routeConfigurationNames.external, this.#external],
      [routeConfigurationNames.externalTls, this.#externalTls],
    ]),
  });
  #nextEdge: EdgeModel | undefined;
  #ownPorts: ReadonlySet<string> = new Set();
  /** The routes whose sessions stay together. */
  readonly #sticky = new Set<string>();
  /** What each revision speaks, as of the last change. */
  readonly #protocols = new Map<string, string>();
  readonly #problems = new Map<string, readonly Problem[]>();

  constructor(options: TranslateOptions) {
    this.#options = options;
    this.#putListeners();
    this.#gateway.put(edgeRoutes(routeConfigurationNames.internal));
    this.#activator.put(activatorRoutes());
  }

  /** Takes over what is to be traced. It goes out with the next `update`. */
  setTraces(traces: TraceOptions): void {
    const { protocol, endpoint, samplingRate } = this.#traces;
    if (traces.protocol === protocol && traces.endpoint === endpoint && traces.samplingRate === samplingRate) return;
    this.#traces = traces;
    this.#putListeners();
  }

  /** Takes over what Kubernetes' own kinds ask for. It goes out with the next `update`. */
  setEdge(edge: EdgeModel): void {
    this.#nextEdge = edge;
  }

  /** Takes over what proxies are to say of themselves. It goes out with the next `update`. */
  setTelemetry(telemetry: TelemetryOptions): void {
    if (isSameContent(telemetry, this.#telemetry)) return;
    this.#telemetry = telemetry;
    this.#putListeners();
  }

  /** Takes over how TLS is spoken between gateways, activators and pods; undefined: not at all. It goes out with the next `update`. */
  setInternalTls(internalTls: InternalTls | undefined): void {
    if (isSameContent(internalTls, this.#internalTls)) return;
    const isSwitched = (internalTls === undefined) !== (this.#internalTls === undefined);
    this.#internalTls = internalTls;
    this.#isInternalTlsNew ||= isSwitched;
    if (internalTls) {
      // Secrets of their own, so that a new certificate or authority changes no listener, no cluster and no connection that is there.
      this.#knowsInternalTls = true;
      for (const group of [this.#gateway, this.#activator]) group.put(authoritiesSecret(internalTls));
    }
    this.#activator.set({ typeUrl: typeUrls.secret, name: internalSecretNames.routing }, internalTls?.identity && routingSecret(internalTls.identity));
    this.#putListeners();
  }

  #putListeners(): void {
    const { external, externalTls } = routeConfigurationNames;
    this.#gateway.put(edgeRoutes(external, this.#edge.ignoresPorts(external)));
    for (const resource of withTelemetry(gatewayListeners(this.#options, this.#traces, this.#edge.filterUse(external)), this.#telemetry.gateway)) this.#gateway.put(resource);
    const isSecured = this.#internalTls?.identity !== undefined;
    for (const resource of withTelemetry(activatorListeners(this.#options, this.#traces, isSecured), this.#telemetry.activator)) this.#activator.put(resource);
    if (!isSecured) this.#activator.remove({ typeUrl: typeUrls.listener, name: listenerNames.activatorHttps });
    const inside = gatewayTlsListener('internal', tlsChains('internal', this.#certificates, noNames), this.#options, this.#traces);
    this.#gateway.set({ typeUrl: typeUrls.listener, name: listenerNames.internalHttps }, inside);
    const listener = gatewayTlsListener('external', tlsChains('external', this.#certificates, this.#edge.tlsServer ?? noNames), this.#options, this.#traces, this.#edge.filterUse(externalTls));
    this.#gateway.set({ typeUrl: typeUrls.listener, name: listenerNames.externalHttps }, listener);
    this.#gateway.set({ typeUrl: typeUrls.routeConfiguration, name: externalTls }, listener && edgeRoutes(externalTls, this.#edge.ignoresPorts(externalTls)));
    this.#putOwnPorts();
  }

  /** Ports of Gateways beside the gateways' usual ones. */
  #putOwnPorts(): void {
    const before = this.#ownPorts;
    const names = new Set<string>();
    for (const server of this.#edge.ownServers) {
      const { port, protocol } = server;
      const containerPort = this.#options.gateway.morePorts.find((one) => one.port === port)?.containerPort;
      const chains = protocol === 'HTTPS' ? tlsChainsOf(server) : undefined;
      const [passage] = server.passed;
      if (containerPort === undefined || chains?.length === 0 || (protocol === 'TCP' && !passage)) continue;
      const table = edgeTable(port);
      names.add(table);
      if (protocol === 'TCP' && passage) {
        this.#gateway.remove({ typeUrl: typeUrls.routeConfiguration, name: table });
        this.#gateway.put(gatewayTcpListener(table, containerPort, passage, this.#options));
        continue;
      }
      this.#gateway.put(edgeRoutes(table, this.#edge.ignoresPorts(table)));
      this.#gateway.put(gatewayPortListener(table, containerPort, chains, this.#options, this.#traces, this.#edge.filterUse(table)));
    }
    for (const name of before) {
      if (names.has(name)) continue;
      this.#gateway.remove({ typeUrl: typeUrls.listener, name });
      this.#gateway.remove({ typeUrl: typeUrls.routeConfiguration, name });
    }
    this.#ownPorts = names;
  }

  /** Of all routes whose latest form is not in force. */
  get problems(): ReadonlyMap<string, readonly Problem[]> {
    return this.#problems;
  }

  /** Why the latest form of a route is not in force. Empty when it is. */
  problemsOf(route: string): readonly Problem[] {
    return this.#problems.get(route) ?? [];
  }

  /** Takes over what has changed in the model. */
  update(model: ModelView, change: ModelChange): GroupChanges {
    for (const name of change.routes) this.#updateRoute(name, model);
    const routed = new Set<string>();
    const edge = this.#nextEdge;
    this.#nextEdge = undefined;
    if (edge) this.#edge.write(edge, routed);
    if (change.certificates) this.#certificates = model.certificates;
    // Which of Knative's hosts are served over TLS goes by certificates.
    const written = change.certificates ? new Set([...this.#routesToWrite(model, change), ...this.#good.keys()]) : this.#routesToWrite(model, change);
    for (const name of written) this.#writeRoute(name, model, routed);
    const everything = this.#isInternalTlsNew ? [...this.#protocols.keys(), ...this.#uses.used()] : [];
    this.#isInternalTlsNew = false;
    for (const key of new Set([...change.revisions, ...change.backends, ...routed, ...everything])) {
      if (isBackend(key)) this.#updateBackend(key, model.backend(key));
      else this.#updateRevision(key, model.revision(key));
    }
    if (change.certificates || edge) {
      this.#updateSecrets();
      this.#putListeners();
    }
    return {
      [nodeGroups.gateway]: this.#gateway.take(),
      [nodeGroups.activator]: this.#activator.take(),
      [nodeGroups.proxyless]: this.#proxyless.resources.take(),
    };
  }

  /** Everything that the groups have now. */
  resources(): Readonly<Record<NodeGroup, readonly TranslatedResource[]>> {
    return {
      [nodeGroups.gateway]: this.#gateway.all(typesInOrder),
      [nodeGroups.activator]: this.#activator.all(typesInOrder),
      [nodeGroups.proxyless]: this.#proxyless.resources.all(typesInOrder),
    };
  }

  #updateRoute(name: string, model: ModelView): void {
    const route = model.route(name);
    const problems = route ? problemsOf(route, model) : [];
    if (problems.length > 0) this.#problems.set(name, problems);
    else this.#problems.delete(name);
    if (!route) this.#good.delete(name);
    else if (problems.length === 0) this.#good.set(name, route);
  }

  /** A revision that comes or goes is a share more or less for all who name it. */
  #routesToWrite(model: ModelView, change: ModelChange): ReadonlySet<string> {
    const names = new Set(change.routes);
    for (const key of change.revisions) {
      const protocol = model.revision(key)?.protocol;
      if (this.#protocols.get(key) === protocol) continue;
      if (protocol === undefined) this.#protocols.delete(key);
      else this.#protocols.set(key, protocol);
      for (const name of this.#uses.of(key)) names.add(name);
    }
    return names;
  }

  /** @param routed takes the revisions that are used by other routes than before */
  #writeRoute(name: string, model: ModelView, routed: Set<string>): void {
    const route = this.#good.get(name);
    for (const key of this.#uses.set(name, route ? targetsOf(route) : new Set())) routed.add(key);
    // How a gateway chooses among pods hangs on whether anybody is to stay with one.
    if (this.#sticky.has(name) !== (route?.affinity !== undefined)) for (const key of route ? targetsOf(route) : []) routed.add(key);
    if (route?.affinity) this.#sticky.add(name);
    else this.#sticky.delete(name);
    const external = route && externalVirtualHost(route, model);
    this.#external.set(name, external);
    this.#externalTls.set(name, route && hasCertificate(route.externalHosts, this.#certificates) ? external : undefined);
    this.#internal.set(name, route && internalVirtualHost(route, model));
    this.#proxyless.writeRoute(name, route, model, routed);
  }

  #updateRevision(key: string, revision: ServingRevision | undefined): void {
    // A gateway needs only what some route leads to.
    const routed = this.#uses.of(key).size > 0 ? revision : undefined;
    // Requests differ in length, so the least busy endpoint is the better choice of two, unless sessions are to stay with one.
    const isSticky = [...this.#uses.of(key)].some((name) => this.#sticky.has(name));
    const isSecured = this.#internalTls !== undefined && revision?.isSecured === true;
    const subjects = routed && this.#knowsInternalTls ? gatewaySubjects(routed.namespace) : [];
    this.#gateway.set({ typeUrl: typeUrls.cluster, name: key }, routed && cluster(routed, isSticky ? 'RING_HASH' : 'LEAST_REQUEST', subjects));
    this.#gateway.set({ typeUrl: typeUrls.clusterLoadAssignment, name: key }, routed && gatewayEndpoints(routed, isSecured));
    // The activator's filter chooses the pod itself; this is what stands where it does not.
    this.#activator.set({ typeUrl: typeUrls.cluster, name: key }, revision && cluster(revision, 'ROUND_ROBIN', this.#knowsInternalTls ? [podSubject(revision.namespace)] : []));
    this.#activator.set({ typeUrl: typeUrls.clusterLoadAssignment, name: key }, revision && activatorEndpoints(revision, isSecured));
    this.#proxyless.writeRevision(key, revision);
  }

  #updateBackend(key: string, backend: ServingBackend | undefined): void {
    const routed = this.#uses.of(key).size > 0 ? backend : undefined;
    // What a policy says goes before what is known of ports inside.
    const subjects = routed?.isTlsPort === true && routed.tls === undefined && this.#knowsInternalTls ? gatewaySubjects(routed.namespace) : [];
    this.#gateway.set({ typeUrl: typeUrls.cluster, name: key }, routed && withBackendTls(backendCluster(routed, subjects), routed));
    this.#gateway.set({ typeUrl: typeUrls.clusterLoadAssignment, name: key }, routed && backendEndpoints(routed, subjects.length > 0 && this.#internalTls !== undefined));
  }

  #updateSecrets(): void {
    const certificates = [...this.#edge.model.certificates, ...this.#certificates];
    const names = new Set([internalSecretNames.authorities as string, ...certificates.map(({ name }) => name)]);
    for (const name of this.#gateway.names(typeUrls.secret)) if (!names.has(name)) this.#gateway.remove({ typeUrl: typeUrls.secret, name });
    for (const certificate of certificates) this.#gateway.put(secret(certificate));
  }
}

const noNames = { names: [], passed: [] } as const;

const typesInOrder = [typeUrls.listener, typeUrls.routeConfiguration, typeUrls.virtualHost, typeUrls.cluster, typeUrls.clusterLoadAssignment, typeUrls.secret];

/** All of the one host is in the other, but for what follows from being outside. */
function problemsOf(route: ServingRoute, model: ModelView): readonly Problem[] {
  for (const host of [externalVirtualHost(route, model), internalVirtualHost(route, model)]) {
    const problems = host ? virtualHostProblems(host) : [];
    if (problems.length > 0) return problems;
  }
  return [];
}

/** A model as a view of it, for whoever translates all of one at once. */
export function viewOf(model: ServingModel): { readonly view: ModelView; readonly change: ModelChange } {
  const revisions = new Map(model.revisions.map((revision) => [revision.key, revision]));
  const backends = new Map(model.backends.map((backend) => [backend.key, backend]));
  const routes = new Map(model.routes.map((route) => [route.name, route]));
  return {
    view: { revision: (key) => revisions.get(key), backend: (key) => backends.get(key), route: (name) => routes.get(name), certificates: model.certificates },
    change: { revisions: new Set(revisions.keys()), backends: new Set(backends.keys()), routes: new Set(routes.keys()), owners: new Set(), certificates: true },
  };
}

/** A Service's key has its port in it. */
function isBackend(key: string): boolean {
  return key.includes(':');
}

function targetsOf({ splits, paths }: ServingRoute): Set<string> {
  return new Set([splits, ...paths.map((path) => path.splits)].flat().map(({ revision }) => revision));
}
