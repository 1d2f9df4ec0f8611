import type { HorizontalPodAutoscalerSpec } from '@sluice/kubernetes';
import { describe, expect, test } from 'vitest';
import { decideScale, noHistory, withChange, type Decision } from './scaling-behavior.ts';

type Behavior = HorizontalPodAutoscalerSpec['behavior'];

/** One autoscaler, looked at every 15 s. */
class World {
  replicas: number;
  now = 0;
  #history = noHistory;
  readonly #spec: HorizontalPodAutoscalerSpec;

  constructor(replicas: number, behavior?: Behavior, bounds: { readonly minReplicas?: number; readonly maxReplicas?: number } = {}) {
    this.replicas = replicas;
    this.#spec = { scaleTargetRef: { kind: 'Deployment', name: 'x' }, maxReplicas: 100, ...bounds, ...(behavior ? { behavior } : {}) };
  }

  look(proposed: number, afterSeconds = 15): Decision {
    this.now += afterSeconds * 1000;
    const decision = decideScale(proposed, this.replicas, this.#spec, this.#history, this.now);
    this.#history = withChange(decision.history, decision.replicas - this.replicas, this.now);
    this.replicas = decision.replicas;
    return decision;
  }

  /** Replicas after each look. */
  follow(...proposed: readonly number[]): number[] {
    return proposed.map((one) => this.look(one).replicas);
  }
}

describe('with nothing said of behaviour', () => {
  test('it goes up at once, to twice as many or to four in one look', () => {
    expect(new World(1).follow(50, 50, 50, 50, 50)).toEqual([4, 8, 16, 32, 50]);
    expect(new World(3).look(50)).toMatchObject({ replicas: 6, limited: { reason: 'ScaleUpLimit' } });
  });

  test('it goes down when five minutes have asked for no more', () => {
    const world = new World(10);
    world.look(10);
    for (let turn = 0; turn < 19; turn += 1) expect(world.look(2)).toMatchObject({ replicas: 10, stabilized: 'down' });
    expect(world.look(2)).toMatchObject({ replicas: 2, stabilized: undefined });
  });

  test('it keeps within its bounds', () => {
    expect(new World(2, undefined, { maxReplicas: 3 }).look(9)).toMatchObject({ replicas: 3, limited: { reason: 'TooManyReplicas' } });
    const world = new World(4, { scaleDown: { stabilizationWindowSeconds: 0 } }, { minReplicas: 2 });
    expect(world.look(1)).toMatchObject({ replicas: 2, limited: { reason: 'TooFewReplicas' } });
  });
});

describe('windows', () => {
  test('up only by what all of the window has asked for', () => {
    const world = new World(2, { scaleUp: { stabilizationWindowSeconds: 30 } });
    world.look(2);
    expect(world.look(6)).toMatchObject({ replicas: 2, stabilized: 'up' });
    expect(world.look(4)).toMatchObject({ replicas: 4, stabilized: undefined });
  });

  test('down only to the most that the window has asked for', () => {
    const world = new World(10, { scaleDown: { stabilizationWindowSeconds: 60 } });
    expect(world.follow(8, 3, 5, 3, 3, 3)).toEqual([10, 10, 10, 10, 5, 5]);
  });
});

describe('policies', () => {
  test('so many pods in so much time, counted from when it began', () => {
    const scaleDown = { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 30 } as const] };
    expect(new World(10, { scaleDown }).follow(1, 1, 1, 1, 1)).toEqual([8, 8, 6, 6, 4]);
  });

  test('a share of what there was', () => {
    const scaleUp = { policies: [{ type: 'Percent', value: 50, periodSeconds: 15 } as const] };
    expect(new World(4, { scaleUp }).follow(20, 20, 20, 20)).toEqual([6, 9, 14, 20]);
    const scaleDown = { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 10, periodSeconds: 15 } as const] };
    expect(new World(80, { scaleDown }).follow(10, 10)).toEqual([72, 64]);
  });

  test('of several the one that changes most, or least, or none', () => {
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 15 } as const, { type: 'Percent', value: 100, periodSeconds: 15 } as const];
    const up = (selectPolicy: 'Max' | 'Min' | 'Disabled') => new World(4, { scaleUp: { selectPolicy, policies } }).look(20).replicas;
    expect([up('Max'), up('Min'), up('Disabled')]).toEqual([8, 5, 4]);
    const down = (selectPolicy: 'Max' | 'Min' | 'Disabled') => new World(4, { scaleDown: { stabilizationWindowSeconds: 0, selectPolicy, policies } }).look(1).replicas;
    expect([down('Max'), down('Min'), down('Disabled')]).toEqual([1, 3, 4]);
  });

  test('what was taken away a moment ago may come back', () => {
    const scaleUp = { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 } as const] };
    const world = new World(10, { scaleUp, scaleDown: { stabilizationWindowSeconds: 0 } });
    expect(world.follow(4, 10)).toEqual([4, 10]);
  });
});
