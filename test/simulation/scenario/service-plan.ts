/** One Knative Service of a scenario: how it scales, and how the program behind it behaves. */
import type { Random } from '@sluice/kernel';
import { between, chance, pick } from './draw.ts';

export interface ServicePlan {
  readonly name: string;
  readonly containerConcurrency: number;
  /** The stable window. Knative's least is 6. */
  readonly windowSeconds: number;
  readonly minScale: number;
  /** 0 is no limit. */
  readonly maxScale: number;
  readonly targetBurstCapacity: number;
  /** 0: no pod is started until somebody asks. */
  readonly initialScale: 0 | 1;
  readonly program: ProgramPlan;
}

/** How the in-memory program of a pod behaves. */
export interface ProgramPlan {
  /** From the start of the process until it listens: drawn between these two for each pod. */
  readonly startupMs: readonly [number, number];
  /** From the request to the answer: drawn between these two for each request. */
  readonly serviceMs: readonly [number, number];
  readonly responseBytes: number;
  /** Whether answers come in chunks instead of with a length. */
  readonly isChunked: boolean;
}

export function drawService(random: Random, index: number): ServicePlan {
  const containerConcurrency = pick(random, [0, 1, 3, 10, 100]);
  const startupMs = pick(random, [50, 200, 500, 1500]);
  const serviceMs = pick(random, [2, 10, 50, 200]);
  // With few requests per pod a burst would ask for hundreds of pods, which shows nothing that some do not.
  const maxScale = containerConcurrency > 0 && containerConcurrency <= 10 ? pick(random, [2, 3, 6]) : pick(random, [0, 0, 3]);
  return {
    name: `s${index + 1}`,
    containerConcurrency,
    windowSeconds: pick(random, [6, 8, 10, 15]),
    minScale: chance(random, 0.2) ? between(random, 1, 2) : 0,
    maxScale,
    targetBurstCapacity: pick(random, [-1, 0, 10, 70, 211]),
    initialScale: chance(random, 0.25) ? 0 : 1,
    program: {
      startupMs: [startupMs, startupMs * 2],
      serviceMs: [serviceMs, serviceMs * 3],
      responseBytes: pick(random, [0, 12, 100, 5000, 100_000]),
      isChunked: chance(random, 0.3),
    },
  };
}
