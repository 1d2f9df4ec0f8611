/** Certificates for TLS between gateways, activators and pods, and which Revisions can be spoken to by it. */
import { X509Certificate } from 'node:crypto';
import { deployments, secrets, type ConfigMap, type Deployment, type Secret } from '@sluice/kubernetes';
import { certificateKind, revisionKind } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

const mark = 'networking.sluice.dev/internal-tls';

function network(data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-network', namespace: 'sluice-system' }, data };
}

const on = network({ 'system-internal-tls': 'enabled' });
const otherClass = network({ 'system-internal-tls': 'enabled', 'certificate-class': 'cert-manager.certificate.networking.knative.dev' });

function namesIn(world: ControllerWorld, key: string): string | undefined {
  const secret = world.server.find<Secret>(secrets, key);
  return new X509Certificate(Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64')).subjectAltName;
}

const volumesOf = (world: ControllerWorld) => world.find<Deployment>(deployments, 'hello-00001-deployment').spec.template.spec.volumes;
const marked = (world: ControllerWorld) => world.find(revisionKind, 'hello-00001').status?.annotations?.[mark];

test('pods get a certificate of their namespace, activators one of theirs, and the Revision says that TLS can be spoken', async () => {
  const world = new ControllerWorld();
  await world.start(on);
  await world.put(aService('hello'));
  await world.bringUp('hello-00001');
  expect(namesIn(world, 'default/serving-certs')).toBe('DNS:data-plane.knative.dev, DNS:kn-user-default');
  expect(namesIn(world, 'sluice-system/routing-serving-certs')).toBe('DNS:data-plane.knative.dev, DNS:kn-routing');
  expect(world.find(certificateKind, 'serving-certs').metadata.labels).toEqual({ 'networking.knative.dev/certificate-type': 'system-internal' });
  expect(volumesOf(world)).toMatchObject([{ name: 'server-certs', secret: { secretName: 'serving-certs' } }]);
  expect(marked(world)).toBe('enabled');
  await world.put(network({}));
  expect(marked(world)).toBeUndefined();
});

test('no pod is made before its certificate is there, and the Revision says what it waits for', async () => {
  const world = new ControllerWorld();
  await world.start(otherClass);
  await world.put(aService('hello'));
  expect(world.has(deployments, 'hello-00001-deployment')).toBe(false);
  expect(world.condition(revisionKind, 'hello-00001', 'ResourcesAvailable')).toMatchObject({ status: 'Unknown', reason: 'CertificateNotReady', message: 'Certificate "default/serving-certs" is not ready.' });
  for (const key of ['default/serving-certs', 'sluice-system/routing-serving-certs']) {
    const certificate = world.server.find(certificateKind, key);
    if (!certificate) throw new Error(`there is no ${key}`);
    await world.put({ ...certificate, status: { conditions: [{ type: 'Ready', status: 'True' as const }] } });
  }
  expect(volumesOf(world)).toHaveLength(1);
  expect(marked(world)).toBe('enabled');
});

test('pods that are there already are replaced first: until the last is, TLS is not spoken', async () => {
  const world = new ControllerWorld();
  await world.start(network({}));
  await world.put(aService('hello'));
  await world.bringUp('hello-00001');
  await world.put(otherClass);
  expect(volumesOf(world)).toBeUndefined();
  for (const key of ['default/serving-certs', 'sluice-system/routing-serving-certs']) {
    const certificate = world.server.find(certificateKind, key);
    if (certificate) await world.put({ ...certificate, status: { conditions: [{ type: 'Ready', status: 'True' as const }] } });
  }
  const deployment = world.find<Deployment>(deployments, 'hello-00001-deployment');
  expect(deployment.spec.template.spec.volumes).toHaveLength(1);
  expect(marked(world)).toBeUndefined();
  const generation = deployment.metadata.generation ?? 0;
  await world.put({ ...deployment, status: { ...deployment.status, observedGeneration: generation, replicas: 2, updatedReplicas: 1 } });
  expect(marked(world)).toBeUndefined();
  await world.put({ ...deployment, status: { ...deployment.status, observedGeneration: generation, replicas: 1, updatedReplicas: 1 } });
  expect(marked(world)).toBe('enabled');
});

test('where pods do not see Secrets, there is nothing of it', async () => {
  const world = new ControllerWorld({ podsSeeSecrets: false });
  await world.start(on);
  await world.put(aService('hello'));
  await world.bringUp('hello-00001');
  expect(world.has(certificateKind, 'serving-certs')).toBe(false);
  expect(volumesOf(world)).toBeUndefined();
  expect(marked(world)).toBeUndefined();
});
