/** Chooses what makes the tries of a stream: one plain try, unless its route, its cluster or the request itself asks for more. */
import { anyHost, type Hash64, type PickContext, type SubsetCriteria } from '@sluice/balancing';
import { formatAddress } from '@sluice/kernel';
import type { RouterFilter } from '../filters/router/router-filter.ts';
import type { TunnelKind } from '../codec.ts';
import type { ForwardAction } from '../route-match.ts';
import { findCluster } from './aggregate-choice.ts';
import type { ClusterRuntime } from './cluster-runtime.ts';
import { MirrorRequest } from './mirror.ts';
import type { RequestDemands } from './request-demands.ts';
import { RetryingRequest } from './retrying-request.ts';
import { planTries } from './try-plan.ts';
import { bodyBytesMaxOf, plainTryPolicy, type TryPolicy } from './try-policy.ts';
import type { UpstreamContext } from './upstream-context.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';
import type { UpstreamSide } from './upstream-side.ts';

export interface UpstreamWish {
  readonly action: ForwardAction;
  readonly cluster: ClusterRuntime;
  readonly clusters: ReadonlyMap<string, ClusterRuntime>;
  readonly demands: RequestDemands | undefined;
  readonly timeoutMs: number;
  readonly tunnel: TunnelKind | undefined;
  readonly hash: Hash64 | undefined;
  readonly router: RouterFilter | undefined;
  /** What the listener buffers for a connection. */
  readonly bufferBytesMax: number;
}

/** Everything that may be asked beyond one plain try. */
export function openTries(owner: UpstreamRequestOwner, wish: UpstreamWish, context: UpstreamContext): UpstreamSide {
  const { action, cluster, demands, timeoutMs, tunnel, hash, router } = wish;
  const policy = action.tries ?? plainTryPolicy;
  const { retry, streamDurationMaxMs = 0, mirrors = policy.mirrors } = cluster.config;
  const plan = planTries({
    policy,
    demands,
    clusterRule: retry,
    streamDurationMaxMs,
    timeoutMs,
    bodyBytesMax: bodyBytesMaxOf(policy, wish.bufferBytesMax),
    mirrors: mirrors.length === 0 || owner.request.method === 'CONNECT' ? noMirrors : mirrorsOf(owner, wish, mirrors, context),
    router,
  });
  return new RetryingRequest(owner, cluster, context, cluster.poolsFor(action.isHighPriority), plan, tunnel, pickContextOf(owner, hash, action.subset));
}

export function openPlain(owner: UpstreamRequestOwner, cluster: ClusterRuntime, action: ForwardAction, tunnel: TunnelKind | undefined, hash: Hash64 | undefined, context: UpstreamContext): UpstreamSide {
  return new UpstreamRequest(owner, cluster, context, cluster.poolsFor(action.isHighPriority), tunnel, pickContextOf(owner, hash, action.subset));
}

const noMirrors: readonly MirrorRequest[] = [];

/** Those that this request goes to: each by its share, and none whose cluster is not there. */
function mirrorsOf({ request }: UpstreamRequestOwner, { action, clusters, timeoutMs }: UpstreamWish, mirrors: TryPolicy['mirrors'], { random }: UpstreamContext): readonly MirrorRequest[] {
  const chosen: MirrorRequest[] = [];
  for (const mirror of mirrors) {
    if (mirror.ratio && random.next() >= mirror.ratio()) continue;
    const cluster = findCluster(clusters, mirror.clusterOf(request) ?? '');
    if (cluster) chosen.push(new MirrorRequest(mirror, cluster, action.isHighPriority, timeoutMs));
  }
  return chosen;
}

function pickContextOf({ overrideHost, preferredHost }: UpstreamRequestOwner, hash: Hash64 | undefined, subset: SubsetCriteria | undefined): PickContext {
  if (overrideHost) return { overrideHost: formatAddress(overrideHost), avoids: undefined, hash: undefined };
  if (preferredHost) return { overrideHost: undefined, preferredHost, avoids: undefined, hash, subset };
  return hash === undefined && subset === undefined ? anyHost : { overrideHost: undefined, avoids: undefined, hash, subset };
}
