import { describe, expect, test } from 'vitest';
import { PodReach } from './pod-reach.ts';

describe('pods', () => {
  test('are called from the start, and for good once one has answered', () => {
    const reach = new PodReach(false);
    expect([reach.reach, reach.isSettled]).toEqual(['pods', false]);
    expect(reach.onPodReady()).toBe(false);
    expect(reach.isSettled).toBe(true);
    expect(reach.onPodsAsked(['mesh', 'mesh'])).toBe(false);
    expect(reach.reach).toBe('pods');
  });

  test('are doubted when all that were asked answer as a mesh does, and no sooner', () => {
    const reach = new PodReach(false);
    expect(reach.onPodsAsked(['mesh', 'other'])).toBe(false);
    expect(reach.onServiceAsked('ready')).toBe(false);
    expect(reach.onPodsAsked(['mesh', 'mesh'])).toBe(true);
    expect([reach.reach, reach.isSettled]).toEqual(['doubted', false]);
  });

  test('are called again when one answers after all', () => {
    const reach = new PodReach(false);
    reach.onPodsAsked(['mesh']);
    expect(reach.onPodsAsked(['mesh', 'ready'])).toBe(true);
    expect(reach.reach).toBe('pods');
  });
});

describe('the Service', () => {
  test('is called for good once it answers in place of pods that are doubted', () => {
    const reach = new PodReach(false);
    reach.onPodsAsked(['mesh']);
    expect(reach.onServiceAsked('mesh')).toBe(false);
    expect(reach.onServiceAsked('ready')).toBe(true);
    expect(reach.onPodReady()).toBe(false);
    expect([reach.reach, reach.isSettled]).toEqual(['service', true]);
  });

  test('is all there is where pods are never called', () => {
    const reach = new PodReach(true);
    expect(reach.onPodReady()).toBe(false);
    expect(reach.reach).toBe('doubted');
    reach.onServiceAsked('ready');
    expect(reach.reach).toBe('service');
  });
});
