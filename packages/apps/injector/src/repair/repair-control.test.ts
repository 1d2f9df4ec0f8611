/** Pods that came while the injector was away: who hears of them, how often, and when they are made anew. */
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { EventRecorder, events, KubernetesClient, leases, namespaces, pods, replicaSets, type KubernetesObject, type Pod } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { afterEach, expect, test } from 'vitest';
import { settings } from '../injection/testing/pods.ts';
import { RepairControl } from './repair-control.ts';

const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd1', controller: true, blockOwnerDeletion: true };
const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { namespace: 'shop', name: 'web-1', uid: 'r1', ownerReferences: [owner] }, spec: { replicas: 2, selector: {}, template: { spec: { containers: [] } } } } as unknown as KubernetesObject;

function pod(name: string, more: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string>; readonly isReady?: boolean; readonly isAlone?: boolean; readonly hostNetwork?: boolean; readonly namespace?: string } = {}): Pod {
  const { namespace = 'shop', labels = {}, annotations = {}, isReady = true, isAlone = false, hostNetwork = false } = more;
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'r1', controller: true, blockOwnerDeletion: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, uid: `uid-${name}`, labels, annotations, ...(isAlone ? {} : { ownerReferences: [reference] }) },
    spec: { containers: [{ name: 'web', image: 'w' }], hostNetwork },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  } as unknown as Pod;
}

class World {
  readonly time = new SimulatedTime();
  readonly api = new FakeApiServer({ kinds: [namespaces, pods, replicaSets, leases, events], clock: this.time });
  readonly meters: ReturnType<typeof createMeter>[] = [];
  readonly #controls: RepairControl[] = [];
  canInject = true;

  namespace(name: string, injection?: string): this {
    this.api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...(injection === undefined ? {} : { labels: { 'sluice.dev/injection': injection } }) } });
    return this;
  }

  start(mode: 'report' | 'delete', replicas = 1): this {
    for (let index = 0; index < replicas; index++) {
      const client = new KubernetesClient({ transport: this.api, fieldManager: 'sluice-injector' });
      const shared = { client, clock: this.time, timers: this.time, random: createSeededRandom(index), logger: new RecordingLogger(), meter: createMeter() };
      const recorder = new EventRecorder({ ...shared, component: 'sluice-injector' });
      const control = new RepairControl({ ...shared, settings, mode, systemNamespace: 'sluice-system', identity: `injector-${index}`, recorder, canInject: () => this.canInject });
      this.meters.push(shared.meter);
      this.#controls.push(control);
      control.start();
    }
    return this;
  }

  rest(ms = 5000): Promise<void> {
    return this.time.advanceAsync(ms);
  }

  /** `kind/name reason ×count`. */
  told(): readonly string[] {
    return this.api.list(events).map((event) => `${event.involvedObject.kind}/${event.involvedObject.name} ${event.reason} ×${event.count}`).toSorted();
  }

  names(): readonly string[] {
    return this.api.list(pods).map(({ metadata }) => metadata.name).toSorted();
  }

  async stop(): Promise<void> {
    const stopping = Promise.all(this.#controls.map((control) => control.stop()));
    await this.rest(1000);
    await stopping;
  }
}

let world: World;
afterEach(() => world.stop());

test('pods without their proxy are told of, each once, and on their Deployment with a count', async () => {
  world = new World().namespace('shop', 'enabled').namespace('other');
  world.api.put(set, pod('a'), pod('b'), pod('fine', { annotations: { 'sluice.dev/injected': '{}' } }), pod('out', { labels: { 'sluice.dev/inject': 'false' } }), pod('elsewhere', { namespace: 'other' }));
  world.start('report');
  await world.rest();
  expect(world.told()).toEqual(['Deployment/web ProxyMissing ×2', 'Pod/a ProxyMissing ×1', 'Pod/b ProxyMissing ×1']);
  world.api.put(pod('a', { isReady: false }));
  await world.rest(60_000);
  expect(world.told()).toHaveLength(3);
  expect(world.names()).toContain('a');
});

test('a pod that asks by itself is told of, unless its namespace forbids it', async () => {
  world = new World().namespace('plain').namespace('closed', 'disabled');
  world.api.put(pod('asks', { namespace: 'plain', labels: { 'sluice.dev/inject': 'true' }, isAlone: true }), pod('may-not', { namespace: 'closed', labels: { 'sluice.dev/inject': 'true' }, isAlone: true }));
  world.start('report');
  await world.rest();
  expect(world.told()).toEqual(['Pod/asks ProxyMissing ×1']);
});

test('why a pod gets none is told, too', async () => {
  world = new World().namespace('shop', 'enabled');
  world.api.put(set, pod('host', { hostNetwork: true }), pod('wrong', { annotations: { 'proxy.sluice.dev/capture': 'magic' }, isAlone: true }));
  world.start('report');
  await world.rest();
  expect(world.told()).toEqual(['Deployment/web ProxySkipped ×1', 'Pod/host ProxySkipped ×1', 'Pod/wrong ProxyRefused ×1']);
  expect(world.api.list(events).find(({ reason }) => reason === 'ProxyRefused')?.message).toContain('metadata.annotations[proxy.sluice.dev/capture]');
});

test('a namespace that begins to ask has its pods looked at, and one that ceases has not', async () => {
  world = new World().namespace('shop');
  world.api.put(set, pod('a'));
  world.start('report');
  await world.rest();
  expect(world.told()).toEqual([]);
  world.namespace('shop', 'enabled');
  await world.rest();
  expect(world.told()).toEqual(['Deployment/web ProxyMissing ×1', 'Pod/a ProxyMissing ×1']);
  world.namespace('shop', 'disabled');
  await world.rest();
  world.api.put(pod('b'));
  await world.rest();
  expect(world.told()).toHaveLength(2);
});

test('of two replicas one speaks', async () => {
  world = new World().namespace('shop', 'enabled');
  world.api.put(set, pod('a'));
  world.start('report', 2);
  await world.rest(30_000);
  expect(world.told()).toEqual(['Deployment/web ProxyMissing ×1', 'Pod/a ProxyMissing ×1']);
});

test('where nothing is missing, no Lease is written', async () => {
  world = new World().namespace('shop', 'enabled');
  world.api.put(pod('fine', { annotations: { 'sluice.dev/injected': '{}' } }));
  world.start('delete');
  await world.rest(60_000);
  expect(world.api.list(leases)).toEqual([]);
});

test('deletes one pod of an owner at a time, while its others are ready and the injector can be asked', async () => {
  world = new World().namespace('shop', 'enabled');
  world.canInject = false;
  world.api.put(set, pod('a'), pod('b'), pod('alone', { isAlone: true }));
  world.start('delete');
  await world.rest(60_000);
  expect(world.names()).toEqual(['a', 'alone', 'b']);
  world.canInject = true;
  await world.rest(3000);
  expect(world.names()).toEqual(['alone', 'b']);
  // Its successor has a proxy, but is not ready yet.
  world.api.put(pod('c', { annotations: { 'sluice.dev/injected': '{}' }, isReady: false }));
  await world.rest(90_000);
  expect(world.names()).toEqual(['alone', 'b', 'c']);
  world.api.put(pod('c', { annotations: { 'sluice.dev/injected': '{}' } }));
  await world.rest(5000);
  expect(world.names()).toEqual(['alone', 'c']);
  expect(world.told()).toContain('Deployment/web ProxyRepaired ×2');
});

test('gives up on an owner whose new pods have no proxy either', async () => {
  world = new World().namespace('shop', 'enabled');
  world.api.put(set, pod('a'));
  world.start('delete');
  await world.rest(3000);
  expect(world.names()).toEqual([]);
  world.api.put(pod('a2'));
  await world.rest(300_000);
  expect(world.names()).toEqual(['a2']);
  expect(world.told()).toContain('Pod/a2 RepairGivenUp ×1');
});
