/** What one run of the generator has shown, in a few numbers. */
import { percentile, type OpenLoopResult } from './open-loop.ts';

export interface GeneratedLoad {
  readonly requests: number;
  /** Without a whole answer of status 200; they count in the latencies as long as they were waited for. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** How late the generator itself was. */
  readonly latenessP50Ms: number;
  readonly latenessP99Ms: number;
  readonly latenessP999Ms: number;
}

export function summariseLoad({ latenciesMs, latenessMs, lost }: OpenLoopResult): GeneratedLoad {
  return {
    requests: latenciesMs.length,
    lost,
    p50Ms: percentile(latenciesMs, 0.5),
    p90Ms: percentile(latenciesMs, 0.9),
    p99Ms: percentile(latenciesMs, 0.99),
    p999Ms: percentile(latenciesMs, 0.999),
    maxMs: percentile(latenciesMs, 1),
    latenessP50Ms: percentile(latenessMs, 0.5),
    latenessP99Ms: percentile(latenessMs, 0.99),
    latenessP999Ms: percentile(latenessMs, 0.999),
  };
}
