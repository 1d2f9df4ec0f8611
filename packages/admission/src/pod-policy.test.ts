import { createSeededRandom, type Random } from '@sluice/kernel';
import { describe, expect, it } from 'vitest';
import { createPodPolicy } from './pod-policy.ts';
import { PodTracker } from './pod-tracker.ts';

const random = createSeededRandom(1);

function createTrackers(count: number, capacity: number): PodTracker[] {
  return Array.from({ length: count }, (_, index) => new PodTracker(`10.0.0.${index}:8012`, capacity));
}

/** Gives the numbers one after the other. */
function scripted(...numbers: number[]): Random {
  return { next: () => numbers.shift() ?? 0 };
}

describe('with a limit of 1 to 3', () => {
  it('the first pod with room is filled before the next is touched', () => {
    const trackers = createTrackers(3, 2);
    const policy = createPodPolicy(2, random);
    const chosen = Array.from({ length: 7 }, () => policy(trackers)?.address);
    expect(chosen).toEqual([
      '10.0.0.0:8012',
      '10.0.0.0:8012',
      '10.0.0.1:8012',
      '10.0.0.1:8012',
      '10.0.0.2:8012',
      '10.0.0.2:8012',
      undefined,
    ]);
  });
});

describe('with a limit above 3', () => {
  it('pods take turns, and a full one is passed over', () => {
    const trackers = createTrackers(3, 4);
    const policy = createPodPolicy(4, random);
    for (let index = 0; index < 4; index += 1) trackers[1]?.reserve();
    const chosen = Array.from({ length: 4 }, () => policy(trackers)?.address);
    expect(chosen).toEqual(['10.0.0.0:8012', '10.0.0.2:8012', '10.0.0.0:8012', '10.0.0.2:8012']);
  });

  it('turns go on when the list has shrunk', () => {
    const policy = createPodPolicy(10, random);
    const trackers = createTrackers(3, 10);
    policy(trackers);
    policy(trackers);
    policy(trackers);
    expect(policy(trackers.slice(0, 1))?.address).toBe('10.0.0.0:8012');
  });
});

describe('without a limit', () => {
  it('of two pods the lighter is taken', () => {
    const trackers = createTrackers(2, Number.POSITIVE_INFINITY);
    trackers[0]?.reserve();
    expect(createPodPolicy(0, random)(trackers)?.address).toBe('10.0.0.1:8012');
  });

  it('a tie between two is left to chance', () => {
    const first = createPodPolicy(0, scripted(0.9))(createTrackers(2, Number.POSITIVE_INFINITY));
    const second = createPodPolicy(0, scripted(0.1))(createTrackers(2, Number.POSITIVE_INFINITY));
    expect([first?.address, second?.address]).toEqual(['10.0.0.0:8012', '10.0.0.1:8012']);
  });

  it('of many, two different ones are drawn and the lighter is taken', () => {
    const trackers = createTrackers(4, Number.POSITIVE_INFINITY);
    trackers[2]?.reserve();
    // Draws pod 2, then the third of the others, which is pod 3.
    expect(createPodPolicy(0, scripted(0.5, 0.7))(trackers)?.address).toBe('10.0.0.3:8012');
  });

  it('there is no pod among none', () => {
    expect(createPodPolicy(0, random)([])).toBeUndefined();
  });
});
