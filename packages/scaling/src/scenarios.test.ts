/** Windows and decider by scenario files: literal numbers, worked out from the formulas of Knative that their sources name. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseDuration } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { createDeciderState, decide } from './decide.ts';
import type { DeciderSpec, DeciderState } from './decision.ts';
import { TimeWindow, type Aggregation } from './time-window.ts';

async function expectAsWritten(folder: string, file: string, run: (command: ScenarioCommand) => readonly string[]): Promise<void> {
  const path = new URL(`../testdata/${folder}/${file}`, import.meta.url);
  await expect(runScenario(readFileSync(path, 'utf8'), run)).toMatchFileSnapshot(path.pathname);
}

const filesIn = (folder: string) => readdirSync(new URL(`../testdata/${folder}/`, import.meta.url));

const durationOf = (text: string | undefined): number => {
  const ms = text === undefined ? 0 : parseDuration(text);
  if (ms === undefined) throw new Error(`no duration: ${text}`);
  return ms;
};

describe('the decider', () => {
  test.each(filesIn('decide'))('%s', async (file) => {
    let spec: DeciderSpec | undefined;
    let state: DeciderState = createDeciderState(0, 0);
    await expectAsWritten('decide', file, ({ name, words, options }) => {
      const number = (option: string, fallback?: number) => Number(options.get(option) ?? fallback);
      switch (name) {
        case 'spec':
          spec = {
            metric: 'concurrency',
            targetValue: number('target'),
            totalValue: number('total'),
            targetBurstCapacity: number('burst'),
            maxScaleUpRate: number('up'),
            maxScaleDownRate: number('down'),
            panicThresholdRatio: number('threshold'),
            activationScale: number('activation', 1),
            stableWindowMs: durationOf(options.get('window')),
            scaleDownDelayMs: durationOf(options.get('delay')),
            isReachable: options.get('reachable') !== 'no',
          };
          return [];
        case 'start':
          state = createDeciderState(number('ready'), 0);
          return [state.panicAt === undefined ? 'calm' : 'panic'];
        case 'at': {
          const observed = { readyPods: number('ready'), stable: number('stable'), panic: number('panic') };
          const { decision, state: next } = decide(spec as DeciderSpec, observed, state, durationOf(words[0]));
          state = next;
          const mood = decision.isPanicking ? 'panic' : 'calm';
          return [`${decision.desiredPods} pods, ${mood}, excess burst capacity ${decision.excessBurstCapacity}`, decision.reason];
        }
        default:
          throw new Error(`unknown command: ${name}`);
      }
    });
  });
});

describe('a window', () => {
  test.each(filesIn('window'))('%s', async (file) => {
    let window = new TimeWindow(1000);
    await expectAsWritten('window', file, ({ name, words }) => {
      const [time, value] = words;
      switch (name) {
        case 'window':
          window = new TimeWindow(durationOf(time), (value as Aggregation | undefined) ?? 'linear');
          return [];
        case 'record':
          window.record(durationOf(time), Number(value));
          return [];
        case 'average': {
          const now = durationOf(time);
          return [window.isEmpty(now) ? 'empty' : String(window.average(now))];
        }
        default:
          throw new Error(`unknown command: ${name}`);
      }
    });
  });
});
