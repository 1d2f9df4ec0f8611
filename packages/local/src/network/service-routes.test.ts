import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMeter, silentLogger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { endpointSlices, KubernetesClient, services, type Service } from '@sluice/kubernetes';
import { createApiServer } from '../api-server/api-server.ts';
import { createInProcessTransport } from '../api-server/in-process-transport.ts';
import { createMemoryStorage } from '../api-server/storage/memory-storage.ts';
import { ExternalAddresses } from './external-addresses.ts';
import { PodAddressAllocator } from './pod-address-allocator.ts';
import { ServiceRoutes } from './service-routes.ts';

const shared = { clock: systemClock, timers: systemTimers, random: systemRandom, logger: silentLogger, meter: createMeter() };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function routed() {
  const api = createApiServer({ ...shared, storage: createMemoryStorage() });
  ends.push(() => api.stop());
  const client = new KubernetesClient({ transport: createInProcessTransport(api), fieldManager: 'test' });
  const written: string[] = [];
  const routes = new ServiceRoutes({ ...shared, client, write: async (rules) => void written.push(rules) });
  await routes.start();
  ends.push(() => routes.stop());
  return { client, routes, written };
}

const service = (name: string, type: 'ClusterIP' | 'LoadBalancer'): Service => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name }, spec: { type, ports: [{ name: 'http', port: 80 }] } });

describe('routes of Services', () => {
  it('follow Services and the pods behind them, and write nothing where nothing is different', async () => {
    const { client, written } = await routed();
    await client.resource(services).create(service('hello', 'ClusterIP'));
    await vi.waitFor(() => expect(written.at(-1)).toMatch(/set refused \{[^}]*10\.96\.0\.1 \. 80/));
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { namespace: 'default', name: 'hello-1', labels: { 'kubernetes.io/service-name': 'hello' } }, addressType: 'IPv4' as const, endpoints: [{ addresses: ['10.244.0.2'], conditions: { ready: true } }], ports: [{ name: 'http', port: 8080 }] };
    await client.resource(endpointSlices).create(slice);
    await vi.waitFor(() => expect(written.at(-1)).toContain('0 : 10.244.0.2 . 8080'));
    const before = written.length;
    await client.resource(endpointSlices).patch(slice.metadata, { type: 'merge', body: { metadata: { annotations: { note: 'nothing' } } } });
    await client.resource(services).create({ ...service('late', 'ClusterIP') });
    await vi.waitFor(() => expect(written.at(-1)).toContain('10.96.0.2 . 80'));
    expect(written.length).toBe(before + 1);
  });
});

describe('addresses of load balancers', () => {
  it('are given to those Services alone, one each, and lead where their own do', async () => {
    const { client, routes, written } = await routed();
    const external = new ExternalAddresses({ client, services: routes.services, logger: silentLogger });
    external.start();
    ends.push(() => external.stop());
    for (const each of [service('inside', 'ClusterIP'), service('a', 'LoadBalancer'), service('b', 'LoadBalancer')]) await client.resource(services).create(each);
    const given = async (name: string) => (await client.resource(services).get({ namespace: 'default', name })).status?.loadBalancer;
    await vi.waitFor(async () => expect([await given('inside'), await given('a'), await given('b')]).toEqual([{}, { ingress: [{ ip: '10.97.0.1', ipMode: 'VIP' }] }, { ingress: [{ ip: '10.97.0.2', ipMode: 'VIP' }] }]));
    await vi.waitFor(() => expect(written.at(-1)).toContain('10.97.0.2 . 80'));
  });
});

describe('addresses of pods', () => {
  it('are given once, again to a pod that had one, and taken again as late as possible', () => {
    const allocator = new PodAddressAllocator();
    expect([allocator.allocateAddress(), allocator.allocateAddress(), allocator.allocateAddress('10.244.0.9'), allocator.allocateAddress('127.1.0.2')]).toEqual(['10.244.0.2', '10.244.0.3', '10.244.0.9', '10.244.0.4']);
    allocator.releaseAddress('10.244.0.2');
    expect([allocator.allocateAddress('10.244.0.3'), allocator.allocateAddress('10.244.0.2')]).toEqual(['10.244.0.5', '10.244.0.2']);
  });
});
