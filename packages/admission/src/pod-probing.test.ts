import { describe, expect, it } from 'vitest';
import { PodProbing } from './pod-probing.ts';

const pod = '10.0.0.1:8012';
const other = '10.0.0.2:8012';

function createProbing(): PodProbing {
  return new PodProbing({ firstIntervalMs: 20, intervalRatio: 2, intervalMsMax: 100 });
}

describe('which pods to use', () => {
  it('a pod that Kubernetes calls ready is used without asking', () => {
    const probing = createProbing();
    expect(probing.setEndpoints([pod], [], 0)).toBe(true);
    expect(probing.usablePods).toEqual([pod]);
    expect(probing.takeDue(0)).toEqual([]);
  });

  it('a pod that is not ready is asked until it says so, less and less often', () => {
    const probing = createProbing();
    expect(probing.setEndpoints([], [pod], 0)).toBe(false);
    const askedAt: number[] = [];
    for (let now = 0; askedAt.length < 6; now = probing.nextDueAt ?? now) {
      askedAt.push(now);
      expect(probing.takeDue(now)).toEqual([pod]);
      expect(probing.onProbed(pod, false, now)).toBe(false);
    }
    expect(askedAt).toEqual([0, 20, 60, 140, 240, 340]);

    probing.takeDue(440);
    expect(probing.onProbed(pod, true, 441)).toBe(true);
    expect(probing.usablePods).toEqual([pod]);
    expect(probing.nextDueAt).toBeUndefined();
  });

  it('a question that is under way is not asked again', () => {
    const probing = createProbing();
    probing.setEndpoints([], [pod, other], 0);
    expect(probing.takeDue(0)).toEqual([pod, other]);
    expect(probing.takeDue(1000)).toEqual([]);
    expect(probing.nextDueAt).toBeUndefined();
  });

  it('a pod found usable by asking stays so while Kubernetes still calls it not ready', () => {
    const probing = createProbing();
    probing.setEndpoints([], [pod], 0);
    probing.takeDue(0);
    probing.onProbed(pod, true, 5);
    expect(probing.setEndpoints([], [pod, other], 10)).toBe(false);
    expect(probing.usablePods).toEqual([pod]);
  });

  it('a pod that was ready and is not any more is dropped and asked again', () => {
    const probing = createProbing();
    probing.setEndpoints([pod, other], [], 0);
    expect(probing.setEndpoints([other], [pod], 100)).toBe(true);
    expect(probing.usablePods).toEqual([other]);
    expect(probing.takeDue(100)).toEqual([pod]);
  });

  it('an answer from before the pod became unready does not count', () => {
    const probing = createProbing();
    probing.setEndpoints([], [pod], 0);
    probing.takeDue(0);
    probing.setEndpoints([pod], [], 10);
    probing.setEndpoints([], [pod], 20);
    expect(probing.onProbed(pod, true, 30)).toBe(false);
    expect(probing.usablePods).toEqual([]);
    expect(probing.nextDueAt).toBe(50);
  });

  it('a pod that is gone is forgotten, and a late answer about it is dropped', () => {
    const probing = createProbing();
    probing.setEndpoints([pod], [other], 0);
    probing.takeDue(0);
    expect(probing.setEndpoints([], [], 10)).toBe(true);
    expect(probing.onProbed(other, true, 20)).toBe(false);
    expect(probing.usablePods).toEqual([]);
  });

  it('an address in both lists counts as ready', () => {
    const probing = createProbing();
    probing.setEndpoints([pod], [pod], 0);
    expect(probing.usablePods).toEqual([pod]);
  });
});
