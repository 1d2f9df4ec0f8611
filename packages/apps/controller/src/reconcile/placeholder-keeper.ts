/** Keeps the Services that stand for a Route and its tags: made, led to where gateways are, and taken away with their tags. */
import { endpointSlices, isControlledBy, objectKey, services as coreServiceKind, type EndpointSlice, type KubernetesClient, type Service as CoreService } from '@sluice/kubernetes';
import {
  balancerOf,
  clusterHost,
  isClusterLocal,
  isServedHere,
  labels,
  makePlaceholder,
  makePlaceholderSlice,
  taggedName,
  type Balancer,
  type Ingress,
  type Route,
} from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import { mergePlaceholder } from './merge.ts';

export interface PlaceholderKeeperOptions {
  readonly client: KubernetesClient;
  readonly caches: Pick<Caches, 'placeholders' | 'endpointSlices'>;
  readonly config: LiveConfig;
  readonly writer: Writer;
  /** `namespace/name` of the Service by which clients in the cluster reach our gateways. */
  readonly gatewayService: string;
}

export class PlaceholderKeeper {
  readonly #options: PlaceholderKeeperOptions;

  constructor(options: PlaceholderKeeperOptions) {
    this.#options = options;
  }

  /** Of the route itself (the empty one) and its tags those whose Service is labelled as visible to the cluster only. */
  hiddenTags(route: Route): string[] {
    const tags = new Set(['', ...(route.spec.traffic ?? []).map(({ tag = '' }) => tag)]);
    return [...tags].filter((tag) => {
      const service = this.#find(route, tag);
      return service?.metadata.labels?.[labels.visibility] === 'cluster-local' && isControlledBy(service, route);
    });
  }

  /**
   * @param tags of its traffic; the route itself needs not be named
   * @param ingress by which others serve it, if they do
   * @returns the name of a Service that is somebody else's
   */
  async keep(route: Route, tags: readonly string[], ingress: Ingress | undefined): Promise<string | undefined> {
    const kept = await Promise.all(['', ...tags].map((tag) => this.#ensure(route, tag, ingress)));
    await this.#release(route, new Set(kept.map(({ name }) => name)));
    return kept.find(({ isTaken }) => isTaken)?.name;
  }

  async #ensure(route: Route, tag: string, ingress: Ingress | undefined): Promise<{ readonly name: string; readonly isTaken: boolean }> {
    const { client, config, writer } = this.#options;
    let actual = this.#find(route, tag);
    const balancer = this.#balancerOf(route, actual, ingress);
    const desired: CoreService = makePlaceholder(route, tag, config.current, balancer);
    const { name } = desired.metadata;
    // What led somewhere leads there until somebody says where it leads now.
    if (balancer === undefined && actual && isControlledBy(actual, route)) return { name, isTaken: false };
    if (actual && isControlledBy(actual, route) && isOfAnotherForm(actual, desired)) {
      await client.resource(coreServiceKind).delete(actual.metadata, uidOf(actual));
      actual = undefined;
    }
    const made = await writer.ensure<CoreService>({ kind: coreServiceKind, owner: route, desired, actual, merge: mergePlaceholder });
    if (made === 'not-owned') return { name, isTaken: true };
    if (balancer?.kind !== 'address') return { name, isTaken: false };
    const slice = makePlaceholderSlice(made, balancer.ip, config.current) as EndpointSlice;
    const before = this.#options.caches.endpointSlices.store.get(objectKey(slice));
    const behind = await writer.ensure<EndpointSlice>({ kind: endpointSlices, owner: made, desired: slice, actual: before, whenTaken: 'later', merge: (found, wanted) => ({ ...found, ...wanted, metadata: found.metadata }) });
    return { name, isTaken: behind === 'not-owned' };
  }

  /** Ours need not be asked: where their Service is, is known before they serve anything. */
  #balancerOf(route: Route, actual: CoreService | undefined, ingress: Ingress | undefined): Balancer | undefined {
    const { config, gatewayService } = this.#options;
    const { network } = config.current;
    if (isServedHere(route, network)) return { kind: 'name', host: clusterHost(gatewayService, network.clusterDomain) };
    return balancerOf(ingress?.status, isClusterLocal(route) || actual?.metadata.labels?.[labels.visibility] === 'cluster-local');
  }

  #find(route: Route, tag: string): CoreService | undefined {
    const { caches, config } = this.#options;
    return caches.placeholders.store.get(inNamespace(route.metadata.namespace, taggedName(route, tag, config.current)));
  }

  async #release(route: Route, kept: ReadonlySet<string>): Promise<void> {
    const { caches, client } = this.#options;
    const all = caches.placeholders.store.byIndex(index.route, objectKey(route));
    const surplus = all.filter((service) => !kept.has(service.metadata.name) && isControlledBy(service, route));
    await Promise.all(surplus.map((service) => client.resource(coreServiceKind).delete(service.metadata, uidOf(service))));
  }
}

/** An API server takes neither an address from a Service nor a name for what has one. https://github.com/kubernetes/kubernetes/issues/104329 */
function isOfAnotherForm({ spec: actual }: CoreService, { spec: desired }: CoreService): boolean {
  if (actual.type === 'ExternalName') return false;
  return desired.type === 'ExternalName' || (actual.clusterIP === 'None') !== (desired.clusterIP === 'None');
}

function uidOf({ metadata }: CoreService): { readonly uid?: string } {
  return metadata.uid === undefined ? {} : { uid: metadata.uid };
}
