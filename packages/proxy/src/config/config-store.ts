/**
 * What the proxy has been told, resource by resource: decoded, checked, and the last good one kept where a newer one
 * is no good. A machine without timers: updates go in, a snapshot comes out.
 */
import type { Problem } from '@sluice/kernel';
import {
  typeUrls,
  versionOf,
  type Cluster,
  type ClusterLoadAssignment,
  type ExtensionConfig,
  type ExtensionCatalog,
  type Listener,
  type RouteConfiguration,
  type Secret,
  type VirtualHost,
} from '@sluice/resources';
import { ClusterUses } from './cluster-uses.ts';
import type { ConfigCompiler } from './config-compiler.ts';
import {
  decoders,
  kindOf,
  resourceKinds,
  type ConfigResource,
  type ConfigSnapshot,
  type ResourceKind,
  type ResourceModels,
} from './config-resource.ts';
import type { ConfigUpdate, OfferedResource, RejectedResource } from './config-source.ts';
import { extensionsOfListener } from './extension-references.ts';
import { Fingerprint } from './fingerprint.ts';
import type { ShownCertificates } from '../tls/tls-supplies.ts';
import { secretNamesOfCluster, secretNamesOfListener } from './secret-references.ts';
import { LeavingClusters } from './leaving-clusters.ts';
import { ResourceShelf } from './resource-shelf.ts';

export interface ConfigStoreOptions {
  readonly compiler: ConfigCompiler;
  readonly extensions: ExtensionCatalog;
  /** What a field of an update means that nobody knows. Default `warning`. */
  readonly unknownFields?: 'error' | 'warning';
  /** Called for each of them. */
  readonly onUnknownField?: () => void;
  /** For time stamps in dumps, in ms since the epoch. */
  readonly wallTime: () => number;
}

/** A resource that was refused, for dumps; forgotten when a good one of its name comes. */
export interface Rejection {
  readonly typeUrl: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly problems: readonly Problem[];
  readonly wallTime: number;
}

/** A resource out of the bootstrap: decoded already. */
export interface StaticResource<Kind extends ResourceKind> {
  readonly kind: Kind;
  readonly name: string;
  readonly json: unknown;
  readonly value: ResourceModels[Kind];
  /** Its place in the bootstrap. */
  readonly path: string;
}

export type AnyStaticResource = { readonly [Kind in ResourceKind]: StaticResource<Kind> }[ResourceKind];

type Shelves = { readonly [Kind in ResourceKind]: ResourceShelf<ResourceModels[Kind]> };

export class ConfigStore {
  readonly #options: ConfigStoreOptions;
  readonly #fingerprint = new Fingerprint();
  readonly #shelves: Shelves = {
    listener: new ResourceShelf(this.#fingerprint),
    routeConfiguration: new ResourceShelf(this.#fingerprint),
    virtualHost: new ResourceShelf(this.#fingerprint),
    cluster: new ResourceShelf(this.#fingerprint),
    clusterLoadAssignment: new ResourceShelf(this.#fingerprint),
    secret: new ResourceShelf(this.#fingerprint),
    extensionConfig: new ResourceShelf(this.#fingerprint),
  };
  /** While the bootstrap is checked: its secrets, which are not held yet. */
  #givenSecrets: ReadonlyMap<string, ConfigResource<Secret>> | undefined;
  /** Listeners whose routes have come, or were waited for in vain: those that may serve. */
  #warmListeners: ReadonlyMap<string, ConfigResource<Listener>> = new Map();
  /** The same of clusters, by their secrets. One that is new is there at once, and its requests wait. */
  #warmClusters: ReadonlyMap<string, ConfigResource<Cluster>> = new Map();
  /** Stand for the endpoints of clusters for which they were waited for in vain. */
  readonly #nobodies = new Map<string, ConfigResource<ClusterLoadAssignment>>();
  /** What was waited for in vain, as `kind name`. */
  readonly #missing = new Set<string>();
  readonly #rejections = new Map<string, Rejection>();
  readonly #leaving = new LeavingClusters();
  /** To which clusters the tables lead that came by themselves. */
  readonly #uses = new ClusterUses();
  /** Names of clusters that cannot do without secrets. */
  readonly #secured = new Set<string>();
  /** Virtual hosts have come as a whole once. */
  #hostsTold = false;
  /** The version of each type that was taken as a whole last. */
  readonly #versionInfos = new Map<ResourceKind, string>();

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
  }

  /**
   * Takes the resources of the bootstrap in place of those it gave before. Gives what is wrong with them; with an error
   * nothing changes. What is the same as before stays the same object.
   */
  setStatic(given: readonly AnyStaticResource[]): readonly Problem[] {
    const resources = given.map((one) => ({ kind: one.kind, resource: this.#staticResource(one) }));
    const clusters = new Set(resources.flatMap(({ kind, resource }) => (kind === 'cluster' ? [resource.name] : [])));
    const held = this.#shelves.cluster;
    const hasCluster = (name: string): boolean => clusters.has(name) || held.get(name)?.isStatic === false;
    this.#givenSecrets = secretsAmong(resources);
    this.#options.compiler.tls.onSecretsChanged();
    // One that has only moved in its file keeps its identity, and what is wrong with it is shown where it stands now.
    const problems = given.flatMap(({ path }, index) => {
      const { kind, resource } = resources[index] as (typeof resources)[number];
      return this.#check(kind, resource.path === path ? resource : { ...resource, path }, hasCluster);
    });
    this.#givenSecrets = undefined;
    if (!isUsable(problems)) {
      this.#options.compiler.tls.onSecretsChanged();
      return problems;
    }
    const names = new Set(resources.map(({ kind, resource }) => `${kind} ${resource.name}`));
    for (const kind of resourceKinds) {
      for (const [name, { isStatic }] of this.#shelves[kind].copy()) if (isStatic && !names.has(`${kind} ${name}`)) this.#drop(kind, name);
    }
    for (const { kind, resource } of resources) if (this.#shelves[kind].get(resource.name) !== resource) this.#keep(kind, resource);
    this.#options.compiler.tls.onSecretsChanged();
    return problems;
  }

  /** A secret as it is now, wherever it came from. */
  secret(name: string): ConfigResource<Secret> | undefined {
    return this.#givenSecrets?.get(name) ?? this.#shelves.secret.get(name);
  }

  #staticResource({ kind, name, json, value, path }: AnyStaticResource): ConfigResource<ResourceModels[ResourceKind]> {
    const version = versionOf(json);
    const before = this.#shelves[kind].get(name);
    if (before?.isStatic && before.version === version) return before;
    return { typeUrl: typeUrls[kind], name, version, versionInfo: '', json, value, isStatic: true, path, updatedWallTime: this.#options.wallTime() };
  }

  /** Takes an update and says what of it is refused. */
  update(update: ConfigUpdate): readonly RejectedResource[] {
    const kind = kindOf(update.typeUrl);
    if (kind === undefined) {
      const problems: Problem[] = [{ path: '', message: `type ${update.typeUrl} is outside our subset`, severity: 'error' }];
      return update.changed.map(({ name }) => ({ name, problems }));
    }
    const rejected: RejectedResource[] = [];
    for (const offered of update.changed) {
      const problems = this.#offer(kind, offered, update);
      if (isUsable(problems)) {
        this.#rejections.delete(`${kind} ${offered.name}`);
        continue;
      }
      rejected.push({ name: offered.name, problems });
      this.#rejections.set(`${kind} ${offered.name}`, {
        typeUrl: update.typeUrl,
        name: offered.name,
        versionInfo: update.version,
        problems,
        wallTime: this.#options.wallTime(),
      });
    }
    for (const name of update.removed) this.#remove(kind, name);
    if (rejected.length === 0) this.#versionInfos.set(kind, update.version);
    if (kind === 'routeConfiguration' || kind === 'virtualHost') this.#letClustersGo();
    if (kind === 'virtualHost' && update.hasMore !== true) this.#onHostsTold();
    if (kind === 'secret') this.#options.compiler.tls.onSecretsChanged();
    return rejected;
  }

  /** Takes back a listener that could not be brought into force: `before` stands again, or nobody. */
  takeBack(listener: ConfigResource<Listener>, before: ConfigResource<Listener> | undefined, problems: readonly Problem[]): void {
    const { typeUrl, name, versionInfo } = listener;
    if (this.#shelves.listener.get(name) !== listener) return;
    if (before) this.#shelves.listener.set(before);
    else this.#drop('listener', name);
    this.#rejections.set(`listener ${name}`, { typeUrl, name, versionInfo, problems, wallTime: this.#options.wallTime() });
  }

  /** A resource will not come, or not soon: what waits for it goes on without. */
  markMissing(typeUrl: string, name: string): void {
    const kind = kindOf(typeUrl);
    if (kind === undefined || this.#shelves[kind].has(name) || this.#missing.has(`${kind} ${name}`)) return;
    this.#missing.add(`${kind} ${name}`);
    this.#fingerprint.add(`missing ${kind} ${name}`);
  }

  #onHostsTold(): void {
    if (this.#hostsTold) return;
    this.#hostsTold = true;
    this.#fingerprint.add('virtual hosts told');
  }

  /** What may serve now. Resources that have not changed are the same objects as in the last snapshot. */
  snapshot(): ConfigSnapshot {
    return { ...this.held(), listeners: this.#warmListenersUp(), ...this.#warmClustersUp(), assignments: this.#assignments() };
  }

  /** Everything held, also listeners that still wait for routes. */
  held(): ConfigSnapshot {
    const { listener, routeConfiguration, virtualHost, cluster, clusterLoadAssignment, secret, extensionConfig } = this.#shelves;
    return {
      version: this.#fingerprint.toString(),
      listeners: listener.copy(),
      routes: routeConfiguration.copy(),
      virtualHosts: virtualHost.copy(),
      clusters: cluster.copy(),
      assignments: clusterLoadAssignment.copy(),
      secrets: secret.copy(),
      extensions: extensionConfig.copy(),
    };
  }

  /** Of everything that is in use. */
  certificates(): readonly ShownCertificates[] {
    return this.#options.compiler.tls.certificates();
  }

  /** Secrets that listeners and clusters wait for. */
  awaitedSecrets(): readonly string[] {
    const { listener, cluster, secret } = this.#shelves;
    const wanted = [
      ...[...listener.copy().values()].flatMap(({ value }) => secretNamesOfListener(value)),
      ...[...cluster.copy().values()].flatMap(({ value }) => secretNamesOfCluster(value)),
    ];
    return [...new Set(wanted)].filter((name) => !secret.has(name));
  }

  get rejections(): readonly Rejection[] {
    return [...this.#rejections.values()];
  }

  /** Listeners that are held back because routes, secrets or settings of filters they ask for have not come. */
  get warmingListeners(): readonly string[] {
    const held = [...this.#shelves.listener.copy()];
    return held.filter(([name, listener]) => this.#warmListeners.get(name) !== listener).map(([name]) => name);
  }

  /** Clusters that have been told of, and whose endpoints or secrets have not come. */
  get warmingClusters(): readonly string[] {
    const { cluster, clusterLoadAssignment } = this.#shelves;
    const lacksEndpoints = ({ discovery }: Cluster): boolean =>
      discovery.kind === 'EDS' && !clusterLoadAssignment.has(discovery.serviceName) && !this.#missing.has(`${missingEndpoints}${discovery.serviceName}`);
    return [...cluster.copy()].filter(([, { value }]) => lacksEndpoints(value) || this.#awaitsSecrets(secretNamesOfCluster(value))).map(([name]) => name);
  }

  /** What a source called the state of a type that was taken last without any refusal; empty when there was none. */
  versionInfoOf(kind: ResourceKind): string {
    return this.#versionInfos.get(kind) ?? '';
  }

  #offer(kind: ResourceKind, offered: OfferedResource, update: ConfigUpdate): readonly Problem[] {
    if (this.#shelves[kind].get(offered.name)?.isStatic) {
      return [{ path: 'name', message: `is ${offered.name}, which the bootstrap has given and nobody may change`, severity: 'error' }];
    }
    const { unknownFields = 'warning', onUnknownField, extensions } = this.#options;
    const decoded = decoders[kind](offered.value, '', { unknownFields, extensions, ...(onUnknownField ? { onUnknownField } : {}) });
    if (!decoded.ok) return decoded.problems;
    const resource: ConfigResource<ResourceModels[ResourceKind]> = {
      typeUrl: update.typeUrl,
      name: offered.name,
      version: offered.version,
      versionInfo: update.version,
      json: offered.value,
      value: decoded.value,
      isStatic: false,
      path: '',
      updatedWallTime: this.#options.wallTime(),
    };
    const problems = this.#check(kind, resource);
    if (isUsable(problems)) this.#keep(kind, resource);
    return problems;
  }

  #remove(kind: ResourceKind, name: string): void {
    const shelf = this.#shelves[kind];
    if (shelf.get(name)?.isStatic) return;
    this.#rejections.delete(`${kind} ${name}`);
    if (!this.#mustStay(kind, name)) this.#drop(kind, name);
  }

  #drop(kind: ResourceKind, name: string): void {
    this.#shelves[kind].delete(name);
    if (kind === 'cluster') this.#secured.delete(name);
    if (kind === 'routeConfiguration' || kind === 'virtualHost') this.#uses.set(`${kind} ${name}`, []);
  }

  /** A cluster to which routes still lead, and its endpoints, outlive their removal. */
  #mustStay(kind: ResourceKind, name: string): boolean {
    if (kind === 'clusterLoadAssignment') return this.#leaving.hasEndpoints(name);
    const cluster = kind === 'cluster' ? this.#shelves.cluster.get(name)?.value : undefined;
    if (!cluster) return false;
    const endpointName = cluster.discovery.kind === 'EDS' ? cluster.discovery.serviceName : name;
    return this.#leaving.keep(name, endpointName, this.#uses);
  }

  #letClustersGo(): void {
    for (const { cluster, endpointName } of this.#leaving.release(this.#uses)) {
      this.#drop('cluster', cluster);
      this.#drop('clusterLoadAssignment', endpointName);
    }
  }

  #keep(kind: ResourceKind, resource: ConfigResource<ResourceModels[ResourceKind]>): void {
    // The kind and the model belong together: both come from one decoder, or from the bootstrap's own lists.
    (this.#shelves[kind] as ResourceShelf<ResourceModels[ResourceKind]>).set(resource);
    if (kind === 'cluster') {
      this.#leaving.revive(resource.name);
      if (secretNamesOfCluster(resource.value as Cluster).length > 0) this.#secured.add(resource.name);
      else this.#secured.delete(resource.name);
    }
    if (kind === 'routeConfiguration') this.#uses.set(`${kind} ${resource.name}`, (resource.value as RouteConfiguration).virtualHosts);
    if (kind === 'virtualHost') this.#uses.set(`${kind} ${resource.name}`, [resource.value as VirtualHost]);
    if (this.#missing.delete(`${kind} ${resource.name}`)) this.#fingerprint.remove(`missing ${kind} ${resource.name}`);
  }

  #check(
    kind: ResourceKind,
    resource: ConfigResource<ResourceModels[ResourceKind]>,
    hasCluster = (name: string): boolean => this.#shelves.cluster.has(name),
  ): readonly Problem[] {
    const { compiler } = this.#options;
    switch (kind) {
      case 'listener':
        return compiler.checkListener(resource as ConfigResource<Listener>, hasCluster);
      case 'routeConfiguration':
        return compiler.checkRoutes(resource as ConfigResource<RouteConfiguration>, hasCluster);
      case 'virtualHost': {
        const table = this.#shelves.routeConfiguration.get(resource.name.slice(0, Math.max(0, resource.name.lastIndexOf('/'))));
        return compiler.checkVirtualHost(resource as ConfigResource<VirtualHost>, table, hasCluster);
      }
      case 'cluster':
        return compiler.checkCluster(resource as ConfigResource<Cluster>);
      case 'secret':
        return compiler.checkSecret(resource as ConfigResource<Secret>);
      case 'extensionConfig':
        return compiler.checkExtension(resource as ConfigResource<ExtensionConfig>, this.#shelves.listener.copy().values());
      case 'clusterLoadAssignment':
        return [];
    }
  }

  /** Until its routes, secrets and settings of filters are there, a listener does not serve, and the one that stood under its name goes on. */
  #warmListenersUp(): ReadonlyMap<string, ConfigResource<Listener>> {
    const routes = this.#shelves.routeConfiguration;
    const warm = new Map<string, ConfigResource<Listener>>();
    for (const [name, listener] of this.#shelves.listener.copy()) {
      const waits = this.#options.compiler
        .routeNamesOf(listener)
        .some((route) => this.#awaitsRoutes(routes.get(route)?.value, route));
      const serving = waits || this.#awaitsSecrets(secretNamesOfListener(listener.value)) || this.#awaitsExtensions(listener.value) ? this.#warmListeners.get(name) : listener;
      if (serving) warm.set(name, serving);
    }
    this.#warmListeners = warm;
    return warm;
  }

  #awaitsExtensions(listener: Listener): boolean {
    const { extensionConfig } = this.#shelves;
    return extensionsOfListener(listener).some(({ name, discovery }) => discovery.isAwaited && !extensionConfig.has(name) && !this.#missing.has(`extensionConfig ${name}`));
  }

  /** Not there, or its hosts are not. */
  #awaitsRoutes(table: RouteConfiguration | undefined, name: string): boolean {
    if (!table) return !this.#missing.has(`routeConfiguration ${name}`);
    return table.virtualHostSource !== undefined && !this.#hostsTold && !this.#missing.has('virtualHost *');
  }

  /** Until its secrets are there, a changed cluster does not serve, and the one that stood under its name goes on. */
  #warmClustersUp(): Pick<ConfigSnapshot, 'clusters' | 'awaitingSecrets'> {
    const held = this.#shelves.cluster.copy();
    const waiting = [...this.#secured].flatMap((name) => {
      const cluster = held.get(name);
      return cluster && this.#awaitsSecrets(secretNamesOfCluster(cluster.value)) ? [[name, cluster] as const] : [];
    });
    if (waiting.length === 0) return { clusters: (this.#warmClusters = held), awaitingSecrets: nobody };
    const warm = new Map(held);
    const awaitingSecrets = new Set<string>();
    for (const [name, cluster] of waiting) {
      const before = this.#warmClusters.get(name);
      if (before && before !== cluster) warm.set(name, before);
      else awaitingSecrets.add(name);
    }
    // The same map as before, where it is the same, so that nothing is compiled for nothing.
    const isSame = warm.size === this.#warmClusters.size && [...warm].every(([name, cluster]) => this.#warmClusters.get(name) === cluster);
    if (!isSame) this.#warmClusters = warm;
    return { clusters: this.#warmClusters, awaitingSecrets };
  }

  #awaitsSecrets(names: readonly string[]): boolean {
    return names.some((name) => !this.#shelves.secret.has(name) && !this.#missing.has(`secret ${name}`));
  }

  #assignments(): ReadonlyMap<string, ConfigResource<ClusterLoadAssignment>> {
    const held = this.#shelves.clusterLoadAssignment.copy();
    const missing = [...this.#missing].filter((entry) => entry.startsWith(missingEndpoints));
    if (missing.length === 0) return held;
    const nobodies = missing.map((entry) => this.#nobody(entry.slice(missingEndpoints.length)));
    return new Map([...held, ...nobodies.map((nobody) => [nobody.name, nobody] as const)]);
  }

  /** Stands for endpoints that were waited for in vain: the cluster is there and has nobody. */
  #nobody(clusterName: string): ConfigResource<ClusterLoadAssignment> {
    let resource = this.#nobodies.get(clusterName);
    if (!resource) {
      const json = { cluster_name: clusterName };
      resource = {
        typeUrl: typeUrls.clusterLoadAssignment,
        name: clusterName,
        version: versionOf(json),
        versionInfo: '',
        json,
        value: { clusterName, localities: [], overprovisioningPercent: 140 },
        isStatic: false,
        path: '',
        updatedWallTime: this.#options.wallTime(),
      };
      this.#nobodies.set(clusterName, resource);
    }
    return resource;
  }
}

function secretsAmong(resources: readonly { readonly kind: ResourceKind; readonly resource: ConfigResource<ResourceModels[ResourceKind]> }[]): ReadonlyMap<string, ConfigResource<Secret>> {
  return new Map(resources.flatMap(({ kind, resource }) => (kind === 'secret' ? [[resource.name, resource as ConfigResource<Secret>] as const] : [])));
}

const nobody: ReadonlySet<string> = new Set();

const missingEndpoints = 'clusterLoadAssignment ';

function isUsable(problems: readonly Problem[]): boolean {
  return problems.every(({ severity }) => severity !== 'error');
}
