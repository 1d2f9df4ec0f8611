/** Rollouts by scenario files, worked out from Knative's formulas: under each command stand the shares, and when the next step is due. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseDuration } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildRollout } from './build-rollout.ts';
import { observeReady } from './observe-ready.ts';
import { formatRollout, isDone, noStep, parseRollout, type ConfigurationRollout, type Rollout } from './rollout.ts';
import { spreadTargets } from './spread-targets.ts';
import { stepRollout } from './step-rollout.ts';

const folder = new URL('../../testdata/rollout/', import.meta.url);
const secondNs = 1e9;

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const world = new RolloutWorld();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => world.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

class RolloutWorld {
  #durationSeconds = 0;
  #goal: Rollout = { configurations: [] };
  #state: Rollout | undefined;
  #next = 0;

  run({ name, words }: ScenarioCommand): readonly string[] {
    const [when = '', ...targets] = words;
    const now = (parseDuration(when) ?? 0) * 1e6;
    switch (name) {
      case 'duration':
        this.#durationSeconds = Number(when);
        return [];
      case 'goal':
        this.#goal = { configurations: targets.map(goalOf) };
        this.#step(now);
        break;
      case 'ready':
        if (this.#state) this.#state = observeReady(this.#state, now, this.#durationSeconds);
        this.#step(now);
        break;
      case 'step':
        this.#step(now);
        break;
      case 'run':
        // As the controller does: again when the next step is due.
        while (this.#next > 0 && this.#next <= now) this.#step(this.#next);
        break;
      default:
        throw new Error(`unknown command ${name}`);
    }
    return this.#lines();
  }

  #step(now: number): void {
    const { rollout, nextStepTime } = stepRollout(this.#goal, this.#state, now);
    // What is kept between two looks is the annotation, not the value.
    this.#state = parseRollout(formatRollout(rollout));
    expect(this.#state).toEqual(rollout);
    this.#next = nextStepTime;
  }

  #lines(): readonly string[] {
    const lines = (this.#state?.configurations ?? []).map(describeConfiguration);
    return [...(lines.length === 0 ? ['nothing'] : lines), ...(this.#next > 0 ? [`next ${this.#next / secondNs}s`] : [])];
  }
}

/** `[tag/]configuration:revision=percent`. */
function goalOf(word: string): ConfigurationRollout {
  const [, tag = '', configurationName = '', revisionName = '', text] = /^(?:(.*)\/)?(.*):(.*)=(.*)$/.exec(word) ?? [];
  const percent = Number(text);
  return { configurationName, tag, percent, revisions: [{ revisionName, percent }], step: noStep };
}

function describeConfiguration({ configurationName, tag, revisions, step }: ConfigurationRollout): string {
  const shares = revisions.map(({ revisionName, percent }) => `${revisionName} ${percent} %`).join(', ');
  const plan = step.stepSize === 0 ? '' : `, ${step.stepSize} % each ${step.stepDuration / secondNs}s`;
  return `${tag === '' ? '' : `${tag}/`}${configurationName}: ${shares}${plan}`;
}

describe('what a rollout leads to', () => {
  const target = { configurationName: 'web', revisionName: 'web-2', latestRevision: true, percent: 90, tag: '' };

  test('targets of one configuration are taken together, and a tag has all of its own', () => {
    const { configurations } = buildRollout([target, { ...target, percent: 10, tag: 'beta' }, { ...target, latestRevision: false, revisionName: 'web-1', percent: 0 }]);
    expect(configurations.map(({ tag, percent, revisions }) => ({ tag, percent, revisions }))).toEqual([
      { tag: '', percent: 100, revisions: [{ revisionName: 'web-2', percent: 100 }] },
      { tag: 'beta', percent: 100, revisions: [{ revisionName: 'web-2', percent: 100 }] },
    ]);
  });

  test('in the status each revision stands by itself, and the newest alone is called the latest', () => {
    const rollout: Rollout = {
      configurations: [
        { configurationName: 'web', tag: '', percent: 80, step: noStep, revisions: [{ revisionName: 'web-1', percent: 30 }, { revisionName: 'web-2', percent: 50 }] },
      ],
    };
    const pinned = { ...target, latestRevision: false, revisionName: 'old', percent: 20 };
    const spread = spreadTargets([{ ...target, percent: 50 }, pinned, { ...target, percent: 30, tag: 'beta' }], rollout);
    expect(spread.map(({ revisionName, percent, latestRevision, tag }) => [revisionName, percent, latestRevision, tag])).toEqual([
      ['web-1', 30, false, ''],
      ['web-2', 20, true, ''],
      ['old', 20, false, ''],
      ['web-2', 30, true, 'beta'],
    ]);
  });
});

describe('a state that makes no sense is none', () => {
  const state = (configuration: object) => JSON.stringify({ configurations: [{ configurationName: 'web', percent: 50, ...configuration }] });
  const revisions = [{ revisionName: 'a', percent: 50 }];

  test.each([
    ['no JSON', '{'],
    ['more than all', state({ percent: 101, revisions: [{ revisionName: 'a', percent: 101 }] })],
    ['a step backwards', state({ revisions, stepParams: { stepSize: -1 } })],
    ['a step beyond the share', state({ revisions, stepParams: { stepSize: 51 } })],
    ['shares that are not the whole', state({ revisions: [{ revisionName: 'a', percent: 49 }] })],
    ['a configuration without name', JSON.stringify({ configurations: [{ percent: 0, revisions: [] }] })],
  ])('%s', (_, text) => expect(parseRollout(text)).toBeUndefined());

  test('one that does is read as it was written', () => {
    expect(parseRollout(state({ revisions }))?.configurations[0]).toMatchObject({ percent: 50, revisions, tag: '', step: noStep });
  });
});

test('however revisions come and gateways dawdle, shares always make up the whole, the newest never loses any, and it ends', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('revision' as const), afterSeconds: fc.nat(200) }),
    fc.record({ kind: fc.constant('ready' as const), afterSeconds: fc.nat(60) }),
    fc.record({ kind: fc.constant('look' as const), afterSeconds: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 600 }), (events, percent, durationSeconds) => {
      let newest = 1;
      let now = secondNs;
      const goal = (): Rollout => ({ configurations: [goalOf(`web:${newest}=${percent}`)] });
      let state = stepRollout(goal(), undefined, now);
      const newestShare = (rollout: Rollout) => rollout.configurations[0]?.revisions.find(({ revisionName }) => revisionName === String(newest))?.percent ?? 0;
      const look = (isReady: boolean) => {
        const before = isReady ? observeReady(state.rollout, now, durationSeconds) : state.rollout;
        const share = newestShare(before);
        state = stepRollout(goal(), before, now);
        const shares = state.rollout.configurations[0]?.revisions.map((revision) => revision.percent) ?? [];
        expect(shares.reduce((sum, one) => sum + one, 0)).toBe(percent);
        expect(shares.every((one) => one >= 0)).toBe(true);
        expect(newestShare(state.rollout)).toBeGreaterThanOrEqual(share);
      };
      for (const { kind, afterSeconds } of events) {
        now += afterSeconds * secondNs;
        if (kind === 'revision') newest += 1;
        look(kind === 'ready');
      }
      look(true);
      for (let steps = 0; steps < 200 && state.nextStepTime > 0; steps += 1) {
        now = Math.max(now, state.nextStepTime);
        look(true);
      }
      expect(isDone(state.rollout)).toBe(true);
      expect(newestShare(state.rollout)).toBe(percent);
    }),
  );
});
