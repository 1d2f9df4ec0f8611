/** Route → who gets its traffic, in its status; and on those who get it, that they do. */
import { isControlledBy, type KubernetesClient, type ReconcileResult } from '@sluice/kubernetes';
import {
  advanceRollout,
  defaultRoute,
  describeProblems,
  ingressForOthers,
  ingressKind,
  invalidRouteStatus,
  isServedByAll,
  isServedHere,
  obtainedTls,
  protocolOf,
  refusesExternalTls,
  resolveTraffic,
  routeCertificates,
  routeKind,
  routeStatus,
  tagsOf,
  tlsNotEnabled,
  tlsNotEnabledInside,
  validateRoute,
  withHiddenTags,
  type Ingress,
  type ObtainedTls,
  type Protocol,
  type ResolvedTraffic,
  type Route,
  type SteppedRollout,
  type TrafficWorld,
} from '@sluice/serving';
import { inNamespace, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import { mergeDeclared } from './merge.ts';
import type { PlaceholderKeeper } from './placeholder-keeper.ts';
import type { RouteReferences } from './route-references.ts';

export interface RouteReconcilerOptions {
  readonly client: KubernetesClient;
  readonly certificates: CertificateKeeper;
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly writer: Writer;
  readonly placeholders: PlaceholderKeeper;
  readonly references: RouteReferences;
}

export class RouteReconciler {
  readonly #options: RouteReconcilerOptions;

  constructor(options: RouteReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { caches, config: live, writer, references, placeholders } = this.#options;
    const stored = caches.routes.store.get(key);
    if (!stored || stored.metadata.deletionTimestamp !== undefined) {
      await references.release(key);
      return {};
    }
    const declared = defaultRoute(stored);
    const problems = validateRoute(declared);
    if (problems.length > 0) {
      await writer.writeReadiness(
        routeKind,
        stored,
        invalidRouteStatus(stored, describeProblems(problems), writer.now()),
      );
      return {};
    }
    const route = withHiddenTags(declared, placeholders.hiddenTags(declared));
    const world = worldOf(route, caches);
    const traffic = resolveTraffic(route, world);
    const config = live.current;
    const isOurs = isServedHere(route, config.network);
    const ingress = isOurs ? undefined : caches.ingresses.store.get(key);
    const taken = traffic.kind === 'resolved' ? await placeholders.keep(route, tagsOf(traffic.targets), ingress) : undefined;
    const facts = { route, config, protocolOf: speaks(world), elsewhere: isOurs ? undefined : { ingress }, taken };
    const stepped =
      traffic.kind === 'resolved'
        ? advanceRollout({ route, targets: traffic.targets, network: config.network, isServed: isServedByAll(facts), nowMs: writer.nowMs() })
        : undefined;
    const obtained = await this.#obtain(route, traffic);
    const statusFacts = { ...facts, traffic, obtained, ...(stepped && isFollowing(stepped) ? { rollout: stepped.rollout } : {}), now: writer.now() };
    let status = routeStatus(statusFacts);
    if (isOurs) await this.#withdrawIngress(key, route);
    else if (traffic.kind === 'resolved' && taken === undefined) {
      status = routeStatus({ ...statusFacts, elsewhere: { ingress: await this.#ensureIngress(key, { ...route, status }, facts.protocolOf) } });
    }
    // First the new shares, then the news to those who have none any more, so that nobody leaves too early.
    await writer.writeReadiness(routeKind, stored, status);
    await references.update(key, route, world);
    // Whose name is taken is not told when it is free: Services of others are not followed.
    return taken === undefined ? waitOf(stepped, writer.nowMs()) : { requeueAfterMs: takenAgainMs };
  }

  /** The certificates for the hosts that the traffic gives it. As long as it cannot be resolved, those before stay. */
  async #obtain(route: Route, traffic: ResolvedTraffic): Promise<ObtainedTls | undefined> {
    const { certificates, config } = this.#options;
    if (traffic.kind === 'failed') return undefined;
    const { network } = config.current;
    const wanted = routeCertificates(route, tagsOf(traffic.targets), config.current);
    const obtained = await certificates.keep(route, wanted);
    const isInside = network.externalDomainTls && wanted.length === 0 && !refusesExternalTls(route);
    return obtainedTls(obtained, network, isInside ? tlsNotEnabledInside : tlsNotEnabled);
  }

  /** What others' gateways are to serve, they find in an Ingress of their class. */
  #ensureIngress(key: string, route: Route, protocolOf: (revision: string) => Protocol): Promise<Ingress | 'not-owned'> {
    const { caches, config, writer } = this.#options;
    return writer.ensure({
      kind: ingressKind,
      owner: route,
      desired: ingressForOthers(route, config.current, protocolOf),
      actual: caches.ingresses.store.get(key),
      merge: mergeDeclared,
    });
  }

  /** Ours find it in the Route itself: an Ingress of before would have it served twice. */
  async #withdrawIngress(key: string, route: Route): Promise<void> {
    const ingress = this.#options.caches.ingresses.store.get(key);
    if (ingress && isControlledBy(ingress, route)) await this.#options.client.resource(ingressKind).delete(ingress.metadata);
  }
}

/** When a name that was taken is looked at again, in ms. Chosen: somebody has to delete an object first, and will look again as soon. */
const takenAgainMs = 10_000;

/** Routes that follow no configuration have nothing to say of rollouts. */
function isFollowing({ rollout }: SteppedRollout): boolean {
  return rollout.configurations.length > 0;
}

/** Until the next step is due. */
function waitOf(stepped: SteppedRollout | undefined, nowMs: number): ReconcileResult {
  if (!stepped || stepped.nextStepTime === 0) return {};
  return { requeueAfterMs: Math.max(1, Math.ceil(stepped.nextStepTime / 1e6 - nowMs)) };
}

function worldOf(route: Route, caches: Caches): TrafficWorld {
  const { namespace } = route.metadata;
  return {
    configuration: (name) => caches.configurations.store.get(inNamespace(namespace, name)),
    revision: (name) => caches.revisions.store.get(inNamespace(namespace, name)),
  };
}

function speaks(world: TrafficWorld): (revision: string) => Protocol {
  return (name) => {
    const revision = world.revision(name);
    return revision ? protocolOf(revision) : 'http1';
  };
}
