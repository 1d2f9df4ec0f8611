/** Route → who gets its traffic, in its status; and on those who get it, that they do. */
import type { ReconcileResult } from '@sluice/kubernetes';
import {
  advanceRollout,
  defaultRoute,
  describeProblems,
  invalidRouteStatus,
  isServedByAll,
  protocolOf,
  resolveTraffic,
  routeKind,
  routeStatus,
  validateRoute,
  type Protocol,
  type Route,
  type SteppedRollout,
  type TrafficWorld,
} from '@sluice/serving';
import { inNamespace, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import type { RouteReferences } from './route-references.ts';

export interface RouteReconcilerOptions {
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly writer: Writer;
  readonly references: RouteReferences;
}

export class RouteReconciler {
  readonly #options: RouteReconcilerOptions;

  constructor(options: RouteReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { caches, config, writer, references } = this.#options;
    const stored = caches.routes.store.get(key);
    if (!stored || stored.metadata.deletionTimestamp !== undefined) {
      await references.release(key);
      return {};
    }
    const route = defaultRoute(stored);
    const problems = validateRoute(route);
    if (problems.length > 0) {
      await writer.writeReadiness(
        routeKind,
        stored,
        invalidRouteStatus(stored, describeProblems(problems), writer.now()),
      );
      return {};
    }
    const world = worldOf(route, caches);
    const traffic = resolveTraffic(route, world);
    const facts = { route, config: config.current, protocolOf: speaks(world) };
    const stepped =
      traffic.kind === 'resolved'
        ? advanceRollout({ route, targets: traffic.targets, network: config.current.network, isServed: isServedByAll(facts), nowMs: writer.nowMs() })
        : undefined;
    // First the new shares, then the news to those who have none any more, so that nobody leaves too early.
    await writer.writeReadiness(
      routeKind,
      stored,
      routeStatus({ ...facts, traffic, ...(stepped && isFollowing(stepped) ? { rollout: stepped.rollout } : {}), now: writer.now() }),
    );
    await references.update(key, route, world);
    return waitOf(stepped, writer.nowMs());
  }
}

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
