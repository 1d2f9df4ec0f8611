/** One shot with wrk: load over HTTP/1.1 for a while against one target, and what it cost the target. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MeasuredProcess } from './measured-process.ts';
import type { Shot } from './shot.ts';

const run = promisify(execFile);

export interface WrkLoad {
  readonly wrk: string;
  readonly taskset: string;
  readonly loadCore: number;
  readonly seconds: number;
  readonly connections: number;
  /** Default `http`. */
  readonly scheme?: 'http' | 'https';
  /** Default `/`. */
  readonly path?: string;
  /** `name: value`, sent with every request. */
  readonly headers?: readonly string[];
  /** A file with wrk's Lua. */
  readonly script?: string;
}

export async function shootWithWrk(target: MeasuredProcess, round: number, load: WrkLoad): Promise<Shot> {
  const { wrk, taskset, loadCore, seconds, connections, scheme = 'http', path = '/', headers = [], script } = load;
  const before = target.cpuTimeUs();
  const begun = performance.now();
  const { stdout } = await run(
    taskset,
    [
      '-c', String(loadCore), wrk, '-t1', `-c${connections}`, `-d${seconds}s`, '--latency',
      ...headers.flatMap((header) => ['-H', header]),
      ...(script === undefined ? [] : ['-s', script]),
      `${scheme}://127.0.0.1:${target.port}${path}`,
    ],
    { encoding: 'utf8' },
  );
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
