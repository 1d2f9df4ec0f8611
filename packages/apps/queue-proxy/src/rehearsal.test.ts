import { createSeededRandom } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { rehearse } from './rehearsal.ts';

function setUp() {
  const time = new SimulatedTime();
  const links = new SimulatedLinks({ time });
  const connects: number[] = [];
  const network = new SimulatedNetwork({ links, onConnect: () => connects.push(time.now()) });
  return { time, connects, parts: { network: network.view('sidecar', '127.0.0.1'), clock: time, timers: time, random: createSeededRandom(1) } };
}

test('a sidecar rehearses with a program that comes late, asks it often, and leaves nothing open', async () => {
  const { time, connects, parts } = setUp();
  const served = rehearse(parts);
  await time.advanceAsync(2000);
  expect(await served).toBe(30);
  // One for each question, those of the prober, and one from the sidecar to its program.
  expect(connects.length).toBeGreaterThan(32);
  const last = connects.length;
  await time.advanceAsync(60_000);
  expect(connects).toHaveLength(last);
});

test('where it cannot listen it does without', async () => {
  const { time, parts } = setUp();
  const network = { ...parts.network, listen: () => Promise.reject(new Error('no port')), connect: parts.network.connect.bind(parts.network) };
  const served = rehearse({ ...parts, network });
  await time.advanceAsync(100);
  expect(await served).toBe(0);
});

test('where somebody takes the port of its program meanwhile, it serves nobody and leaves nothing open', async () => {
  const { time, connects, parts } = setUp();
  let listens = 0;
  const network = {
    ...parts.network,
    // Its own two come first: to find a port, and the sidecar's.
    listen: (...given: Parameters<typeof parts.network.listen>) => ((listens += 1) > 2 ? Promise.reject(new Error('port taken')) : parts.network.listen(...given)),
    connect: parts.network.connect.bind(parts.network),
  };
  const served = rehearse({ ...parts, network });
  await time.advanceAsync(60_000);
  expect([await served, listens]).toEqual([0, 3]);
  const last = connects.length;
  await time.advanceAsync(60_000);
  expect(connects).toHaveLength(last);
});
