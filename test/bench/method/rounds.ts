/** Rounds: every target is shot once in each, in a new order, so that nobody always follows the same neighbour. */
import { pause } from './measured-process.ts';
import type { Shot } from './shot.ts';

export interface RoundOptions<Target> {
  readonly targets: readonly Target[];
  readonly rounds: number;
  readonly shoot: (target: Target, round: number) => Promise<Shot>;
  readonly onShot: (shot: Shot) => void;
}

/** Shots that do not count, in turn: V8 goes on compiling for some tens of thousands of requests. */
const warmUps = 2;

/** Warms every target up with shots that do not count (round 0), then shoots. */
export async function shootRounds<Target>({ targets, rounds, shoot, onShot }: RoundOptions<Target>): Promise<Shot[]> {
  const shots: Shot[] = [];
  for (let count = 0; count < warmUps; count += 1) for (const target of targets) await shoot(target, 0);
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

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
