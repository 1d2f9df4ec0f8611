import { silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import type { KubernetesClient } from '@sluice/kubernetes';
import { expect, test } from 'vitest';
import { VerdictWriter } from './verdict-writer.ts';
import { burstMax } from './write-pace.ts';

test('thousands of verdicts are written at a pace, and none is lost', async () => {
  const time = new SimulatedTime();
  const written = new Set<string>();
  const patchStatus = ({ name }: { readonly name: string }) => {
    written.add(name);
    return Promise.resolve();
  };
  const client = { resource: () => ({ patchStatus }) } as unknown as KubernetesClient;
  const writer = new VerdictWriter({ client, clock: time, timers: time, logger: silentLogger, domains: () => ({ external: '', internal: '' }) });
  for (let index = 0; index < 2_000; index += 1) writer.write(`Route default/r${index}`, { hash: '1', ready: true, message: '' });
  await time.advanceAsync(0);
  expect(written.size).toBe(burstMax);
  await time.advanceAsync(500);
  expect(written.size).toBeGreaterThan(500);
  expect(written.size).toBeLessThan(600);
  await time.advanceAsync(1_500);
  expect(written.size).toBe(2_000);
  writer.stop();
});
