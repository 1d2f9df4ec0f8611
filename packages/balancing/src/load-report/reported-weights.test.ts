import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { changeHosts, emptyHostSet } from '../host-set.ts';
import { createLoadBalancer } from '../load-balancer.ts';
import { anyHost } from '../pick.ts';
import { endpointAt } from '../testing/index.ts';
import type { LoadReport } from './load-report.ts';
import { ReportedWeights, type ReportedWeightsSettings } from './reported-weights.ts';

const settings: ReportedWeightsSettings = { blackoutMs: 10_000, expirationMs: 60_000, updatePeriodMs: 1000, errorPenalty: 1, metricNames: [] };

const report = (requestsPerSecond: number, fields: Partial<LoadReport> = {}): LoadReport => ({
  applicationUtilization: 0,
  cpuUtilization: 0.5,
  memoryUtilization: 0,
  requestsPerSecond,
  errorsPerSecond: 0,
  named: new Map(),
  ...fields,
});

/** Three hosts that report, on a clock moved by hand. */
function balance(changes: Partial<ReportedWeightsSettings> = {}) {
  let now = 0;
  const weights = new ReportedWeights({ ...settings, ...changes });
  const balancer = createLoadBalancer({ kind: 'reported-weights', weights }, { random: createSeededRandom(1), now: () => now });
  const { hosts } = changeHosts(emptyHostSet, [1, 2, 3].map((index) => endpointAt(`10.0.0.${index}:80`)));
  balancer.update(hosts);
  return {
    pass: (ms: number) => void (now += ms),
    report: (index: number, said: LoadReport) => weights.observe(hosts.hosts[index] as (typeof hosts.hosts)[number], said, now),
    /** How often each is picked out of so many times. */
    shares(count = 700) {
      const counts = [0, 0, 0];
      for (let picks = 0; picks < count; picks += 1) {
        const picked = balancer.picker.pick(anyHost);
        if (picked.kind === 'host') counts[hosts.hosts.indexOf(picked.host)] = (counts[hosts.hosts.indexOf(picked.host)] as number) + 1;
      }
      return counts;
    },
  };
}

function expectShares(counts: readonly number[], expected: readonly number[]): void {
  counts.forEach((count, index) => expect(Math.abs(count - (expected[index] as number))).toBeLessThanOrEqual(2));
}

test('hosts get requests by what they serve for their utilization', () => {
  const { pass, report: say, shares } = balance();
  for (let second = 0; second <= 10; second += 1) {
    say(0, report(100));
    say(1, report(200));
    say(2, report(400));
    pass(1000);
  }
  expectShares(shares(), [100, 200, 400]);
});

test('while reports are new, and when there are none, all are alike', () => {
  const { pass, report: say, shares } = balance();
  expectShares(shares(), [233, 233, 233]);
  say(0, report(100));
  say(1, report(900));
  pass(5000);
  expectShares(shares(), [233, 233, 233]);
});

test('a host that does not report is worth the median of those that do', () => {
  const { pass, report: say, shares } = balance();
  say(0, report(100));
  say(1, report(300));
  pass(11_000);
  expectShares(shares(), [117, 350, 233]);
});

test('a host that has fallen silent is one like the others, and begins anew when it speaks again', () => {
  const { pass, report: say, shares } = balance();
  for (const index of [0, 1, 2]) say(index, report(index === 0 ? 500 : 100));
  pass(50_000);
  for (const index of [1, 2]) say(index, report(100));
  expectShares(shares(), [500, 100, 100]);
  pass(10_000);
  expectShares(shares(), [233, 233, 233]);
  say(0, report(500));
  pass(5_000);
  expectShares(shares(), [233, 233, 233]);
  pass(6_000);
  expectShares(shares(), [500, 100, 100]);
});

test('weights change once in a period, not with each report', () => {
  const { pass, report: say, shares } = balance();
  for (const index of [0, 1, 2]) say(index, report(100));
  pass(11_000);
  expectShares(shares(), [233, 233, 233]);
  say(0, report(500));
  pass(500);
  expectShares(shares(), [233, 233, 233]);
  pass(500);
  expectShares(shares(), [500, 100, 100]);
});

test('errors count as utilization, and the application’s own number before others', () => {
  const { pass, report: say, shares } = balance({ errorPenalty: 2, metricNames: ['named_metrics.queue'] });
  say(0, report(100, { cpuUtilization: 0.1, errorsPerSecond: 20 })); // 100 / (0.1 + 0.2 × 2) = 200
  say(1, report(100, { cpuUtilization: 0.1, applicationUtilization: 1 })); // 100
  say(2, report(100, { cpuUtilization: 0.9, named: new Map([['named_metrics.queue', 0.25]]) })); // 400
  pass(11_000);
  expectShares(shares(), [200, 100, 400]);
});

test('a report that does not say what is needed changes nothing', () => {
  const { pass, report: say, shares } = balance();
  for (const index of [0, 1, 2]) say(index, report(100));
  say(0, report(0));
  say(1, report(500, { cpuUtilization: 0 }));
  pass(11_000);
  expectShares(shares(), [233, 233, 233]);
});
