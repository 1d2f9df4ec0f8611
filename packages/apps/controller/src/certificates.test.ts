/** Routes that are served over TLS, by certificates that are made for them; and Routes that others serve. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { namespaces, secrets, type ConfigMap, type Namespace, type Secret } from '@sluice/kubernetes';
import { certificateKind, domainMappingKind, ingressKind, issuePair, readAuthority, routeKind, serviceKind, type Certificate, type DomainMapping } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

const authority = 'sluice-system/sluice-certificate-authority';
const dayMs = 86_400_000;
const anHourMs = 3_700_000;

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString();
}

function network(data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-network', namespace: 'sluice-system' }, data };
}

async function withService(data: Record<string, string>, annotations: Record<string, string> = {}): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start(network(data));
  await world.put(aService('hello', { metadata: { annotations } }));
  await world.bringUp('hello-00001');
  return world;
}

function certificatesOf(world: ControllerWorld): Certificate[] {
  return [...world.server.list(certificateKind)];
}

function shown(world: ControllerWorld, certificate: Certificate | undefined): X509Certificate {
  const secret = world.server.find<Secret>(secrets, `default/${certificate?.spec.secretName ?? ''}`);
  return new X509Certificate(Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64'));
}

describe('with external-domain-tls, a Service', () => {
  test('is served over TLS by a certificate of our authority', async () => {
    const world = await withService({ 'external-domain-tls': 'enabled', 'external-tls-port': '8443' });
    const [certificate] = certificatesOf(world);
    const root = new X509Certificate(Buffer.from(world.server.find<Secret>(secrets, authority)?.data?.['tls.crt'] ?? '', 'base64'));
    const leaf = shown(world, certificate);
    expect(leaf.verify(root.publicKey) && leaf.checkHost('hello.default.example.com')).toBe('hello.default.example.com');
    expect(certificate?.status).toMatchObject({ notAfter: expect.stringMatching(/^2026-/), conditions: [{ type: 'Ready', status: 'True' }] });
    expect(world.condition(routeKind, 'hello', 'CertificateProvisioned')).toMatchObject({ status: 'True' });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
    expect(world.find(serviceKind, 'hello').status).toMatchObject({ url: 'https://hello.default.example.com:8443', address: { url: 'http://hello.default.svc.cluster.local' } });
    expect(world.find(routeKind, 'hello').status?.annotations?.['networking.sluice.dev/tls']).toContain(certificate?.spec.secretName);
  });

  test('has its certificate renewed before it ends, and made again when somebody deletes it', async () => {
    const world = await withService({ 'external-domain-tls': 'enabled' });
    const key = `default/${certificatesOf(world)[0]?.spec.secretName ?? ''}`;
    const secret = world.server.find<Secret>(secrets, key);
    const root = world.server.find<Secret>(secrets, authority);
    if (!secret || !root) throw new Error('there is no secret');
    const signer = readAuthority({ certificateChain: decode(root.data?.['tls.crt']), privateKey: decode(root.data?.['tls.key']) });
    if (typeof signer === 'string') throw new Error(signer);
    const issuedAgo = (days: number) => {
      const ingredients = { keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }), serialNumber: Buffer.from([days]) };
      const { certificateChain, privateKey } = issuePair(['hello.default.example.com'], signer, ingredients, world.time.wallTime() - days * dayMs);
      return { ...secret, data: { 'tls.crt': Buffer.from(certificateChain).toString('base64'), 'tls.key': Buffer.from(privateKey).toString('base64') } };
    };
    await world.put(issuedAgo(59));
    await world.time.advanceAsync(anHourMs);
    expect(shown(world, certificatesOf(world)[0]).serialNumber).toBe('3B');
    await world.put(issuedAgo(61));
    await world.time.advanceAsync(anHourMs);
    const renewed = shown(world, certificatesOf(world)[0]);
    expect(renewed.serialNumber).not.toBe('3D');
    expect(Date.parse(certificatesOf(world)[0]?.status?.notAfter ?? '')).toBe(renewed.validToDate.getTime());
    await world.server.remove(secrets, key);
    await world.time.advanceAsync(anHourMs);
    expect(shown(world, certificatesOf(world)[0]).serialNumber).not.toBe(renewed.serialNumber);
  });

  test('has one for each tag as long as there is the tag', async () => {
    const world = await withService({ 'external-domain-tls': 'enabled' });
    const service = world.find(serviceKind, 'hello');
    const traffic = [{ latestRevision: true, percent: 100 }, { revisionName: 'hello-00001', tag: 'old', percent: 0 }];
    await world.put({ ...service, spec: { ...service.spec, traffic } });
    expect(certificatesOf(world).flatMap(({ spec }) => spec.dnsNames).sort()).toEqual(['hello.default.example.com', 'old-hello.default.example.com']);
    expect(world.find(routeKind, 'hello').status?.traffic).toMatchObject([{}, { tag: 'old', url: 'https://old-hello.default.example.com' }]);
    await world.put({ ...world.find(serviceKind, 'hello'), spec: service.spec });
    expect(certificatesOf(world).flatMap(({ spec }) => spec.dnsNames)).toEqual(['hello.default.example.com']);
    await world.put(network({}));
    expect(certificatesOf(world)).toEqual([]);
    expect(world.find(serviceKind, 'hello').status?.url).toBe('http://hello.default.example.com');
  });

  test('waits for who makes certificates of another class, and is served over HTTP meanwhile', async () => {
    const world = await withService({ 'external-domain-tls': 'enabled', 'certificate-class': 'cert-manager.certificate.networking.knative.dev' });
    const [certificate] = certificatesOf(world);
    expect(certificate?.status).toBeUndefined();
    expect(world.condition(routeKind, 'hello', 'CertificateProvisioned')).toMatchObject({ status: 'True', reason: 'HTTPDowngrade' });
    expect(world.find(serviceKind, 'hello').status?.url).toBe('http://hello.default.example.com');
    if (!certificate) throw new Error('there is no certificate');
    await world.put({ ...certificate, status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' as const }] } });
    expect(world.find(serviceKind, 'hello').status?.url).toBe('https://hello.default.example.com');
  });

  test('says why its certificate cannot be had', async () => {
    const world = new ControllerWorld();
    const broken: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'sluice-system', name: 'sluice-certificate-authority' }, type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } };
    await world.start(network({ 'external-domain-tls': 'enabled' }), broken);
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    expect(world.condition(routeKind, 'hello', 'CertificateProvisioned')).toMatchObject({ status: 'False', reason: 'CertificateProvisionFailed', message: expect.stringContaining('AuthorityNotUsable') });
    expect(certificatesOf(world)[0]?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', message: expect.stringContaining('holds no certificate') }]);
  });

  test('leaves a Secret alone that is somebody else’s', async () => {
    const world = new ControllerWorld();
    await world.start(network({ 'external-domain-tls': 'enabled', 'autocreate-cluster-domain-claims': 'true' }));
    const taken: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'www.example.org' }, data: { mine: 'eA==' } };
    const mapping: DomainMapping = {
      apiVersion: 'serving.knative.dev/v1beta1',
      kind: 'DomainMapping',
      metadata: { name: 'www.example.org', namespace: 'default' },
      spec: { ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello' } },
    };
    await world.put(taken, aService('hello'));
    await world.bringUp('hello-00001');
    await world.put(mapping);
    expect(world.find<Secret>(secrets, 'www.example.org').data).toEqual({ mine: 'eA==' });
    expect(world.condition(domainMappingKind, 'www.example.org', 'CertificateProvisioned')).toMatchObject({ status: 'False', message: expect.stringContaining('SecretNotOwned') });
    await world.server.remove(secrets, 'default/www.example.org');
    await world.time.advanceAsync(anHourMs);
    expect(world.find(domainMappingKind, 'www.example.org').status).toMatchObject({ url: 'https://www.example.org' });
    expect(world.find(certificateKind, 'www.example.org').metadata.labels).toMatchObject({ 'serving.knative.dev/domainMappingUID': 'www.example.org' });
    expect(world.find(ingressKind, 'www.example.org').spec.tls).toEqual([{ hosts: ['www.example.org'], secretName: 'www.example.org', secretNamespace: 'default' }]);
  });
});

test('a namespace that is selected has one for all its hosts', async () => {
  const world = await withService({ 'external-domain-tls': 'enabled', 'namespace-wildcard-cert-selector': 'matchLabels: { tier: web }' });
  expect(certificatesOf(world).flatMap(({ spec }) => spec.dnsNames)).toEqual(['hello.default.example.com']);
  const namespace: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', uid: 'n', labels: { tier: 'web' } } };
  await world.put(namespace);
  expect(certificatesOf(world).flatMap(({ spec }) => spec.dnsNames)).toEqual(['*.default.example.com']);
  expect(world.find(serviceKind, 'hello').status?.url).toBe('https://hello.default.example.com');
  const { labels: _, ...metadata } = world.server.find<Namespace>(namespaces, 'default')?.metadata ?? namespace.metadata;
  await world.put({ ...namespace, metadata });
  expect(certificatesOf(world).flatMap(({ spec }) => spec.dnsNames)).toEqual(['hello.default.example.com']);
});

test('with cluster-local-domain-tls, the address in the cluster is served over TLS', async () => {
  const world = await withService({ 'cluster-local-domain-tls': 'enabled' });
  expect(certificatesOf(world).map(({ spec }) => spec.dnsNames)).toEqual([['hello.default', 'hello.default.svc', 'hello.default.svc.cluster.local']]);
  expect(world.find(serviceKind, 'hello').status).toMatchObject({ url: 'http://hello.default.example.com', address: { url: 'https://hello.default.svc.cluster.local' } });
});

describe('a Route of another ingress class', () => {
  const other = { 'networking.knative.dev/ingress-class': 'kourier.ingress.networking.knative.dev' };

  test('is an Ingress for who serves that class, and as ready as that one says', async () => {
    const world = await withService({}, other);
    const ingress = world.find(ingressKind, 'hello');
    expect(ingress.metadata.annotations).toMatchObject(other);
    expect(ingress.spec.rules?.map(({ visibility }) => visibility)).toEqual(['ClusterLocal', 'ExternalIP']);
    expect(world.condition(routeKind, 'hello', 'IngressReady')).toMatchObject({ status: 'Unknown', reason: 'IngressNotConfigured' });
    await world.put({ ...ingress, status: { observedGeneration: ingress.metadata.generation ?? 0, conditions: [{ type: 'Ready', status: 'True' as const }] } });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('has no Ingress any more once it is ours to serve', async () => {
    const world = await withService({ 'ingress-class': 'kourier.ingress.networking.knative.dev' });
    expect(world.has(ingressKind, 'hello')).toBe(true);
    await world.put(network({}));
    expect(world.has(ingressKind, 'hello')).toBe(false);
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
  });
});
