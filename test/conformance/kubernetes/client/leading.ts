/** Leases and events. */
import { createMeter, silentLogger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { configMaps, EventRecorder, events, LeaderElector, leases } from '@sluice/kubernetes';
import { holds, refused, same } from './expect.ts';
import { clientOver, map, until, type Case, type World } from './world.ts';

const times = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 200 };

function electorOf(world: World, identity: string): LeaderElector {
  return new LeaderElector({
    client: clientOver(world.transport, identity),
    lease: { namespace: world.namespace, name: 'lead' },
    identity,
    times,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: silentLogger,
    meter: createMeter(),
    onChange: () => {},
  });
}

export const leading: readonly Case[] = [
  {
    name: 'one of two leads, and the other as soon as the first has stopped',
    async run(world) {
      const [first, second] = [electorOf(world, 'first'), electorOf(world, 'second')];
      first.start();
      await until('the first leads', () => first.isLeading);
      second.start();
      await until('the second has seen who leads', () => second.holder === 'first');
      holds(!second.isLeading, 'only one leads');
      await first.stop();
      await until('the second leads', () => second.isLeading);
      holds(!first.isLeading, 'the first leads no more');
      const lease = await world.client.resource(leases).get({ namespace: world.namespace, name: 'lead' });
      same([lease.spec?.holderIdentity, lease.spec?.leaseTransitions], ['second', 1]);
      await second.stop();
    },
  },
  {
    name: 'times of a lease have six digits, and three are refused',
    async run(world) {
      const lease = (renewTime: string) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'digits', namespace: world.namespace }, spec: { renewTime } });
      await refused(world.client.resource(leases).create(lease('2026-01-01T00:00:00.123Z')), 400, 'BadRequest');
      const made = await world.client.resource(leases).create(lease('2026-01-01T00:00:00.123456Z'));
      same(made.spec?.renewTime, '2026-01-01T00:00:00.123456Z');
    },
  },
  {
    name: 'an event that happens again is counted, and found by what it is about',
    async run(world) {
      const object = await world.client.resource(configMaps).create(map(world, 'eventful'));
      const recorder = new EventRecorder({ client: world.client, component: 'conformance', clock: systemClock, logger: silentLogger });
      for (let count = 0; count < 3; count++) recorder.record(object, 'Warning', 'Trouble', 'it does not work');
      recorder.record(object, 'Normal', 'Fine', 'it works');
      await recorder.flush();
      const fieldSelector = `involvedObject.uid=${object.metadata.uid},reason=Trouble`;
      const { items } = await world.client.resource(events).list({ namespace: world.namespace, fieldSelector });
      same(items.map((one) => [one.type, one.count, one.message]), [['Warning', 3, 'it does not work']]);
    },
  },
];
