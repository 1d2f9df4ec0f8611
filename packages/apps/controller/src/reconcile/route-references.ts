/**
 * Marks Configurations and Revisions with the Routes that refer to them. A Revision that some Route refers to
 * is `active`; one that none does any more is in `reserve`, and may go to zero whatever its annotations say.
 * A new one is `pending` until its first Route comes.
 */
import {
  isNotFound,
  parseObjectKey,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import {
  annotations,
  configurationKind,
  labels,
  referencedNames,
  revisionKind,
  type Route,
  type RoutingState,
  type TrafficWorld,
} from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';

export interface RouteReferencesOptions {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  /** The time as annotations carry it. */
  readonly now: () => string;
}

export class RouteReferences {
  readonly #options: RouteReferencesOptions;

  constructor(options: RouteReferencesOptions) {
    this.#options = options;
  }

  /** What `route` refers to now is marked; what it referred to before and does no more is unmarked. */
  async update(routeKey: string, route: Route, world: TrafficWorld): Promise<void> {
    const { configurations, revisions } = referencedNames(route, world);
    await this.#mark(routeKey, new Set(configurations), new Set([...revisions, ...servedRevisions(route)]));
  }

  /** The Route has gone: it refers to nothing. */
  async release(routeKey: string): Promise<void> {
    await this.#mark(routeKey, new Set(), new Set());
  }

  async #mark(routeKey: string, configurations: ReadonlySet<string>, revisions: ReadonlySet<string>): Promise<void> {
    const { caches } = this.#options;
    const { namespace, name: route } = parseObjectKey(routeKey);
    const keys = (names: ReadonlySet<string>, before: readonly KubernetesObject[]) =>
      new Set([...names, ...before.map(({ metadata }) => metadata.name)].map((name) => inNamespace(namespace, name)));
    const writes: Promise<unknown>[] = [];
    for (const key of keys(configurations, caches.configurations.store.byIndex(index.route, routeKey))) {
      const configuration = caches.configurations.store.get(key);
      if (configuration)
        writes.push(
          this.#write(configurationKind, configuration, route, configurations.has(configuration.metadata.name), false),
        );
    }
    for (const key of keys(revisions, caches.revisions.store.byIndex(index.route, routeKey))) {
      const revision = caches.revisions.store.get(key);
      if (revision)
        writes.push(this.#write(revisionKind, revision, route, revisions.has(revision.metadata.name), true));
    }
    await Promise.all(writes);
  }

  async #write<T extends KubernetesObject>(
    kind: ResourceKind<T>,
    object: T,
    route: string,
    isReferenced: boolean,
    hasState: boolean,
  ): Promise<void> {
    const before = object.metadata.annotations?.[annotations.routes] ?? '';
    const routes = new Set(before.split(',').filter((name) => name !== ''));
    if (isReferenced) routes.add(route);
    else routes.delete(route);
    const after = [...routes].sort().join(',');
    const state: RoutingState = after === '' ? 'reserve' : 'active';
    const isNewState = hasState && object.metadata.labels?.[labels.routingState] !== state;
    if (after === before && !isNewState) return;
    const metadata = {
      annotations: {
        // In a merge patch null removes.
        [annotations.routes]: after === '' ? null : after,
        ...(isNewState ? { [annotations.routingStateModified]: this.#options.now() } : {}),
      },
      ...(isNewState ? { labels: { [labels.routingState]: state } } : {}),
    };
    const { name, namespace } = object.metadata;
    const reference = namespace === undefined ? { name } : { namespace, name };
    try {
      await this.#options.client.resource(kind).patch(reference, { type: 'merge', body: { metadata } });
    } catch (reason) {
      // Deleted since it was read: nobody refers to it any more.
      if (!isNotFound(reason)) throw reason;
    }
  }
}

/** While new traffic cannot be resolved, the old is served and must not lose its pods. */
function servedRevisions(route: Route): string[] {
  return (route.status?.traffic ?? []).map(({ revisionName }) => revisionName ?? '').filter((name) => name !== '');
}
