/** `envoy.config.cluster.v3.Cluster.SlowStartConfig`: a new host gets its share little by little. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readPercent } from './percent.ts';
import { readRuntimeDouble } from './runtime-value.ts';

export interface SlowStartConfig {
  /** How long until it has all of it. */
  readonly windowMs: number;
  /** 1 (default) grows evenly, more grows faster at first. */
  readonly aggression: number;
  /** The share that it begins with. Default 0.1, as Envoy. */
  readonly minWeightRatio: number;
}

const defaultMinWeightRatio = 0.1;

/** A window of 0 turns it off. */
export function readSlowStart(json: unknown, scope: Scope): SlowStartConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const windowMs = reader.durationMs('slow_start_window', 0);
  const aggression = reader.read('aggression', readRuntimeDouble) ?? 1;
  const minWeightRatio = reader.read('min_weight_percent', readPercent) ?? defaultMinWeightRatio;
  if (aggression <= 0) scope.at('aggression').error(`is ${aggression}, must be more than 0`);
  reader.done();
  return windowMs === 0 ? undefined : { windowMs, aggression, minWeightRatio };
}
