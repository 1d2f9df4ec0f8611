/** `sluice autoscaler simulate`: what the autoscaler would have done under a recorded load, decision by decision. */
import { readFileSync } from 'node:fs';
import { parseRecording, simulate, type RecordedEvent, type SimulatedStep } from '@sluice/autoscaler';
import { formatProblem, parseDuration, type Checked } from '@sluice/kernel';
import { explainAtLength, parseAutoscalerConfig } from '@sluice/scaling';
import { readFormat, render, type Answer } from '../inspect/output.ts';

export interface SimulateFlags {
  readonly revision?: string;
  /** `target=5`: an annotation, with or without its prefix. */
  readonly set?: readonly string[];
  /** `stable-window=30s`: a key of config-autoscaler. */
  readonly config?: readonly string[];
  readonly podStart: string;
  readonly asRecorded?: boolean;
  /** Every tick, not only what changes. */
  readonly all?: boolean;
  readonly output?: string;
}

export interface ExplainRecordedFlags extends SimulateFlags {
  readonly at?: string;
}

export interface Streams {
  readonly write: (text: string) => void;
  readonly say: (line: string) => void;
}

const prefix = 'autoscaling.knative.dev/';

export function runSimulate(path: string, flags: SimulateFlags, streams: Streams): number {
  const format = readFormat(flags.output, streams.say);
  const steps = format && simulateFile(path, flags, streams);
  if (!format || !steps) return 2;
  streams.write(render(answerOf(flags.all ? steps : steps.filter((step, index) => isChange(steps[index - 1], step))), format, streams.say));
  return 0;
}

/** The decision that was in force at a moment of a recording, with its arithmetic. */
export function runExplainRecorded(path: string, flags: ExplainRecordedFlags, streams: Streams): number {
  const atMs = flags.at === undefined ? Number.POSITIVE_INFINITY : parseDuration(flags.at);
  if (atMs === undefined) return complain(streams, `--at is ${JSON.stringify(flags.at)}, must be a duration such as 12s`);
  const steps = simulateFile(path, flags, streams);
  if (!steps) return 2;
  const step = steps.findLast((found) => found.atMs <= atMs && found.decision);
  if (!step?.decision) return complain(streams, 'nothing has been decided by then: no load was reported');
  const { decision, spec, plan } = step;
  const head = `at ${step.atMs / 1000} s: ${plan.scale} pods, ${plan.mode === 'Serve' ? 'straight to the pods' : 'through activators'}`;
  const lines = explainAtLength({ spec: spec.decider, decision, panicWindowMs: spec.collector.panicWindowMs });
  streams.write([head, reasonOf(step), '', ...lines, ''].join('\n'));
  return 0;
}

function simulateFile(path: string, flags: SimulateFlags, { say }: Streams): readonly SimulatedStep[] | undefined {
  const podStartMs = parseDuration(flags.podStart);
  const config = parseAutoscalerConfig(pairs(flags.config ?? []));
  const read = readRecording(path);
  const problems = [...read.problems, ...config.problems].map(formatProblem);
  if (podStartMs === undefined) problems.push(`--pod-start: is ${JSON.stringify(flags.podStart)}, must be a duration such as 2s`);
  if (!read.ok || !config.ok || podStartMs === undefined) {
    for (const found of problems) say(`error: ${found}`);
    return undefined;
  }
  const revisions = [...new Set(read.value.map(({ revision }) => revision))];
  const revision = flags.revision ?? (revisions.length === 1 ? revisions[0] : undefined);
  if (revision === undefined || !revisions.includes(revision)) {
    say(`error: --revision must be one of those recorded: ${revisions.join(', ') || 'there are none'}`);
    return undefined;
  }
  const annotations = Object.fromEntries(Object.entries(pairs(flags.set ?? [])).map(([name, value]) => [name.includes('/') ? name : prefix + name, value]));
  return simulate({ events: read.value, revision, annotations, config: config.value, podStartMs, isReadyAsRecorded: flags.asRecorded === true });
}

function readRecording(path: string): Checked<readonly RecordedEvent[]> {
  try {
    return parseRecording(readFileSync(path === '-' ? 0 : path, 'utf8'));
  } catch (error) {
    return { ok: false, problems: [{ path, message: (error as Error).message, severity: 'error' }] };
  }
}

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => [text.slice(0, Math.max(0, text.indexOf('='))) || text, text.includes('=') ? text.slice(text.indexOf('=') + 1) : '']));
}

function isChange(before: SimulatedStep | undefined, { plan, decision }: SimulatedStep): boolean {
  return plan.replicas !== undefined || before?.plan.scale !== plan.scale || before.plan.mode !== plan.mode || before.decision?.isPanicking !== decision?.isPanicking;
}

function reasonOf({ decision, plan }: SimulatedStep): string {
  return [decision?.reason, plan.reason].filter(Boolean).join('; ');
}

function answerOf(steps: readonly SimulatedStep[]): Answer<SimulatedStep> {
  const figure = (value: number | undefined) => (value === undefined ? '' : String(Math.round(value * 100) / 100));
  return {
    columns: [
      { title: 'AT', of: ({ atMs }) => `${atMs / 1000}s` },
      { title: 'STABLE', of: ({ decision }) => figure(decision?.inputs.stable) },
      { title: 'PANIC', of: ({ decision }) => figure(decision?.inputs.panic) },
      { title: 'READY', of: ({ readyPods }) => String(readyPods) },
      { title: 'PODS', of: ({ plan }) => (plan.scale < 0 ? '' : String(plan.scale)) },
      { title: 'PATH', of: ({ plan }) => plan.mode },
      { title: 'BURST', of: ({ decision }) => figure(decision?.excessBurstCapacity), isWide: true },
      { title: 'REASON', of: reasonOf },
    ],
    rows: steps,
    source: ({ atMs, readyPods, decision, plan }) => ({ at: atMs / 1000, readyPods, decision, plan }),
    nothing: 'nothing changed',
  };
}

function complain({ say }: Streams, message: string): number {
  say(`error: ${message}`);
  return 2;
}
