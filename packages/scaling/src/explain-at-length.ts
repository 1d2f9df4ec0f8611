/** A decision with its arithmetic, line by line, for a person who wonders. */
import type { DeciderSpec, Decision } from './decision.ts';

export interface ExplainedDecision {
  readonly spec: DeciderSpec;
  readonly decision: Decision;
  readonly panicWindowMs: number;
}

/** Lines without the sentence that `Decision.reason` is. */
export function explainAtLength({ spec, decision, panicWindowMs }: ExplainedDecision): readonly string[] {
  const { inputs } = decision;
  const { stable, panic, readyPods, stablePods, panicPods, podsMin, podsMax } = inputs;
  const target = figure(spec.targetValue);
  const ready = Math.max(1, readyPods);
  const over = panicPods / ready >= spec.panicThresholdRatio;
  const lines: [string, string][] = [
    ['load', `${spec.metric} ${figure(stable)} over ${spec.stableWindowMs / 1000} s, ${figure(panic)} over ${panicWindowMs / 1000} s`],
    ['per pod', `${target} aimed at, of the ${figure(spec.totalValue)} that one can take`],
    ['wanted', `stable ⌈${figure(stable)} / ${target}⌉ = ${stablePods}, panic ⌈${figure(panic)} / ${target}⌉ = ${panicPods}`],
    ['rates', `${podsMin} to ${podsMax} pods from ${readyPods} ready (down to 1/${figure(spec.maxScaleDownRate)}, up to ${figure(spec.maxScaleUpRate)}×)`],
    ['panic', `${panicPods} / ${ready} = ${figure(panicPods / ready)} ${over ? '≥' : '<'} ${figure(spec.panicThresholdRatio)}: ${panicWord(over, decision.isPanicking)}`],
    ['burst', burst(spec, decision)],
  ];
  if (spec.activationScale > 1) lines.push(['activation', `at least ${spec.activationScale} whenever any are wanted`]);
  if (spec.scaleDownDelayMs > 0) lines.push(['delay', spec.isReachable ? `fewer only after ${spec.scaleDownDelayMs / 1000} s of wanting fewer` : 'none: no route leads there']);
  return lines.map(([name, text]) => `${name.padEnd(12)}${text}`);
}

function panicWord(isOver: boolean, isPanicking: boolean): string {
  if (isOver) return 'panic, which lasts a stable window from now';
  return isPanicking ? 'panic goes on, until a stable window has passed since it last was' : 'no panic';
}

function burst({ targetBurstCapacity, totalValue }: DeciderSpec, { excessBurstCapacity, inputs }: Decision): string {
  if (targetBurstCapacity === 0) return 'no burst to be ready for: activators only while there is no pod';
  if (targetBurstCapacity < 0) return 'any burst is to be borne: activators always in the path';
  const path = excessBurstCapacity >= 0 ? 'straight to the pods' : 'through activators';
  return `${inputs.readyPods} × ${figure(totalValue)} − ${figure(targetBurstCapacity)} − ${figure(inputs.panic)} = ${excessBurstCapacity}: ${path}`;
}

function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}
