/** Proxies beside plain programs: which Services they are told of, under which names, and how little a change costs. */
import { createMeter, silentLogger } from '@sluice/kernel';
import { defaultServingConfig, LiveModel, type ServiceView } from '@sluice/serving';
import { sidecarGroup } from '@sluice/translator';
import { loadCodec, SnapshotCache, typeUrls, type Codec, type Snapshot } from '@sluice/xds';
import { beforeAll, expect, test } from 'vitest';
import { SidecarControl } from './sidecar-control.ts';

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('admin');
});

interface Port {
  readonly name?: string;
  readonly port: number;
  readonly appProtocol?: string;
  readonly protocol?: string;
}

class World {
  readonly cache = new SnapshotCache();
  readonly groups = new Set<string>();
  readonly model = new LiveModel({ config: defaultServingConfig, activatorService: 'sluice-system/activator-service' });
  readonly control = new SidecarControl({ model: this.model, cache: this.cache, codec, logger: silentLogger, meter: createMeter(), clusterDomain: () => 'cluster.local', groups: () => this.groups });

  service(key: string, ports: readonly Port[], spec: object = { clusterIP: '10.96.0.7' }): this {
    const [namespace = '', name = ''] = key.split('/');
    const object: ServiceView = { metadata: { namespace, name }, spec: { ports, ...spec } };
    this.model.set('services', key, object);
    this.control.onService(key, object);
    return this;
  }

  endpoints(key: string, port: { readonly name?: string; readonly port: number }, addresses: readonly string[]): this {
    const [namespace = '', name = ''] = key.split('/');
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } }, addressType: 'IPv4', ports: [{ name: '', protocol: 'TCP', ...port }], endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })) };
    this.model.set('endpointSlices', `${namespace}/${name}-1`, slice as Parameters<LiveModel['set']>[2]);
    return this;
  }

  remove(key: string): this {
    this.model.set('services', key, undefined);
    this.control.onService(key, undefined);
    return this;
  }

  /** As the config service does: what has changed is taken over and published. */
  publish(): this {
    this.control.update(this.model.take());
    return this;
  }

  connect(namespace: string): this {
    this.control.onNode(sidecarGroup(namespace));
    this.groups.add(sidecarGroup(namespace));
    return this;
  }

  snapshot(namespace: string): Snapshot {
    const snapshot = this.cache.get(sidecarGroup(namespace));
    if (!snapshot) throw new Error(`nothing for ${namespace}`);
    return snapshot;
  }

  values(namespace: string, typeUrl: string): readonly Readonly<Record<string, unknown>>[] {
    return [...(this.snapshot(namespace).types.get(typeUrl)?.resources.values() ?? [])].map(({ value }) => value);
  }

  /** Where each name leads to. */
  table(namespace: string): Readonly<Record<string, string>> {
    const [table] = this.values(namespace, typeUrls.routeConfiguration) as { virtual_hosts: { domains: string[]; routes: { route: { cluster: string } }[] }[] }[];
    return Object.fromEntries((table?.virtual_hosts ?? []).flatMap(({ domains, routes }) => domains.map((domain) => [domain, routes[0]?.route.cluster ?? ''])));
  }

  addresses(namespace: string, cluster: string): readonly string[] {
    const [found] = this.values(namespace, typeUrls.clusterLoadAssignment).filter((value) => value['cluster_name'] === cluster) as { endpoints?: { lb_endpoints: { endpoint: { address: { socket_address: { address: string; port_value: number } } } }[] }[] }[];
    return (found?.endpoints ?? []).flatMap(({ lb_endpoints: all }) => all.map(({ endpoint: { address: { socket_address: at } } }) => `${at.address}:${at.port_value}`));
  }
}

test('a Service is known by its names, the short one in its own namespace only, and by its address', () => {
  const world = new World().service('shop/payments', [{ name: 'http', port: 80 }, { name: 'grpc-admin', port: 9000 }]).publish().connect('shop').connect('other');
  expect(world.table('shop')).toEqual(
    Object.fromEntries(['payments.shop.svc.cluster.local', 'payments.shop.svc', 'payments.shop', 'payments', '10.96.0.7'].flatMap((name) => [[`${name}:80`, 'shop/payments:80'], [name, 'shop/payments:80'], [`${name}:9000`, 'shop/payments:9000:h2c']])),
  );
  expect(Object.keys(world.table('other'))).not.toContain('payments:80');
  expect(world.table('other')).toMatchObject({ 'payments.shop': 'shop/payments:80' });
});

test('a connection to a Service’s address is understood as its port says, and bound to nothing', () => {
  const world = new World().service('shop/db', [{ port: 5432 }, { name: 'http-metrics', port: 9090 }, { name: 'wide', port: 90, appProtocol: 'kubernetes.io/h2c' }, { name: 'dns', port: 53, protocol: 'UDP' }]).publish().connect('shop');
  const listeners = world.values('shop', typeUrls.listener).map((value) => [value['name'], value['address'], value['bind_to_port'], JSON.stringify(value).includes('HttpConnectionManager')]).toSorted();
  const at = (port: number) => ({ socket_address: { address: '10.96.0.7', port_value: port } });
  expect(listeners).toEqual([
    ['outbound/shop/db:5432', at(5432), false, false],
    ['outbound/shop/db:90', at(90), false, true],
    ['outbound/shop/db:9090', at(9090), false, true],
  ]);
});

test('a Service without an address is reached by name, and one that is only a name is left to name servers', () => {
  const world = new World().service('shop/headless', [{ name: 'http', port: 80 }], { clusterIP: 'None' }).service('shop/alias', [{ port: 80 }], { type: 'ExternalName', externalName: 'example.com' }).publish().connect('shop');
  expect(Object.keys(world.table('shop'))).toContain('headless');
  expect(Object.keys(world.table('shop'))).not.toContain('alias');
  expect(world.values('shop', typeUrls.listener)).toEqual([]);
});

test('pods that come and go change their Service’s endpoints and nothing else', () => {
  const world = new World().service('shop/payments', [{ port: 80 }]).service('shop/other', [{ port: 80 }]).endpoints('shop/payments', { port: 8080 }, ['10.0.0.1']).publish().connect('shop');
  expect(world.addresses('shop', 'shop/payments:80')).toEqual(['10.0.0.1:8080']);
  const before = world.snapshot('shop');
  world.endpoints('shop/payments', { port: 8080 }, ['10.0.0.2', '10.0.0.1']).publish();
  expect(world.addresses('shop', 'shop/payments:80')).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  for (const typeUrl of [typeUrls.cluster, typeUrls.listener, typeUrls.routeConfiguration]) expect(world.snapshot('shop').types.get(typeUrl)).toBe(before.types.get(typeUrl));
  // A namespace that comes later has them, too.
  expect(world.connect('late').addresses('late', 'shop/payments:80')).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
});

test('Services that come and go do so for all namespaces that have proxies, and for no other', () => {
  const world = new World().service('shop/payments', [{ port: 80 }]).publish().connect('shop');
  expect(world.cache.groups).toEqual([sidecarGroup('shop')]);
  world.service('web/front', [{ port: 80 }]).publish();
  expect(world.table('shop')).toMatchObject({ 'front.web': 'web/front:80' });
  world.remove('shop/payments').publish();
  expect(Object.keys(world.table('shop')).filter((name) => name.startsWith('payments'))).toEqual([]);
  expect(world.values('shop', typeUrls.cluster).map(({ name }) => name)).toEqual(['web/front:80']);
});

test('a namespace whose proxies had gone is told what has changed meanwhile when one comes again', () => {
  const world = new World().service('shop/payments', [{ port: 80 }]).publish().connect('shop');
  world.groups.clear();
  world.service('web/front', [{ port: 80 }]).publish();
  world.connect('shop');
  expect(world.table('shop')).toMatchObject({ 'front.web': 'web/front:80' });
});

test('before everything has been listed nothing is said, and then at once', () => {
  const world = new World().service('shop/payments', [{ port: 80 }]).connect('shop');
  expect(world.cache.groups).toEqual([]);
  world.publish();
  expect(world.table('shop')).toMatchObject({ payments: 'shop/payments:80' });
});
