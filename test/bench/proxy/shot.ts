/** One shot: load for a while against one target, and what it cost the target. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MeasuredProcess } from './measured-process.ts';

const run = promisify(execFile);

export interface Shot {
  readonly target: string;
  readonly round: number;
  /** CPU time of the target's processes by request, in µs: the figure to compare. */
  readonly cpuUs: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of its core that the target used. Below 0.95 the load was the limit, and requests per second a lower bound. */
  readonly busyRatio: number;
  readonly memoryKiB: number;
  /** Why it does not count; undefined when it does. */
  readonly voided: string | undefined;
}

export interface ShotOptions {
  readonly wrk: string;
  readonly taskset: string;
  readonly loadCore: number;
  readonly seconds: number;
  readonly connections: number;
}

export async function shoot(target: MeasuredProcess, round: number, options: ShotOptions): Promise<Shot> {
  const before = target.cpuTimeUs();
  const begun = performance.now();
  const args = ['-c', String(options.loadCore), options.wrk, '-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--latency', `http://127.0.0.1:${target.port}/`];
  const { stdout } = await run(options.taskset, args, { encoding: 'utf8' });
  const elapsedUs = (performance.now() - begun) * 1_000;
  const usedUs = target.cpuTimeUs() - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? '0');
  const failure = /Socket errors:.*|Non-2xx or 3xx responses:.*/.exec(stdout)?.[0];
  return {
    target: target.name,
    round,
    cpuUs: usedUs / requests,
    requests,
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? '0'),
    p50Ms: latency(stdout, '50%'),
    p99Ms: latency(stdout, '99%'),
    busyRatio: usedUs / elapsedUs,
    memoryKiB: target.privateMemoryKiB(),
    voided: failure?.trim() ?? (requests === 0 ? 'no request was answered' : undefined),
  };
}

/** A line of wrk's latency distribution, `     50%    1.19ms`; the sign also stands in another table, but not first in its line. */
function latency(output: string, percentile: string): number {
  const match = new RegExp(`^\\s+${percentile}\\s+([\\d.]+)(us|ms|s)$`, 'm').exec(output);
  const scale = { us: 0.001, ms: 1, s: 1_000 }[match?.[2] ?? 'ms'] ?? 1;
  return Number(match?.[1] ?? 'NaN') * scale;
}
