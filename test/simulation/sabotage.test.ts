/**
 * The invariants of a whole run must be able to fail. Each test here breaks one thing in the product, as a
 * mistake in it would, and expects the run to say what was violated.
 */
import { Breaker } from '@sluice/admission';
import { SimulatedConnection } from '@sluice/kernel/testing';
import { ConfigApplier, Drainer } from '@sluice/proxy';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { loadMeshAssets, type MeshAssets } from './assets.ts';
import { runSeed } from './run.ts';
import type { FaultPlan } from './scenario/fault-plan.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { ServicePlan } from './scenario/service-plan.ts';
import type { TrafficPlan } from './scenario/traffic-plan.ts';

const service: ServicePlan = {
  name: 's1',
  containerConcurrency: 3,
  windowSeconds: 6,
  minScale: 0,
  maxScale: 2,
  targetBurstCapacity: 0,
  initialScale: 1,
  program: { startupMs: [50, 50], serviceMs: [100, 200], responseBytes: 100, isChunked: false },
};

const burst = (atMs: number): TrafficPlan => ({
  atMs,
  service: 's1',
  pattern: 'burst',
  requests: Array.from({ length: 20 }, () => ({ afterMs: 0, bodyBytes: 0, keepAlive: false })),
});

const badPush: FaultPlan = { atMs: 2000, forMs: 0, fault: { kind: 'bad-push', component: 'gateway', how: 'resource' } };

/** Two bursts, and time to fall asleep between them. */
const scenario: Scenario = {
  seed: 1,
  graceSeconds: 6,
  services: [service],
  traffic: [burst(1000), burst(30_000)],
  changes: [],
  faults: [badPush],
  quietAtMs: 31_000,
};

let assets: MeshAssets;

beforeAll(async () => {
  assets = await loadMeshAssets();
});

afterEach(() => vi.restoreAllMocks());

/** Names of the invariants that the run violates. */
async function violatedIn(changes: Partial<Scenario> = {}): Promise<readonly string[]> {
  const { violations } = await runSeed(1, { assets, scenario: { ...scenario, ...changes } });
  return [...new Set(violations.map(({ invariant }) => invariant))];
}

test('as it is, the product violates nothing', async () => {
  expect(await violatedIn()).toEqual([]);
});

test('a place that is not given back is found', async () => {
  const release = Breaker.prototype.release;
  let calls = 0;
  vi.spyOn(Breaker.prototype, 'release').mockImplementation(function (this: Breaker, reservation) {
    calls += 1;
    if (calls !== 7) release.call(this, reservation);
  });
  expect(await violatedIn()).toContain('at rest no lease is held');
});

test('a limit that is not held is found', async () => {
  const acquire = Breaker.prototype.acquire;
  vi.spyOn(Breaker.prototype, 'acquire').mockImplementation(function (this: Breaker, onAdmitted) {
    const reservation = acquire.call(this, onAdmitted);
    if (reservation) reservation.admitted = true;
    return reservation;
  });
  // Around the activators, whose own limits would hide it.
  const patient = { ...service, maxScale: 1, minScale: 1 };
  expect(await violatedIn({ services: [patient] })).toContain('a pod never has more requests at once than containerConcurrency');
});

test('an answer that is sent twice is found', async () => {
  const write = SimulatedConnection.prototype.write;
  vi.spyOn(SimulatedConnection.prototype, 'write').mockImplementation(function (this: SimulatedConnection, memory, start, end) {
    const isAnswerOfGateway = this.local.port === 8080 && memory.toString('latin1', start, end).startsWith('HTTP/1.1 200');
    if (isAnswerOfGateway) write.call(this, memory, start, end);
    return write.call(this, memory, start, end);
  });
  expect(await violatedIn()).toContain('each request ends exactly once, with its own answer');
});

test('an invalid push that is accepted is found', async () => {
  const onUpdate = ConfigApplier.prototype.onUpdate;
  vi.spyOn(ConfigApplier.prototype, 'onUpdate').mockImplementation(function (this: ConfigApplier, update) {
    onUpdate.call(this, update);
    return [];
  });
  expect(await violatedIn()).toContain('an invalid push is refused and changes nothing');
});

test('a sidecar that leaves without draining is found', async () => {
  vi.spyOn(Drainer.prototype, 'drain').mockImplementation((onEnd) => onEnd('drained'));
  // Steady traffic while pods go, and proxies that hear of it late.
  const steady: TrafficPlan = {
    atMs: 1000,
    service: 's1',
    pattern: 'steady',
    requests: Array.from({ length: 250 }, (_, index) => ({ afterMs: index * 100, bodyBytes: 0, keepAlive: false })),
  };
  const late: FaultPlan = { atMs: 0, forMs: 31_000, fault: { kind: 'latency', component: 'config-server', addedMs: 300 } };
  const changes = { services: [{ ...service, maxScale: 6 }], traffic: [burst(1000), steady], faults: [late] };
  expect(await violatedIn(changes)).toContain('requests succeed outside of faults');
});
