import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSeededRandom, systemTimers } from '@sluice/kernel';
import type { AddressMode } from './port-allocator.ts';
import { SystemPortAllocator } from './system-port-allocator.ts';

const started: SystemPortAllocator[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((allocator) => allocator.stop()));
});

async function startAllocator(seed: number, mode?: AddressMode): Promise<SystemPortAllocator> {
  const allocator = new SystemPortAllocator({
    random: createSeededRandom(seed),
    timers: systemTimers,
    preferredBlock: 201,
    ...(mode === undefined ? {} : { mode }),
  });
  started.push(allocator);
  await allocator.start();
  return allocator;
}

function listen(port: number, host?: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve(server));
  });
}

describe.runIf(process.platform === 'linux')('loopback addresses', () => {
  it('are different for every pod, and come back to whoever had them', async () => {
    const allocator = await startAllocator(1);
    const [first, second] = [allocator.allocateAddress(), allocator.allocateAddress()];
    expect(new Set([first, second]).size).toBe(2);
    expect(first).toMatch(/^127\.\d+\.0\.2$/);
    allocator.releaseAddress(first);
    expect(allocator.allocateAddress()).not.toBe(first);
    expect(allocator.allocateAddress(first)).toBe(first);
    expect(allocator.allocateAddress(first)).not.toBe(first);
  });

  it('do not overlap with those of another kubelet on the machine', async () => {
    const [one, other] = [await startAllocator(1), await startAllocator(2)];
    const block = (address: string) => address.split('.')[1];
    expect(block(one.allocateAddress())).not.toBe(block(other.allocateAddress()));
  });

  it('can really be listened on', async () => {
    const allocator = await startAllocator(1);
    const servers = await Promise.all([0, 1].map(() => listen(8012, allocator.allocateAddress())));
    for (const server of servers) server.close();
  });
});

describe('free ports', () => {
  it('are free on all addresses, and nobody gets one twice', async () => {
    const allocator = await startAllocator(3, 'shared-address');
    const ports = [];
    for (let count = 0; count < 5; count += 1) ports.push(await allocator.allocatePort());
    expect(new Set(ports).size).toBe(5);
    const servers = await Promise.all(ports.map((port) => listen(port)));
    for (const server of servers) server.close();
    expect(allocator.allocateAddress()).toBe('127.0.0.1');
  });

  it('are not those on which somebody listens', async () => {
    const probe = await startAllocator(4, 'shared-address');
    const next = await probe.allocatePort();
    await probe.stop();
    // The same seed begins at the same port.
    const holder = await listen(next);
    const allocator = await startAllocator(4, 'shared-address');
    expect(await allocator.allocatePort()).not.toBe(next);
    holder.close();
  });
});
