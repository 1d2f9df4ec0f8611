/** What one run of the generator has shown, in a few numbers. */
import { percentile, type OpenLoopResult } from './open-loop.ts';

export interface GeneratedLoad {
  readonly requests: number;
  /** Share of them that the generator took notice of too late, through no fault of the target: their latencies are not among these. */
  readonly lateRatio: number;
  /** Without a whole answer of status 200; those count in the latencies as long as they were waited for. */
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
  /** How long answers may have lain unread. */
  readonly unreadP99Ms: number;
}

export function summariseLoad({ latenciesMs, punctualMs, latenessMs, unreadMs, lost }: OpenLoopResult): GeneratedLoad {
  // Where there is none, the shot is void anyway.
  const counted = punctualMs.length > 0 ? punctualMs : latenciesMs;
  return {
    requests: latenciesMs.length,
    lateRatio: 1 - punctualMs.length / latenciesMs.length,
    lost,
    p50Ms: percentile(counted, 0.5),
    p90Ms: percentile(counted, 0.9),
    p99Ms: percentile(counted, 0.99),
    p999Ms: percentile(counted, 0.999),
    maxMs: percentile(counted, 1),
    latenessP50Ms: percentile(latenessMs, 0.5),
    latenessP99Ms: percentile(latenessMs, 0.99),
    latenessP999Ms: percentile(latenessMs, 0.999),
    unreadP99Ms: percentile(unreadMs, 0.99),
  };
}
