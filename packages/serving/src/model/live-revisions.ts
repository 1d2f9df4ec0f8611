/** The revisions of a model that follows objects as they change. */
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Revision } from '../api/revision.ts';
import type { ServerlessService } from '../api/serverless-service.ts';
import { isSameContent, privateServiceName } from '../names.ts';
import type { ServingEndpoint, ServingRevision } from '../serving-model.ts';
import { buildRevision, tlsPortName } from './build-revision.ts';
import { endpointsOf } from './endpoints.ts';
import { meshOf, type MeshConfig } from './revision-mesh.ts';
import type { SliceIndex } from './slice-index.ts';

export class LiveRevisions {
  readonly #revisions = new Map<string, Revision>();
  readonly #podAutoscalers = new Map<string, PodAutoscaler>();
  readonly #serverlessServices = new Map<string, ServerlessService>();
  readonly #slices: SliceIndex;
  /** Keys of revisions by that of their private Service. */
  readonly #revisionOf = new Map<string, string>();
  readonly #built = new Map<string, ServingRevision>();
  readonly #dirty = new Set<string>();
  readonly #activatorService: string;
  readonly #addressOf: (service: string) => string;
  #mesh: MeshConfig;
  #activators: readonly ServingEndpoint[] = [];
  #h2cActivators: readonly ServingEndpoint[] = [];
  #areActivatorsDirty = false;

  /** @param addressOf the address in the cluster of a Service, by `namespace/name`; empty where it has none */
  constructor(activatorService: string, slices: SliceIndex, addressOf: (service: string) => string, mesh: MeshConfig) {
    this.#activatorService = activatorService;
    this.#slices = slices;
    this.#addressOf = addressOf;
    this.#mesh = mesh;
  }

  /** How a mesh of others is passed: all revisions are looked at again where that is different. */
  setMesh({ enableMeshPodAddressability, meshCompatibilityMode }: MeshConfig): void {
    const before = this.#mesh;
    this.#mesh = { enableMeshPodAddressability, meshCompatibilityMode };
    if (before.enableMeshPodAddressability === enableMeshPodAddressability && before.meshCompatibilityMode === meshCompatibilityMode) return;
    for (const key of this.#revisions.keys()) this.#dirty.add(key);
  }

  /** @param service `namespace/service`, which has come, gone or changed */
  touchService(service: string): void {
    const revision = this.#revisionOf.get(service);
    if (revision !== undefined) this.#dirty.add(revision);
  }

  /** Sorted by address. */
  get activators(): readonly ServingEndpoint[] {
    return this.#activators;
  }

  /** Whether there is something to take. */
  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#areActivatorsDirty;
  }

  get(key: string): ServingRevision | undefined {
    return this.#built.get(key);
  }

  values(): Iterable<ServingRevision> {
    return this.#built.values();
  }

  setRevision(key: string, revision: Revision | undefined): void {
    const { namespace } = split(key);
    const service = (name: string) => `${namespace}/${privateServiceName(name)}`;
    if (revision && revision.metadata.deletionTimestamp === undefined) {
      this.#revisions.set(key, revision);
      this.#revisionOf.set(service(revision.metadata.name), key);
    } else {
      this.#revisions.delete(key);
      this.#revisionOf.delete(service(split(key).name));
    }
    this.#dirty.add(key);
  }

  setPodAutoscaler(key: string, podAutoscaler: PodAutoscaler | undefined): void {
    this.#put(this.#podAutoscalers, key, podAutoscaler);
    this.#dirty.add(key);
  }

  setServerlessService(key: string, sks: ServerlessService | undefined): void {
    this.#put(this.#serverlessServices, key, sks);
    this.#dirty.add(key);
  }

  /** @param service `namespace/service`, whose endpoints are others now */
  touchEndpoints(service: string): void {
    if (service === this.#activatorService) this.#areActivatorsDirty = true;
    const revision = this.#revisionOf.get(service);
    if (revision !== undefined) this.#dirty.add(revision);
  }

  /** The keys of revisions whose endpoints are different, of those that were there and stay. The rest waits for `take`. */
  takeEndpoints(): ReadonlySet<string> {
    if (this.#areActivatorsDirty) this.#rebuildActivators();
    const changed = new Set<string>();
    for (const key of this.#dirty) {
      if (!this.#built.has(key) || !this.#revisions.has(key)) continue;
      this.#dirty.delete(key);
      if (this.#rebuild(key)) changed.add(key);
    }
    return changed;
  }

  /** The keys of revisions that are different from before. */
  take(): ReadonlySet<string> {
    if (this.#areActivatorsDirty) this.#rebuildActivators();
    const changed = new Set<string>();
    for (const key of this.#dirty) if (this.#rebuild(key)) changed.add(key);
    this.#dirty.clear();
    return changed;
  }

  /** Each revision has its share of the activators, so all are looked at. */
  #rebuildActivators(): void {
    this.#areActivatorsDirty = false;
    const slices = this.#slices.of(this.#activatorService);
    this.#activators = endpointsOf(slices, ['http', 'http1'], tlsPortName);
    // An activator takes HTTP/2 without TLS on its HTTP/1.1 port too, for Services that name no other.
    this.#h2cActivators = endpointsOf(slices, ['http2', 'h2c', 'http'], tlsPortName);
    for (const key of this.#revisions.keys()) this.#dirty.add(key);
  }

  #rebuild(key: string): boolean {
    const before = this.#built.get(key);
    const revision = this.#revisions.get(key);
    if (!revision) return this.#built.delete(key);
    const { namespace, name } = split(key);
    const next = buildRevision({
      revision,
      sks: this.#serverlessServices.get(key),
      podAutoscaler: this.#podAutoscalers.get(key),
      slices: this.#slices.of(`${namespace}/${privateServiceName(name)}`),
      activators: this.#activators,
      h2cActivators: this.#h2cActivators,
      mesh: meshOf({ namespace, name }, this.#addressOf(`${namespace}/${privateServiceName(name)}`), this.#mesh),
    });
    if (before !== undefined && isSameContent(before, next)) return false;
    this.#built.set(key, next);
    return true;
  }

  #put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
}

function split(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
