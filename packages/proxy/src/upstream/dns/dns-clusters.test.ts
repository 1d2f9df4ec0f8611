/** Clusters whose hosts are given by name, in a whole proxy on a simulated network, clock and name service. */
import { assignmentJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { countEach, startSimulatedMesh, type SimulatedMeshOptions } from '../../testing/simulated-mesh.ts';

const first = '10.0.1.1:80';
const second = '10.0.1.2:80';
const third = '[fd00::3]:80';

function cluster(type: string, fields: Json = {}, names: readonly string[] = ['app.test:80']): Json {
  return { name: 'app', type, load_assignment: assignmentJson('app', names), ...fields };
}

const start = (fields: Json, names: SimulatedMeshOptions['names'], type = 'STRICT_DNS') =>
  startSimulatedMesh({ hosts: [first, second, third], clusters: [cluster(type, fields)], ...(names ? { names } : {}) });

test('each address of a name is a host, and a request that comes before they are known waits for them', async () => {
  const mesh = await start({}, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1', '10.0.1.2'] }));
  expect(countEach(await mesh.ask(4))).toEqual({ [first]: 2, [second]: 2 });
  expect(mesh.metric('update_attempt')).toBe(1);
  expect(mesh.metric('update_success')).toBe(1);
  expect(mesh.metric('membership_total')).toBe(2);
  expect(mesh.metric('membership_change')).toBe(1);
});

test('names are looked up again at the refresh rate, and hosts come and go with their addresses', async () => {
  const mesh = await start({ dns_refresh_rate: '10s' }, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1'] }));
  expect(await mesh.ask(2)).toEqual([first, first]);
  mesh.resolver.names.set('app.test', { v4: ['10.0.1.2'] });
  await mesh.time.advanceAsync(9_000);
  expect(await mesh.ask()).toEqual([first]);
  await mesh.time.advanceAsync(2_000);
  expect(await mesh.ask()).toEqual([second]);
  expect(mesh.metric('update_no_rebuild')).toBe(0);
  await mesh.time.advanceAsync(10_000);
  expect(mesh.metric('update_no_rebuild')).toBe(1);
});

test.each([
  ['SERVFAIL', 'failure' as const, 'update_failure'],
  ['no such name', undefined, 'update_empty'],
  ['no address of the family', { v6: [] }, 'update_empty'],
])('the last good addresses stay on %s', async (_, known, counter) => {
  const mesh = await start({}, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1'] }));
  expect(await mesh.ask()).toEqual([first]);
  if (known === undefined) mesh.resolver.names.delete('app.test');
  else mesh.resolver.names.set('app.test', known);
  await mesh.time.advanceAsync(11_000);
  expect(await mesh.ask()).toEqual([first]);
  expect(mesh.metric(counter)).toBe(2);
});

test('a name that is not there at first answers 503, and requests pass as soon as it is', async () => {
  const mesh = await start({}, undefined);
  expect(await mesh.ask()).toEqual(['503']);
  mesh.resolver.names.set('app.test', { v4: ['10.0.1.1'] });
  await mesh.time.advanceAsync(5_001);
  expect(await mesh.ask()).toEqual([first]);
});

test('nobody waits for ever for a name server that says nothing', async () => {
  const mesh = await start({}, ({ names }) => void names.set('app.test', 'silence'));
  const askedAt = mesh.time.now();
  expect(await mesh.ask()).toEqual(['503']);
  expect(mesh.time.now() - askedAt).toBeLessThanOrEqual(15_100);
});

test('who does not want to wait for the first lookup is told so at once', async () => {
  const mesh = await start({ wait_for_warm_on_init: false }, ({ names }) => void names.set('app.test', 'silence'));
  expect(await mesh.ask()).toEqual(['503']);
  expect(mesh.time.now()).toBeLessThan(1_000);
});

test('after failures lookups become rarer, up to the maximum, and a good answer ends that', async () => {
  const fields = { dns_refresh_rate: '60s', dns_failure_refresh_rate: { base_interval: '1s', max_interval: '4s' } };
  const mesh = await start(fields, ({ names }) => void names.set('app.test', 'failure'));
  await mesh.time.advanceAsync(1);
  const pauses: number[] = [];
  for (let count = 1; count <= 5; count += 1) {
    const since = mesh.time.now();
    await mesh.time.advanceUntil(() => mesh.resolver.asked.length > count, 60_000);
    pauses.push(mesh.time.now() - since);
    await mesh.time.advanceAsync(1);
  }
  const ceilings = [1000, 2000, 4000, 4000, 4000];
  pauses.forEach((pause, index) => {
    expect(pause).toBeGreaterThanOrEqual((ceilings[index] as number) / 2 - 1);
    expect(pause).toBeLessThanOrEqual(ceilings[index] as number);
  });
  mesh.resolver.names.set('app.test', { v4: ['10.0.1.1'] });
  await mesh.time.advanceAsync(5_000);
  const asked = mesh.resolver.asked.length;
  await mesh.time.advanceAsync(50_000);
  expect(mesh.resolver.asked.length).toBe(asked);
});

test('records are asked for again when they have expired, where that is wanted', async () => {
  const mesh = await start({ respect_dns_ttl: true }, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1'], ttlMs: 30_000 }));
  await mesh.time.advanceAsync(29_000);
  expect(mesh.resolver.asked).toHaveLength(1);
  await mesh.time.advanceAsync(2_000);
  expect(mesh.resolver.asked).toHaveLength(2);
  mesh.resolver.names.set('app.test', { v4: ['10.0.1.1'], ttlMs: 0 });
  await mesh.time.advanceAsync(30_000 + 5_002);
  expect(mesh.resolver.asked).toHaveLength(4);
});

test.each([
  ['AUTO', [third]],
  ['V4_PREFERRED', [first]],
  ['V4_ONLY', [first]],
  ['V6_ONLY', [third]],
  ['ALL', [first, third]],
])('of both families %s takes %j', async (dns_lookup_family, expected) => {
  const mesh = await start({ dns_lookup_family }, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1'], v6: ['fd00::3'] }));
  expect([...new Set(await mesh.ask(8))].sort()).toEqual(expected);
});

test('a logical host is one host: new connections go to its address of the moment, open ones stay', async () => {
  const mesh = await start({}, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1', '10.0.1.2'] }), 'LOGICAL_DNS');
  expect(await mesh.ask(3)).toEqual([first, first, first]);
  expect(mesh.metric('membership_total')).toBe(1);
  mesh.resolver.names.set('app.test', { v4: ['10.0.1.2'] });
  await mesh.time.advanceAsync(5_002);
  expect(mesh.proxy.clusters()[0]?.hosts).toMatchObject([{ address: second }]);
  // The connection that is there goes on as long as it is used.
  expect(await mesh.ask(1)).toEqual([first]);
  expect(mesh.host(first).connections).toBe(1);
  mesh.host(first).headers = 'connection: close\r\n';
  expect(await mesh.ask(2)).toEqual([first, second]);
});

test('addresses stand beside names, and hosts of two names are all there', async () => {
  const mesh = await startSimulatedMesh({
    hosts: [first, second],
    clusters: [cluster('STRICT_DNS', {}, ['10.0.1.1:80', 'b.test:80'])],
    names: ({ names }) => void names.set('b.test', { v4: ['10.0.1.2'] }),
  });
  expect(countEach(await mesh.ask(4))).toEqual({ [first]: 2, [second]: 2 });
});

test('a cluster that is taken away is not looked up any more', async () => {
  const mesh = await start({}, ({ names }) => void names.set('app.test', { v4: ['10.0.1.1'] }));
  await mesh.ask();
  await mesh.apply([]);
  const asked = mesh.resolver.asked.length;
  await mesh.time.advanceAsync(60_000);
  expect(mesh.resolver.asked.length).toBe(asked);
});
