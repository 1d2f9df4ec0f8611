/** One shot with h2load: load over HTTP/2 by prior knowledge for a while against one target, and what it cost the target. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MeasuredProcess } from '../method/measured-process.ts';
import type { Shot } from '../method/shot.ts';

const run = promisify(execFile);

export interface H2Load {
  readonly h2load: string;
  readonly taskset: string;
  readonly loadCore: number;
  readonly seconds: number;
  readonly connections: number;
  readonly streams: number;
  readonly headers: readonly string[];
  /** A file that is sent as each request's body. */
  readonly bodyFile?: string;
}

/** h2load knows no percentiles: the mean stands in for the median, and the slowest request for the 99th. */
export async function shootWithH2load(target: MeasuredProcess, round: number, load: H2Load): Promise<Shot> {
  const { h2load, taskset, loadCore, seconds, connections, streams, headers, bodyFile } = load;
  const before = target.cpuTimeUs();
  const begun = performance.now();
  const { stdout } = await run(
    taskset,
    [
      '-c', String(loadCore), h2load, '-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`,
      ...headers.flatMap((header) => ['-H', header]),
      ...(bodyFile === undefined ? [] : ['-d', bodyFile]),
      `http://127.0.0.1:${target.port}/`,
    ],
    { encoding: 'utf8' },
  );
  const elapsedUs = (performance.now() - begun) * 1_000;
  const usedUs = target.cpuTimeUs() - before;
  const [, done = '0', succeeded = '0', failed = '0'] = /(\d+) done, (\d+) succeeded, (\d+) failed/.exec(stdout) ?? [];
  const [, slowest = '', mean = ''] = /time for request:\s+\S+\s+(\S+)\s+(\S+)/.exec(stdout) ?? [];
  const requests = Number(done);
  return {
    target: target.name,
    round,
    cpuUs: usedUs / requests,
    requests,
    requestsPerSecond: Number(/([\d.]+) req\/s/.exec(stdout)?.[1] ?? '0'),
    p50Ms: milliseconds(mean),
    p99Ms: milliseconds(slowest),
    busyRatio: usedUs / elapsedUs,
    memoryKiB: target.privateMemoryKiB(),
    voided: requests === 0 ? 'no request was answered' : Number(failed) > 0 || succeeded !== done ? `${failed} failed, ${succeeded} of ${done} succeeded` : undefined,
  };
}

/** `512us`, `1.19ms`, `2.5s`. */
function milliseconds(text: string): number {
  const [, value = 'NaN', unit = 'ms'] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? 1);
}
