import { createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { configMaps, HttpTransport, KubernetesClient, type Transport } from '@sluice/kubernetes';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestApiServer } from '../../testing/test-api-server.ts';
import { createApiServer, type ApiServer } from '../api-server.ts';
import { serveApiServer } from '../http-server.ts';
import { createInProcessTransport } from '../in-process-transport.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import { FaultSwitches, withFaults } from './fault-switches.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface World {
  readonly faults: FaultSwitches;
  readonly transport: Transport;
  readonly client: KubernetesClient;
}

async function createWorld(how: string): Promise<World> {
  const faults = new FaultSwitches();
  const plain = createApiServer({ clock: systemClock, timers: systemTimers, random: createSeededRandom(1), storage: createMemoryStorage(), logger: silentLogger });
  open.push(async () => plain.stop());
  const server = withFaults(plain, faults, systemTimers);
  const transport = how === 'over sockets' ? await overSockets(server) : createInProcessTransport(server);
  const client = new KubernetesClient({ transport, fieldManager: 'test' });
  await client.resource(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: { text: 'ä€😀' } });
  return { faults, transport, client };
}

async function overSockets(server: ApiServer): Promise<Transport> {
  const served = await serveApiServer(server);
  const transport = new HttpTransport({ access: { server: served.url, tls: {}, namespace: 'default' }, clock: systemClock });
  open.push(() => served.close(), () => transport.close());
  return transport;
}

/** What arrives of an answer, and whether it came to its end; after 100 ms of nothing it counts as silent. */
async function readAnswer({ transport }: World, path: string): Promise<{ bytes: number; end: 'whole' | 'cut' | 'silent' }> {
  const stop = new AbortController();
  const response = await transport.send({ method: 'GET', path, headers: {}, streaming: true, signal: stop.signal });
  let bytes = 0;
  const reading = (async () => {
    for await (const piece of response.body) bytes += piece.length;
  })();
  const end = await Promise.race([
    reading.then(() => 'whole' as const, () => 'cut' as const),
    new Promise<'silent'>((resolve) => setTimeout(() => resolve('silent'), 100)),
  ]);
  stop.abort();
  await reading.catch(() => undefined);
  return { bytes, end };
}

const MAP = '/api/v1/namespaces/default/configmaps/a';
const WATCH = '/api/v1/namespaces/default/configmaps?watch=true';

describe.each(['over sockets', 'in the same process'])('faults %s', (how) => {
  it('break an answer off at any byte', async () => {
    const world = await createWorld(how);
    for (const path of [MAP, WATCH]) {
      for (const afterBytes of [0, 1, 100, 101, 102]) {
        world.faults.set({ kind: 'cut', afterBytes, times: 1 });
        expect(await readAnswer(world, path)).toEqual({ bytes: afterBytes, end: 'cut' });
      }
    }
    expect((await readAnswer(world, MAP)).end).toBe('whole');
  });

  it('let a watch go silent', async () => {
    const world = await createWorld(how);
    world.faults.set({ kind: 'silence', afterBytes: 10, times: 1 });
    expect(await readAnswer(world, WATCH)).toEqual({ bytes: 10, end: 'silent' });
  });

  it('refuse, and say when to come again', async () => {
    const { faults, client } = await createWorld(how);
    const get = () => client.resource(configMaps).get({ namespace: 'default', name: 'a' });
    faults.set({ kind: 'refuse', status: 429, retryAfterSeconds: 7, times: 1 });
    faults.set({ kind: 'refuse', status: 500, times: 1 });
    faults.set({ kind: 'refuse', status: 410, times: 1 });
    await expect(get()).rejects.toMatchObject({ httpStatus: 429, reason: 'TooManyRequests', retryAfterMs: 7000 });
    await expect(get()).rejects.toMatchObject({ httpStatus: 500, reason: 'InternalError' });
    await expect(get()).rejects.toMatchObject({ httpStatus: 410, reason: 'Expired' });
    expect((await get()).metadata.name).toBe('a');
    expect(faults.met).toBe(3);
  });

  it('meet only those that are meant, until they are taken away', async () => {
    const { faults, client } = await createWorld(how);
    const takeAway = faults.set({ kind: 'refuse', status: 503, matches: ({ method }) => method === 'GET' });
    await expect(client.resource(configMaps).list()).rejects.toMatchObject({ httpStatus: 503 });
    await client.resource(configMaps).patch({ namespace: 'default', name: 'a' }, { type: 'merge', body: { data: null } });
    takeAway();
    expect((await client.resource(configMaps).list({ namespace: 'default' })).items).toHaveLength(1);
  });
});

it('a slow answer is slow by the clock of the server', async () => {
  const api = createTestApiServer();
  const faults = new FaultSwitches();
  const slow = withFaults(api.server, faults, api.time);
  faults.set({ kind: 'slow', delayMs: 5_000 });
  let isAnswered = false;
  void slow.handle({ method: 'GET', path: '/version' }).then(() => (isAnswered = true));
  await api.time.advanceAsync(4_999);
  expect(isAnswered).toBe(false);
  await api.time.advanceAsync(1);
  expect(isAnswered).toBe(true);
});
