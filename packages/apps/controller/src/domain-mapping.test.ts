import type { ConfigMap } from '@sluice/kubernetes';
import { clusterDomainClaimKind, domainMappingKind, ingressKind, serviceKind, type ClusterDomainClaim, type DomainMapping } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

const host = 'www.example.org';

function aMapping(name = 'hello', apiVersion = 'serving.knative.dev/v1', kind = 'Service'): DomainMapping {
  return {
    apiVersion: 'serving.knative.dev/v1beta1',
    kind: 'DomainMapping',
    metadata: { name: host, namespace: 'default' },
    spec: { ref: { apiVersion, kind, name } },
  };
}

function aClaim(namespace: string): ClusterDomainClaim {
  return { apiVersion: 'networking.internal.knative.dev/v1alpha1', kind: 'ClusterDomainClaim', metadata: { name: host }, spec: { namespace } };
}

function network(data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-network', namespace: 'sluice-system' }, data };
}

async function withService(data: Record<string, string> = {}): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start(network(data));
  await world.put(aService('hello'));
  await world.bringUp('hello-00001');
  return world;
}

/** What the config service says once gateways have an Ingress. */
async function serve(world: ControllerWorld): Promise<void> {
  const ingress = world.find(ingressKind, host);
  await world.put({ ...ingress, status: { observedGeneration: ingress.metadata.generation ?? 0, conditions: [{ type: 'Ready', status: 'True' }] } });
}

describe('a mapping', () => {
  test('leads its host to the service once it has the claim, and is ready when gateways have it', async () => {
    const world = await withService();
    await world.put(aClaim('default'));
    await world.put(aMapping());
    expect(world.find(ingressKind, host).spec.rules?.[0]).toMatchObject({
      hosts: [host],
      http: { paths: [{ rewriteHost: 'hello.default.svc.cluster.local' }] },
    });
    expect(world.condition(domainMappingKind, host, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'IngressNotConfigured' });
    await serve(world);
    expect(world.condition(domainMappingKind, host, 'Ready')).toMatchObject({ status: 'True' });
    expect(world.find(domainMappingKind, host).status).toMatchObject({ url: `http://${host}` });
  });

  test('serves nothing without a claim, and says what is missing', async () => {
    const world = await withService();
    await world.put(aMapping());
    expect(world.has(ingressKind, host)).toBe(false);
    expect(world.condition(domainMappingKind, host, 'DomainClaimed')).toMatchObject({ status: 'False', reason: 'DomainClaimFailed' });
    await world.put(aClaim('default'));
    expect(world.has(ingressKind, host)).toBe(true);
  });

  test('serves nothing under a host of another namespace', async () => {
    const world = await withService();
    await world.put(aClaim('other'));
    await world.put(aMapping());
    expect(world.has(ingressKind, host)).toBe(false);
    expect(world.condition(domainMappingKind, host, 'Ready')).toMatchObject({ status: 'False', reason: 'DomainClaimNotOwned' });
  });

  test('takes its host by itself where the cluster lets it, and gives it back', async () => {
    const world = await withService({ 'autocreate-cluster-domain-claims': 'true' });
    await world.put(aMapping());
    expect(world.server.find(clusterDomainClaimKind, host)?.spec).toEqual({ namespace: 'default' });
    expect(world.has(ingressKind, host)).toBe(true);
    await world.server.remove(domainMappingKind, `default/${host}`);
    await world.rest();
    expect(world.server.find(clusterDomainClaimKind, host)).toBeUndefined();
  });

  test('leaves a claim alone that somebody else made', async () => {
    const world = await withService({ 'autocreate-cluster-domain-claims': 'true' });
    await world.put(aClaim('default'));
    await world.put(aMapping());
    await world.server.remove(domainMappingKind, `default/${host}`);
    await world.rest();
    expect(world.server.find(clusterDomainClaimKind, host)).toBeDefined();
  });

  test('waits for a service that is not there yet', async () => {
    const world = await withService();
    await world.put(aClaim('default'));
    await world.put(aMapping('later'));
    expect(world.condition(domainMappingKind, host, 'ReferenceResolved')).toMatchObject({ status: 'False', reason: 'ResolveFailed', message: 'failed to get object default/later: services.serving.knative.dev "later" not found' });
    await world.put(aService('later'));
    await world.bringUp('later-00001');
    expect(world.condition(domainMappingKind, host, 'ReferenceResolved')).toMatchObject({ status: 'True' });
    expect(world.has(serviceKind, 'later')).toBe(true);
  });

  test('may lead to a Service of Kubernetes, and to whatever says where it answers', async () => {
    const world = new ControllerWorld();
    await world.start(network({}), aClaim('default'), aMapping('web', 'v1'));
    const backend = () => world.find(ingressKind, host).spec.rules?.[0]?.http?.paths?.[0];
    expect(backend()).toMatchObject({ rewriteHost: 'web.default.svc.cluster.local', splits: [{ serviceName: 'web', servicePort: 80 }] });

    await world.put(aMapping('orders', 'eventing.knative.dev/v1', 'Broker'));
    const resolved = () => world.condition(domainMappingKind, host, 'ReferenceResolved');
    expect(resolved()).toMatchObject({ status: 'False', message: 'failed to get object default/orders: brokers.eventing.knative.dev "orders" not found' });
    const broker = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', metadata: { name: 'orders', namespace: 'default' } };
    await world.put(broker);
    expect(resolved()).toMatchObject({ status: 'False', message: expect.stringContaining('address not set for &ObjectReference{Kind:Broker') as string });
    await world.put({ ...broker, status: { address: { url: 'http://broker-ingress.default.svc.cluster.local' } } });
    expect(resolved()).toMatchObject({ status: 'True' });
    expect(backend()).toMatchObject({ rewriteHost: 'broker-ingress.default.svc.cluster.local' });
  });

  test('says that a kind is not known here, and looks again', async () => {
    const world = new ControllerWorld();
    await world.start(network({}), aClaim('default'), aMapping('x', 'nowhere.example.org/v1', 'Thing'));
    expect(world.condition(domainMappingKind, host, 'ReferenceResolved')).toMatchObject({
      status: 'False',
      message: expect.stringContaining('failed to get lister for nowhere.example.org/v1, Resource=things: ') as string,
    });
    const asked = () => world.server.requests.filter((request) => request.includes('/things/')).length;
    const before = asked();
    await world.time.advanceAsync(31_000);
    expect(asked()).toBe(before + 1);
  });

  test('says all that is wrong with it', async () => {
    const world = await withService();
    await world.put({ ...aMapping(), spec: { ref: { kind: 'Service' } } });
    expect(world.condition(domainMappingKind, host, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'InvalidSpec',
      message: 'missing field(s): spec.ref.apiVersion\nmissing field(s): spec.ref.name',
    });
  });
});
