/** How one request is tried: what its cluster says, else its route, and above both what the request itself asks for. */
import type { RequestHead, ResponseHead } from '@sluice/http';
import { defaultBackOff } from '@sluice/resources';
import type { RouterFilter } from '../filters/router/router-filter.ts';
import type { MirrorRequest } from './mirror.ts';
import type { RequestDemands } from './request-demands.ts';
import type { RetryRule } from './retry-rule.ts';
import type { TryPolicy } from './try-policy.ts';
import type { TryTimes } from './try-deadlines.ts';

export interface TryPlan extends TryTimes {
  readonly retry: RetryRule | undefined;
  readonly hedges: boolean;
  readonly mirrors: readonly MirrorRequest[];
  readonly bodyBytesMax: number;
  readonly rewriteToEndpoint: TryPolicy['rewriteToEndpoint'];
  /** Writes into the head which try it is and how long it has. */
  announce(head: RequestHead, tries: number, isTimeoutRetry: boolean, elapsedMs: number): void;
}

export interface PlanOptions {
  readonly policy: TryPolicy;
  readonly demands: RequestDemands | undefined;
  /** The cluster's own policy, in place of the route's. */
  readonly clusterRule: RetryRule | undefined;
  /** Of the cluster; 0 is without limit. */
  readonly streamDurationMaxMs: number;
  /** Of the whole; 0 is without limit. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly mirrors: readonly MirrorRequest[];
  readonly router: RouterFilter | undefined;
}

export function planTries({ policy, demands, clusterRule, timeoutMs, bodyBytesMax, mirrors, router, streamDurationMaxMs }: PlanOptions): TryPlan {
  const configured = clusterRule ?? policy.retry;
  const retry = demands ? withDemands(configured, demands) : configured;
  const wantedMs = demands?.perTryTimeoutMs ?? configured?.perTryTimeoutMs ?? 0;
  // A try that may take as long as the whole has no time of its own.
  const perTryTimeoutMs = timeoutMs > 0 && wantedMs >= timeoutMs ? 0 : wantedMs;
  const hedges = demands?.hedges ?? policy.hedges;
  return {
    retry,
    hedges,
    mirrors,
    bodyBytesMax,
    rewriteToEndpoint: policy.rewriteToEndpoint,
    perTryTimeoutMs,
    perTryIdleTimeoutMs: configured?.perTryIdleTimeoutMs ?? 0,
    streamDurationMaxMs: demands?.streamDurationMs ?? streamDurationMaxMs,
    announce(head, tries, isTimeoutRetry, elapsedMs) {
      if (policy.announcesAttempt) head.set('x-envoy-attempt-count', String(tries));
      if (policy.announcesTimeoutRetry && tries > 1) head.set('x-envoy-is-timeout-retry', String(isTimeoutRetry));
      const leftMs = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - Math.floor(elapsedMs));
      const ownMs = hedges || perTryTimeoutMs === 0 ? leftMs : leftMs === 0 ? perTryTimeoutMs : Math.min(leftMs, perTryTimeoutMs);
      router?.announceTimeout(head, ownMs);
    },
  };
}

/** What a request asks for counts on top of the conditions that are configured, and in place of the numbers. */
function withDemands(rule: RetryRule | undefined, demands: RequestDemands): RetryRule | undefined {
  const { retryOn, retriesMax, statusCodes, headerNames } = demands;
  if (!rule && retryOn.length === 0) return undefined;
  const base = rule ?? emptyRule;
  return {
    ...base,
    on: retryOn.length === 0 ? base.on : new Set([...base.on, ...retryOn]),
    retriesMax: retriesMax ?? base.retriesMax,
    statusCodes: statusCodes.length === 0 ? base.statusCodes : new Set([...base.statusCodes, ...statusCodes]),
    responseTests: headerNames.length === 0 ? base.responseTests : headerNames.map((name) => (head: ResponseHead) => head.has(name)),
  };
}

const emptyRule: RetryRule = {
  on: new Set(),
  retriesMax: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  statusCodes: new Set(),
  responseTests: [],
  requestTests: [],
  hostTests: [],
  hostSelectionTriesMax: 1,
  priorityUpdateFrequency: undefined,
  backOff: defaultBackOff,
  rateLimitedBackOff: undefined,
};
