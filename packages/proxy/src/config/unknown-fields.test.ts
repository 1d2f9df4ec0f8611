/** Fields that nobody knows: counted where they are let pass, in bootstraps and in what comes later. */
import { createMeter, createSeededRandom, type Network } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { typeUrls, versionOf } from '@sluice/resources';
import { staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { routerFactory } from '../filters/router/router-factory.ts';
import { startBootstrapProxy } from './bootstrap-proxy.ts';
import { parseBootstrap } from './file-bootstrap.ts';

const network: Network = { listen: unreachable, connect: unreachable };

function unreachable(): never {
  throw new Error('no test of this file opens a socket');
}

const load = (clusters: readonly Json[], unknownFields?: 'warning') =>
  parseBootstrap(JSON.stringify({ static_resources: { clusters } }), 'b.json', [routerFactory], unknownFields);

async function start(clusters: readonly Json[]) {
  const loaded = await load(clusters, 'warning');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const time = new SimulatedTime();
  const meter = createMeter();
  const parts = { clock: time, timers: time, random: createSeededRandom(1), logger: new RecordingLogger(), meter, network };
  const started = await startBootstrapProxy({ ...parts, loaded: loaded.value, filters: [routerFactory] });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const counted = (name: string) => meter.collect().find((family) => family.name === name)?.samples[0]?.value;
  return {
    running: started.value,
    counts: () => ({ static: counted('envoy_server_static_unknown_fields'), dynamic: counted('envoy_server_dynamic_unknown_fields') }),
  };
}

const known = staticClusterJson('known', ['10.0.0.1:80']);
const strange = staticClusterJson('strange', ['10.0.0.2:80'], { colour: 'red', shape: { edges: 3 } });

test('a bootstrap without any counts none', async () => {
  const { running, counts } = await start([known]);
  expect(counts()).toEqual({ static: 0, dynamic: 0 });
  await running.stop();
});

test('each of a bootstrap that was let pass counts, and again in one that takes its place', async () => {
  const { running, counts } = await start([known, strange]);
  expect(counts()).toEqual({ static: 2, dynamic: 0 });
  const next = await load([strange], 'warning');
  expect(next.ok && (await running.reload(next.value)).ok).toBe(true);
  expect(counts()).toEqual({ static: 4, dynamic: 0 });
  await running.stop();
});

test('a bootstrap in which they are mistakes is refused', async () => {
  expect(await load([strange])).toMatchObject({ ok: false, problems: [{ message: 'is not a field here' }, { message: 'is not a field here' }] });
});

test('those of a dynamic resource count for themselves, and it is taken', async () => {
  const { running, counts } = await start([known]);
  const refused = running.applier.onUpdate({ typeUrl: typeUrls.cluster, version: '1', changed: [{ name: 'strange', version: versionOf(strange), value: strange }], removed: [] });
  expect(refused).toEqual([]);
  expect(counts()).toEqual({ static: 0, dynamic: 2 });
  await running.stop();
});
