/** `envoy.type.v3.Percent` and `FractionalPercent`, as ratios. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

const denominators = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;

/** `{value: 50}` as 0.5. */
export function readPercent(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const percent = reader.number('value', 0, { min: 0, max: 100 });
  reader.done();
  return percent / 100;
}

/** `{numerator: 1, denominator: TEN_THOUSAND}` as 0.0001. More than the whole is the whole, as in Envoy. */
export function readFractionalPercent(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const numerator = reader.uint32('numerator', 0);
  const denominator = reader.enum('denominator', ['HUNDRED', 'TEN_THOUSAND', 'MILLION'], 'HUNDRED');
  reader.done();
  return Math.min(1, numerator / denominators[denominator]);
}

/** `RuntimeFractionalPercent`: its default value. Runtime keys have no effect here, and are named in a warning. */
export function readRuntimeFraction(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const ratio = reader.required('default_value', readFractionalPercent);
  reader.ignore(['runtime_key']);
  reader.done();
  return ratio;
}

/** A share that the runtime may override. */
export interface RuntimeRatio {
  readonly ratio: number;
  /** Empty: nothing overrides it. */
  readonly runtimeKey: string;
}

/** `RuntimeFractionalPercent` with its key, for those who ask the runtime. */
export function readRuntimeRatio(json: unknown, scope: Scope): RuntimeRatio | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const ratio = reader.required('default_value', readFractionalPercent);
  const runtimeKey = reader.string('runtime_key', '');
  reader.done();
  return ratio === undefined ? undefined : { ratio, runtimeKey };
}
