/** Two replicas that share the revisions out, against one API server and each other. */
import { endpointSlices, leases, type Lease, type Transport } from '@sluice/kubernetes';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { createStatSender, emptyStat } from '@sluice/stats';
import { describe, expect, it } from 'vitest';
import { createAutoscalerWorld, type AutoscalerWorld } from '../testing/autoscaler-world.ts';
import { addressOf, bucketIndexOf, bucketNames } from './buckets.ts';

const names = Array.from({ length: 12 }, (_, index) => `hello-${index}`);

/** Lease times short enough to be waited for. */
const electionConfig = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'sluice-system', name: 'config-leader-election' },
  data: { buckets: '4', 'lease-duration': '15s', 'renew-deadline': '10s', 'retry-period': '2s' },
};

function createReplicas() {
  const world = createAutoscalerWorld();
  world.api.put(electionConfig);
  for (const name of names) world.addRevision(name);
  return { ...world, world };
}

function holders({ api }: AutoscalerWorld): readonly (string | undefined)[] {
  return bucketNames(4).map((name) => (api.find(leases, `sluice-system/${name}`) as Lease | undefined)?.spec?.holderIdentity);
}

/** An activator of ours, connected to one replica. */
function connectActivator(world: AutoscalerWorld, host: string) {
  const sender = createStatSender({
    network: world.network.view('activator', '10.0.0.9'),
    address: { host, port: 8080 },
    timers: world.time,
    random: createSeededRandom(3),
    logger: silentLogger,
    meter: createMeter(),
  });
  sender.start();
  return (concurrency: number) => sender.send(names.map((name) => ({ namespace: 'default', name, stat: { ...emptyStat('activator'), averageConcurrentRequests: concurrency } })));
}

async function run({ time }: AutoscalerWorld, seconds: number, report?: () => void): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    report?.();
    await time.advanceAsync(1000);
  }
}

/** A way to the server that can be cut: requests then get no answer. */
function cuttable(api: Transport): Transport & { isCut: boolean } {
  const line = {
    isCut: false,
    send: (request: Parameters<Transport['send']>[0]) => (line.isCut ? new Promise<never>(() => {}) : api.send(request)),
  };
  return line;
}

describe('a revision', () => {
  it('belongs to one bucket, for ever, and buckets get about as many', () => {
    const counts = [0, 0, 0, 0];
    for (let index = 0; index < 4000; index += 1) {
      const bucket = bucketIndexOf(`default/hello-${index}`, 4);
      expect(bucket).toBe(bucketIndexOf(`default/hello-${index}`, 4));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });

  it('is found by the Lease of its bucket, whose names and holders are Knative’s', () => {
    expect(bucketNames(3)).toEqual(['autoscaler-bucket-00-of-03', 'autoscaler-bucket-01-of-03', 'autoscaler-bucket-02-of-03']);
    expect(addressOf('autoscaler-5d4_fd00::7')).toBe('fd00::7');
    expect(addressOf('autoscaler_5d4_')).toBeUndefined();
  });
});

describe('two replicas', () => {
  it('each take what the other does not hold, and every revision is decided on, wherever statistics arrive', async () => {
    const { world, api, replicas, startAutoscaler } = createReplicas();
    const first = startAutoscaler('autoscaler-a', '10.0.0.1', { podIp: '10.0.0.1' });
    await run(world, 1);
    expect(holders(world)).toEqual(Array.from({ length: 4 }, () => 'autoscaler-a_10.0.0.1'));
    // Two of its buckets are taken by the other, as if it had been quicker there.
    for (const name of bucketNames(4).slice(0, 2)) {
      const lease = api.find(leases, `sluice-system/${name}`) as Lease;
      api.put({ ...lease, spec: { ...lease.spec, holderIdentity: 'autoscaler-b_10.0.0.2', leaseTransitions: 1 } } as Lease);
    }
    startAutoscaler('autoscaler-b', '10.0.0.2', { podIp: '10.0.0.2' });
    await run(world, 4);
    expect(new Set(holders(world))).toEqual(new Set(['autoscaler-a_10.0.0.1', 'autoscaler-b_10.0.0.2']));

    const send = connectActivator(world, '10.0.0.1');
    await run(world, 10, () => send(20));
    for (const name of names) expect(replicas(name)).toBeGreaterThanOrEqual(3);
    expect(api.find(endpointSlices, 'sluice-system/autoscaler-bucket-00-of-04')).toMatchObject({
      endpoints: [{ addresses: ['10.0.0.2'] }],
      ports: [{ port: 8080 }],
    });
    expect(first.logger.events.filter(({ event }) => event === 'leading no more')).toHaveLength(2);
  });

  it('never write to the same revision, also while one is cut off from the API', async () => {
    const { world, api, startAutoscaler } = createReplicas();
    const writers = new Map<string, Set<string>>();
    const watched = (identity: string): Transport => ({
      send(request) {
        const [, name] = /deployments\/(\S+)-deployment\/scale/.exec(request.path) ?? [];
        if (name !== undefined && request.method === 'PATCH') writers.set(`${name}@${Math.floor(world.time.now() / 10)}`, (writers.get(`${name}@${Math.floor(world.time.now() / 10)}`) ?? new Set()).add(identity));
        return api.send(request);
      },
    });
    const line = cuttable(watched('a'));
    startAutoscaler('autoscaler-a', '10.0.0.1', { podIp: '10.0.0.1', transport: line });
    await run(world, 2);
    startAutoscaler('autoscaler-b', '10.0.0.2', { podIp: '10.0.0.2', transport: watched('b') });
    const send = connectActivator(world, '10.0.0.2');
    await run(world, 5, () => send(20));
    const before = writers.size;
    expect(before).toBeGreaterThan(0);
    line.isCut = true;
    await run(world, 40, () => send(60));
    expect(holders(world)).toEqual(Array.from({ length: 4 }, () => 'autoscaler-b_10.0.0.2'));
    for (const name of names) expect(world.replicas(name)).toBeGreaterThanOrEqual(9);
    line.isCut = false;
    await run(world, 20, () => send(20));
    for (const [, by] of writers) expect(by.size).toBe(1);
    expect(holders(world)).toEqual(Array.from({ length: 4 }, () => 'autoscaler-b_10.0.0.2'));
  });

  it('lead nobody to where statistics are not heard', async () => {
    const { world, api, startAutoscaler } = createReplicas();
    startAutoscaler('autoscaler-a', '10.0.0.1', { podIp: '10.0.0.1', statsAddress: undefined });
    await run(world, 3);
    expect(holders(world)).toEqual(Array.from({ length: 4 }, () => 'autoscaler-a_10.0.0.1'));
    for (const name of bucketNames(4)) expect(api.find(endpointSlices, `sluice-system/${name}`)).toBeUndefined();
  });

  it('hand over without a gap when one stops', async () => {
    const { world, startAutoscaler } = createReplicas();
    const first = startAutoscaler('autoscaler-a', '10.0.0.1', { podIp: '10.0.0.1' });
    await run(world, 2);
    startAutoscaler('autoscaler-b', '10.0.0.2', { podIp: '10.0.0.2' });
    await run(world, 2);
    const stopped = first.autoscaler.stop();
    await run(world, 4);
    await stopped;
    expect(holders(world)).toEqual(Array.from({ length: 4 }, () => 'autoscaler-b_10.0.0.2'));
  });
});
