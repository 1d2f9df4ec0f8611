/**
 * What proxies beside plain programs are told: for each namespace that has some connected, the Services of the cluster. Where none is, it costs nothing;
 * the first of a namespace finds its snapshot made when it is asked for.
 */
import { formatProblem, type Counter, type Logger, type Meter } from '@sluice/kernel';
import type { LiveModel, ModelChange, ServiceView } from '@sluice/serving';
import { backendResources, namespaceOfSidecars, sidecarGroup, sidecarResources, type MeshService } from '@sluice/translator';
import { createSnapshot, updateSnapshot, type Codec, type SnapshotCache, type SnapshotResult } from '@sluice/xds';
import { meshService } from './mesh-services.ts';

export interface SidecarControlOptions {
  readonly model: LiveModel;
  readonly cache: SnapshotCache;
  readonly codec: Codec;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clusterDomain: () => string;
  /** The groups that somebody of is connected now. */
  readonly groups: () => ReadonlySet<string>;
}

export class SidecarControl {
  readonly #options: SidecarControlOptions;
  readonly #services = new Map<string, ServiceView>();
  /** Namespaces whose snapshots are up to date. */
  readonly #current = new Set<string>();
  readonly #refused: Counter;
  /** Made when somebody needs it, from the Services as they are. */
  #mesh: readonly MeshService[] | undefined;
  #domain = '';
  /** Before everything has been listed, nothing is said. */
  #isStarted = false;

  constructor(options: SidecarControlOptions) {
    this.#options = options;
    this.#refused = options.meter.counter('sluice_snapshots_refused_total', 'snapshots of a node group that were refused');
  }

  /** A node says that it is of this group; if that is one of sidecars, there is a snapshot for it afterwards. */
  onNode(group: string): void {
    const namespace = namespaceOfSidecars(group);
    if (namespace !== undefined && this.#isStarted && !this.#current.has(namespace)) this.#publishAll(namespace);
  }

  onService(key: string, service: ServiceView | undefined): void {
    if (service && service.metadata.deletionTimestamp === undefined) this.#services.set(key, service);
    else this.#services.delete(key);
    this.#mesh = undefined;
  }

  /** The model has taken over what has changed. */
  update({ backends }: Pick<ModelChange, 'backends'>): void {
    this.#isStarted = true;
    const domain = this.#options.clusterDomain();
    const isSame = this.#mesh !== undefined && domain === this.#domain;
    this.#domain = domain;
    if (isSame && backends.size === 0) return;
    // A change of who is behind a Service must not cost what all of them do.
    this.#mesh = isSame ? this.#mesh : undefined;
    const known = [...this.#current];
    this.#current.clear();
    for (const group of this.#options.groups()) {
      const namespace = namespaceOfSidecars(group);
      if (namespace === undefined) continue;
      if (isSame && known.includes(namespace)) this.#publishBackends(namespace, backends);
      else this.#publishAll(namespace);
    }
    if (isSame) this.#mesh = this.#withBackends(backends);
  }

  #publishAll(namespace: string): void {
    const { model, cache, codec } = this.#options;
    this.#mesh ??= [...this.#services.values()].flatMap((service) => meshService(service, model) ?? []);
    const resources = sidecarResources(this.#mesh, namespace, this.#options.clusterDomain());
    this.#offer(namespace, createSnapshot(resources, codec, cache.get(sidecarGroup(namespace))));
  }

  #publishBackends(namespace: string, keys: ReadonlySet<string>): void {
    const { model, cache, codec } = this.#options;
    const before = cache.get(sidecarGroup(namespace));
    const changed = [...keys].flatMap((key) => {
      const backend = model.backend(key);
      return backend && this.#isMeshed(key) ? backendResources(backend) : [];
    });
    if (before) this.#offer(namespace, updateSnapshot(before, { changed, removed: [] }, codec));
  }

  #isMeshed(key: string): boolean {
    return (this.#mesh ?? []).some(({ ports }) => ports.some(({ backend }) => backend.key === key));
  }

  #withBackends(keys: ReadonlySet<string>): readonly MeshService[] | undefined {
    const { model } = this.#options;
    return this.#mesh?.map((service) =>
      service.ports.some(({ backend }) => keys.has(backend.key)) ? { ...service, ports: service.ports.map((port) => ({ ...port, backend: model.backend(port.backend.key) ?? port.backend })) } : service,
    );
  }

  #offer(namespace: string, result: SnapshotResult): void {
    const { cache, logger } = this.#options;
    if (!result.ok) {
      this.#refused.add();
      logger.error('snapshot refused', { group: sidecarGroup(namespace), problems: result.problems.map(formatProblem) });
      return;
    }
    this.#current.add(namespace);
    cache.set(sidecarGroup(namespace), result.snapshot);
  }
}
