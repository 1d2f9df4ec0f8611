/**
 * How long it takes from the first request over the target to the write that asks for more pods, by size of the step: load that
 * is pushed and load that is asked for, beside what Knative's periods come to.
 */
import { parseArgs } from 'node:util';
import { createSeededRandom } from '@sluice/kernel';
import { buildScalingSpec, DEFAULT_AUTOSCALER_CONFIG } from '@sluice/scaling';
import { describeMachine, renderMachine } from '../method/machine.ts';
import { knativeDecisionMs } from './knative-formula.ts';
import { startSteppedRevisions, target, type LoadPath } from './stepped-revisions.ts';

export interface DecisionOptions {
  /** Steps to this many times the target. */
  readonly steps: readonly number[];
  /** Revisions for each step and path. */
  readonly revisions: number;
  /** How long they are quiet first, in ms. */
  readonly quietMs: number;
  /** How long a decision is waited for, in ms. */
  readonly patienceMs: number;
  readonly paths: readonly LoadPath[];
}

export interface DecisionTimes {
  readonly path: LoadPath | 'knative';
  readonly step: number;
  /** Milliseconds, sorted; infinite where nothing was decided in time. */
  readonly times: readonly number[];
}

/** Over which the requests of a step arrive, in ms. */
const rampMs = 20;

/** What 99 in 100 must stay below with tenfold steps, pushed. */
const goalMs = 250;

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { steps: { type: 'string', default: '2,3,5,7,10' }, revisions: { type: 'string', default: '100' }, quiet: { type: 'string', default: '8' }, only: { type: 'string', default: 'push,scrape' } } });
  const machine = describeMachine();
  const runs = await measureDecisions({
    steps: values.steps.split(',').map(Number),
    revisions: Number(values.revisions),
    quietMs: Number(values.quiet) * 1_000,
    patienceMs: 12_000,
    paths: values.only.split(',').filter((path) => path === 'push' || path === 'scrape'),
  });
  console.log(`${renderMachine(machine)}\n\nms from the first request over the target to the write that asks for more pods: p50 / p99\n`);
  console.log(renderDecisions(runs));
  const tenfold = runs.find(({ path, step }) => path === 'push' && step === 10);
  if (tenfold) console.log(`\npushed, tenfold: p99 ${percentile(tenfold.times, 0.99).toFixed(0)} ms, goal ${goalMs} ms: ${percentile(tenfold.times, 0.99) <= goalMs ? 'met' : 'NOT MET'}`);
  return 0;
}

export async function measureDecisions(options: DecisionOptions): Promise<readonly DecisionTimes[]> {
  const runs: DecisionTimes[] = [];
  for (const path of options.paths) runs.push(...(await measurePath(path, options)));
  const spec = buildScalingSpec({ annotations: { 'autoscaling.knative.dev/target': String(target), 'autoscaling.knative.dev/target-utilization-percentage': '100' }, containerConcurrency: 0, isReachable: true, config: DEFAULT_AUTOSCALER_CONFIG });
  const random = createSeededRandom(1);
  for (const step of options.steps) runs.push({ path: 'knative', step, times: sorted(Array.from({ length: 1_000 }, () => knativeDecisionMs(spec, step * target, random))) });
  return runs;
}

/** All revisions are quiet together; then each has its step at a moment of its own within four seconds. */
async function measurePath(path: LoadPath, { steps, revisions: perStep, quietMs, patienceMs }: DecisionOptions): Promise<readonly DecisionTimes[]> {
  const random = createSeededRandom(7);
  const { revisions, stop } = await startSteppedRevisions(steps.length * perStep, path);
  try {
    await pause(quietMs);
    const measured = await Promise.all(
      revisions.map(async (revision, index) => {
        await pause(random.next() * 4_000);
        const step = steps[index % steps.length] as number;
        const overAt = await revision.step(step * target, rampMs);
        const giveUpAt = performance.now() + patienceMs;
        while (revision.scaledAt === undefined && performance.now() < giveUpAt) await pause(50);
        return { step, ms: (revision.scaledAt ?? Number.POSITIVE_INFINITY) - overAt };
      }),
    );
    return steps.map((step) => ({ path, step, times: sorted(measured.filter((one) => one.step === step).map(({ ms }) => ms)) }));
  } finally {
    await stop();
  }
}

export function percentile(times: readonly number[], share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
}

function renderDecisions(runs: readonly DecisionTimes[]): string {
  const steps = [...new Set(runs.map(({ step }) => step))];
  const paths = [...new Set(runs.map(({ path }) => path))];
  const cell = (path: string, step: number): string => {
    const times = runs.find((one) => one.path === path && one.step === step)?.times ?? [];
    return `${percentile(times, 0.5).toFixed(0)} / ${percentile(times, 0.99).toFixed(0)}`;
  };
  return [`| step | ${paths.join(' | ')} |`, `| ---: |${paths.map(() => ' ---: |').join('')}`, ...steps.map((step) => `| ${step}× | ${paths.map((path) => cell(path, step)).join(' | ')} |`)].join('\n');
}

function sorted(times: readonly number[]): readonly number[] {
  return times.toSorted((a, b) => a - b);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
