/**
 * `pnpm soak`: hours of what the test of the same code does in half a minute.
 *
 *     --minutes N   how long (default 10)
 *     --seed N      where chance begins (default: drawn, and printed)
 *     --only TEXT   only the faults whose names contain it
 */
import { parseArgs } from 'node:util';
import { runSoak } from './soak.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, only: { type: 'string', default: '' } } });
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write('usage: soak [--minutes N] [--seed N] [--only TEXT]\n');
  process.exit(2);
}

const print = (line: string) => void process.stdout.write(`${line}\n`);
const { failures, configurations, atRest, growth, phases } = await runSoak({ seconds: minutes * 60, seed, print, only: values.only });
const requests = phases.reduce((sum, phase) => sum + phase.requests, 0);
print(`${requests} requests, ${configurations} configurations; at rest: ${atRest.activeStreams} streams, ${atRest.upstreamRequests} upstream requests, ${atRest.activeConnections} connections, ${atRest.descriptors} descriptors`);
for (const [what, { bytes, bytesPerHour, level }] of Object.entries(growth ?? {})) {
  print(`${what} memory at rest: ${(level / 1e6).toFixed(1)} MB, by ${(bytes / 1e6).toFixed(1)} MB more over the last two thirds (${(bytesPerHour / 1e6).toFixed(1)} MB per hour)`);
}
if (!growth) print('too short to say whether memory grows: every fault has to come twice in the last two thirds');
print(failures.length === 0 ? 'passed' : `FAILED (seed ${seed})\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
// Not waiting for what clients may have left open.
process.exit(failures.length === 0 ? 0 : 1);
