/** When requests come for one service: alone, all at once, steadily, and with pauses long enough to fall asleep in. */
import type { Random } from '@sluice/kernel';
import { between, chance, pick } from './draw.ts';
import type { ServicePlan } from './service-plan.ts';

export interface TrafficPlan {
  readonly atMs: number;
  readonly service: string;
  readonly pattern: 'single' | 'burst' | 'steady';
  /** In the order of `afterMs`. */
  readonly requests: readonly RequestPlan[];
}

export interface RequestPlan {
  /** After the start of its pattern. */
  readonly afterMs: number;
  readonly bodyBytes: number;
  /** The client goes away early, unless it has been answered by then. */
  readonly hangUp?: HangUp;
  /** Sent on a connection that the requests of its pattern share one after the other, instead of one of its own. */
  readonly keepAlive: boolean;
}

export interface HangUp {
  /** After the request was sent. */
  readonly afterMs: number;
  /** Whether it resets the connection; else it closes it in order, which the other side may take for a mere last word. */
  readonly resets: boolean;
}

/** As many requests as one service gets at the most: the run must stay short on the real clock. */
const requestsMax = 300;

export function planTraffic(random: Random, service: ServicePlan, horizonMs: number, graceSeconds: number): TrafficPlan[] {
  const plans: TrafficPlan[] = [];
  let atMs = between(random, 0, 3000);
  let left = requestsMax;
  while (atMs < horizonMs && left > 0) {
    const plan = drawPattern(random, service, atMs, left);
    plans.push(plan);
    left -= plan.requests.length;
    atMs += (plan.requests.at(-1)?.afterMs ?? 0) + drawPauseMs(random, service, graceSeconds);
  }
  return plans;
}

function drawPattern(random: Random, service: ServicePlan, atMs: number, left: number): TrafficPlan {
  const pattern: TrafficPlan['pattern'] = pick(random, ['single', 'burst', 'steady', 'steady']);
  const request = (afterMs: number): RequestPlan => ({
    afterMs,
    bodyBytes: chance(random, 0.2) ? between(random, 1, 20_000) : 0,
    keepAlive: chance(random, 0.5),
    ...(chance(random, 0.05) ? { hangUp: { afterMs: between(random, 1, 2000), resets: chance(random, 0.5) } } : {}),
  });
  switch (pattern) {
    case 'single':
      return { atMs, service: service.name, pattern, requests: [request(0)] };
    case 'burst': {
      const count = Math.min(left, pick(random, [5, 20, 60, 60, 200]));
      return { atMs, service: service.name, pattern, requests: Array.from({ length: count }, () => request(0)) };
    }
    case 'steady': {
      const forMs = between(random, 2, 12) * 1000;
      const perSecond = Math.min(pick(random, [1, 3, 10, 30]), sustainablePerSecond(service));
      const count = Math.max(1, Math.min(left, Math.floor((forMs / 1000) * perSecond)));
      const times = Array.from({ length: count }, () => between(random, 0, forMs)).sort((a, b) => a - b);
      return { atMs, service: service.name, pattern, requests: times.map(request) };
    }
  }
}

/** What the service at its largest keeps up with, so that waiting lines end. */
function sustainablePerSecond(service: ServicePlan): number {
  const { containerConcurrency, maxScale, program } = service;
  if (containerConcurrency === 0) return Number.POSITIVE_INFINITY;
  const pods = maxScale === 0 ? 10 : maxScale;
  return Math.max(1, Math.floor((0.7 * containerConcurrency * pods * 1000) / program.serviceMs[1]));
}

function drawPauseMs(random: Random, { windowSeconds }: ServicePlan, graceSeconds: number): number {
  const untilAsleepMs = (windowSeconds + graceSeconds + 8) * 1000;
  return pick(random, [between(random, 10, 900), between(random, 1000, 5000), untilAsleepMs, between(random, 1000, untilAsleepMs)]);
}
