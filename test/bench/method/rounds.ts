/** Rounds: every target is shot once in each, in a new order, so that nobody always follows the same neighbour. */
import { pause } from './measured-process.ts';
import type { Shot } from './shot.ts';

export interface RoundOptions<Target> {
  readonly targets: readonly Target[];
  readonly rounds: number;
  readonly shoot: (target: Target, round: number) => Promise<Shot>;
  readonly onShot: (shot: Shot) => void;
  /** Of each target, before anything counts, at most. Default 5. */
  readonly warmUpsMax?: number;
}

/**
 * Shots of each target that do not count: V8 goes on compiling for some tens of thousands of requests, and nobody knows when it
 * is done. The same rule holds for all: two at least, then until two in a row cost nearly the same, and not for ever.
 */
const warmUpsMin = 2;
const warmUpsMaxUsual = 5;
const settledRatio = 1.1;

/** Warms every target up with shots that do not count (round 0), in turns, then shoots. */
export async function shootRounds<Target>({ targets, rounds, shoot, onShot, warmUpsMax = warmUpsMaxUsual }: RoundOptions<Target>): Promise<Shot[]> {
  const shots: Shot[] = [];
  await warmUp(targets, shoot, warmUpsMax);
  for (let round = 1; round <= rounds; round += 1) {
    for (const target of shuffled(targets)) {
      const shot = await shoot(target, round);
      shots.push(shot);
      onShot(shot);
      await pause(100);
    }
  }
  return shots;
}

async function warmUp<Target>(targets: readonly Target[], shoot: RoundOptions<Target>['shoot'], warmUpsMax: number): Promise<void> {
  const last = new Map<Target, number>();
  let unsettled = targets;
  for (let count = 1; count <= warmUpsMax && unsettled.length > 0; count += 1) {
    const next: Target[] = [];
    for (const target of unsettled) {
      const { cpuUs } = await shoot(target, 0);
      if (count < warmUpsMin || !isNear(cpuUs, last.get(target) ?? 0)) next.push(target);
      last.set(target, cpuUs);
    }
    unsettled = next;
  }
}

function isNear(one: number, other: number): boolean {
  return Math.max(one, other) <= settledRatio * Math.min(one, other);
}

/** A copy in a new order. */
export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
