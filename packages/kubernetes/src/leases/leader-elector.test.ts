import { createMeter, createSeededRandom, type Clock, type Timers } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import { leases } from '../builtin-kinds.ts';
import { KubernetesClient } from '../client.ts';
import type { Lease } from '../objects/cluster.ts';
import { FakeApiServer } from '../testing/index.ts';
import type { Transport } from '../transport.ts';
import { LeaderElector } from './leader-elector.ts';

const times = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };
const reference = { namespace: 'sluice-system', name: 'bucket' };

function createWorld() {
  const time = new SimulatedTime();
  const api = new FakeApiServer({ kinds: [leases], clock: time });
  const logger = new RecordingLogger();

  function createReplica(identity: string, transport: Transport = api, clock: Clock = time, timers: Timers = time, seed = identity.length) {
    const changes: boolean[] = [];
    const elector = new LeaderElector({
      client: new KubernetesClient({ transport, fieldManager: identity }),
      lease: reference,
      identity,
      times,
      clock,
      timers,
      random: createSeededRandom(seed),
      logger,
      meter: createMeter(),
      onChange: (isLeading) => changes.push(isLeading),
    });
    return { elector, changes };
  }

  return { time, api, logger, createReplica, lease: () => api.find(leases, 'sluice-system/bucket') as Lease };
}

/** A way to the server that can be cut: requests then get no answer. */
function cuttable(api: Transport) {
  const line = {
    isCut: false,
    send(request: Parameters<Transport['send']>[0]) {
      return line.isCut ? new Promise<never>(() => {}) : api.send(request);
    },
  };
  return line;
}

describe('a replica', () => {
  it('that is alone leads at once, and goes on', async () => {
    const { time, createReplica, lease } = createWorld();
    const { elector, changes } = createReplica('a');
    elector.start();
    await time.advanceAsync(1);
    expect(elector.isLeading).toBe(true);
    expect(lease().spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 0 });
    await time.advanceAsync(120_000);
    expect(changes).toEqual([true]);
    expect(elector.isLeading).toBe(true);
  });

  it('leads no more ten seconds after its last renewal was begun, and the next one leads when fifteen have passed', async () => {
    const { time, api, createReplica, lease } = createWorld();
    const line = cuttable(api);
    const first = createReplica('a', line);
    const second = createReplica('bb');
    first.elector.start();
    await time.advanceAsync(1);
    second.elector.start();
    await time.advanceAsync(30_000);
    expect([first.elector.isLeading, second.elector.isLeading]).toEqual([true, false]);

    line.isCut = true;
    const cutAt = time.now();
    await time.advanceUntil(() => !first.elector.isLeading, 20_000);
    expect(time.now() - cutAt).toBeLessThanOrEqual(10_000);
    expect(first.changes).toEqual([true, false]);
    const endedAt = time.now();
    await time.advanceUntil(() => second.elector.isLeading, 20_000);
    // Five seconds lie between the two, and a follower looks every two.
    expect(time.now() - endedAt).toBeGreaterThanOrEqual(5000 - 2400);
    expect(time.now() - cutAt).toBeLessThanOrEqual(15_000 + 2400);
    expect(lease().spec).toMatchObject({ holderIdentity: 'bb', leaseTransitions: 1 });
    expect([first.elector.term, second.elector.term]).toEqual([0, 1]);
  });

  it('that comes back follows', async () => {
    const { time, api, createReplica } = createWorld();
    const line = cuttable(api);
    const first = createReplica('a', line);
    const second = createReplica('bb');
    first.elector.start();
    await time.advanceAsync(1);
    second.elector.start();
    line.isCut = true;
    await time.advanceAsync(30_000);
    line.isCut = false;
    await time.advanceAsync(30_000);
    expect([first.elector.isLeading, second.elector.isLeading]).toEqual([false, true]);
    expect(first.changes).toEqual([true, false]);
    expect(first.elector.holder).toBe('bb');
  });

  it('does not lead by an answer that came too late', async () => {
    const { time, api, createReplica, lease } = createWorld();
    const slow: Transport = {
      async send(request) {
        const answer = await api.send(request);
        if (request.method === 'POST') await new Promise<void>((resolve) => void time.after(11_000, resolve));
        return answer;
      },
    };
    const { elector, changes } = createReplica('a', slow);
    elector.start();
    await time.advanceAsync(1900);
    expect(lease().spec?.holderIdentity).toBe('a');
    expect(changes).toEqual([]);
    // It finds its own name the next time it looks.
    await time.advanceAsync(6000);
    expect(elector.isLeading).toBe(true);
    expect(elector.term).toBe(1);
  });

  it('that was held up knows by its clock that it leads no more, before any timer has told it', async () => {
    const { time, api, createReplica } = createWorld();
    let heldUpMs = 0;
    const clock: Clock = { now: () => time.now() + heldUpMs, wallTime: () => time.wallTime() };
    const { elector } = createReplica('a', api, clock);
    elector.start();
    await time.advanceAsync(100);
    heldUpMs = 10_000;
    expect(elector.isLeading).toBe(false);
  });

  it('does not believe in the times of others', async () => {
    const { time, api, createReplica } = createWorld();
    // A holder whose clock is a year behind renews all the same.
    const behind: Clock = { now: () => time.now(), wallTime: () => time.wallTime() - 31_536_000_000 };
    const first = createReplica('a', api, behind);
    const second = createReplica('bb');
    first.elector.start();
    await time.advanceAsync(1);
    second.elector.start();
    await time.advanceAsync(120_000);
    expect(second.changes).toEqual([]);
  });

  it('gives the lease back when it stops, once it has nothing under way', async () => {
    const { time, createReplica, lease } = createWorld();
    const first = createReplica('a');
    const second = createReplica('bb');
    first.elector.start();
    await time.advanceAsync(1);
    second.elector.start();
    await time.advanceAsync(5000);
    const work = Promise.withResolvers<void>();
    const stopped = first.elector.stop(work.promise);
    expect(first.elector.isLeading).toBe(false);
    await time.advanceAsync(4000);
    expect(second.elector.isLeading).toBe(false);
    expect(lease().spec?.holderIdentity).toBe('a');
    work.resolve();
    await stopped;
    expect(lease().spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await time.advanceAsync(2400);
    expect(second.elector.isLeading).toBe(true);
  });

  it('takes a lease that was deleted again, and follows whoever was quicker', async () => {
    const { time, api, createReplica } = createWorld();
    const { elector } = createReplica('a');
    elector.start();
    await time.advanceAsync(1);
    api.remove(leases, 'sluice-system/bucket');
    api.put({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: reference, spec: { holderIdentity: 'x', leaseDurationSeconds: 15 } } as Lease);
    await time.advanceAsync(2400);
    expect(elector.isLeading).toBe(false);
    await time.advanceAsync(20_000);
    expect(elector.isLeading).toBe(true);
  });

  it('refuses times that do not fit together', () => {
    const { time, api } = createWorld();
    const make = (changes: Partial<typeof times>) =>
      new LeaderElector({
        client: new KubernetesClient({ transport: api, fieldManager: 'a' }),
        lease: reference,
        identity: 'a',
        times: { ...times, ...changes },
        clock: time,
        timers: time,
        random: createSeededRandom(1),
        logger: new RecordingLogger(),
        meter: createMeter(),
        onChange: () => {},
      });
    expect(() => make({ renewDeadlineMs: 15_000 })).toThrow(RangeError);
    expect(() => make({ retryPeriodMs: 10_000 })).toThrow(RangeError);
  });
});

describe('whatever happens to requests and clocks', () => {
  it.each([1, 2, 3, 4, 5, 6])('two never lead at once, and terms only grow (seed %i)', async (seed) => {
    const { time, api, createReplica } = createWorld();
    const random = createSeededRandom(seed);
    /** Requests and answers are late by up to eight seconds, or lost, each way. */
    const hostile: Transport = {
      async send(request) {
        const late = () => new Promise<void>((resolve) => void time.after(random.next() < 0.7 ? random.next() * 200 : random.next() * 8000, resolve));
        if (random.next() < 0.1) throw new Error('connection refused');
        await late();
        const answer = await api.send(request);
        await late();
        if (random.next() < 0.1) throw new Error('connection reset');
        return answer;
      },
    };
    // Clocks of other origin, other wall time, and a tenth slower or faster.
    const skewed = (speed: number, origin: number): Clock & Timers => ({
      now: () => origin + time.now() * speed,
      wallTime: () => time.wallTime() + origin,
      after: (delayMs, fn) => time.after(delayMs / speed, fn),
      every: (periodMs, fn) => time.every(periodMs / speed, fn),
    });
    const replicas = [1, 0.9, 1.1].map((speed, index) => {
      const clock = skewed(speed, index * 1_000_000);
      return createReplica(`replica-${index}`, hostile, clock, clock, seed * 10 + index);
    });
    for (const { elector } of replicas) elector.start();
    let term = -1;
    let ledMs = 0;
    const leaders = new Set<number>();
    for (let step = 0; step < 12_000; step += 1) {
      await time.advanceAsync(50);
      const leading = replicas.flatMap(({ elector }, index) => (elector.isLeading ? [index] : []));
      expect(leading.length).toBeLessThanOrEqual(1);
      const [leader] = leading;
      if (leader === undefined) continue;
      ledMs += 50;
      leaders.add(leader);
      const current = replicas[leader]?.elector.term ?? -1;
      expect(current).toBeGreaterThanOrEqual(term);
      term = current;
    }
    // It is of no use to be safe by never leading.
    expect(ledMs).toBeGreaterThan(200_000);
    expect(leaders.size).toBeGreaterThan(0);
  });
});
