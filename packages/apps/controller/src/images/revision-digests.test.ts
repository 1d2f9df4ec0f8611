/** Revisions that run what their tags stood for when they were made. */
import { deployments, secrets, type ConfigMap, type Deployment, type Secret } from '@sluice/kubernetes';
import { revisionKind, serviceKind } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { expect, test } from 'vitest';
import { ControllerWorld } from '../testing/index.ts';
import type { RegistryFetch } from './digest-resolver.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** A registry in memory: what each tag stands for, and who asked. */
class Registry {
  readonly tags = new Map<string, string>();
  readonly asked: string[] = [];
  isSilent = false;

  readonly fetch: RegistryFetch = async (url, { headers, signal }) => {
    this.asked.push(`${url} ${headers['authorization'] ?? '-'}`);
    if (this.isSilent) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const told = this.tags.get(new URL(url).pathname);
    const isPrivate = url.includes('/private/') && headers['authorization'] === undefined;
    const status = isPrivate ? 401 : told === undefined ? 404 : 200;
    return { status, header: (name) => (name === 'docker-content-digest' ? told : isPrivate ? 'Basic realm="x"' : undefined), body: async () => new Uint8Array() };
  };
}

function deploymentConfig(data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-deployment', namespace: 'sluice-system' }, data };
}

async function withImage(image: string, registry: Registry, ...objects: readonly (ConfigMap | Secret)[]): Promise<ControllerWorld> {
  const world = new ControllerWorld({ registryFetch: registry.fetch });
  await world.start(...objects);
  await world.put(aService('hello', { spec: { containers: [{ image }], imagePullSecrets: [{ name: 'pull' }, { name: 'gone' }] } as object }));
  return world;
}

const imageOf = (world: ControllerWorld): string | undefined => world.find<Deployment>(deployments, 'hello-00001-deployment').spec.template.spec.containers[0]?.image;
const health = (world: ControllerWorld) => world.condition(revisionKind, 'hello-00001', 'ContainerHealthy');

test('pods run the digest, which the status names, however tags move', async () => {
  const registry = new Registry();
  registry.tags.set('/v2/team/app/manifests/v1', digest('a'));
  const world = await withImage('ghcr.io/team/app:v1', registry);
  const pinned = `ghcr.io/team/app@${digest('a')}`;
  expect(imageOf(world)).toBe(pinned);
  expect(world.find(revisionKind, 'hello-00001').status?.containerStatuses).toEqual([{ name: 'user-container', imageDigest: pinned }]);
  registry.tags.set('/v2/team/app/manifests/v1', digest('b'));
  await world.bringUp('hello-00001');
  await world.server.remove(deployments, 'default/hello-00001-deployment');
  await world.rest();
  expect(imageOf(world)).toBe(pinned);
  expect(registry.asked).toHaveLength(1);
});

test('an image that cannot be found is told on the Revision, and found later', async () => {
  const registry = new Registry();
  const world = await withImage('ghcr.io/team/app:v1', registry);
  expect(world.has(deployments, 'hello-00001-deployment')).toBe(false);
  expect(health(world)).toMatchObject({
    status: 'False',
    reason: 'ContainerMissing',
    message: expect.stringMatching(/^Unable to fetch image "ghcr\.io\/team\/app:v1": HEAD https:\/\/ghcr\.io\/v2\/team\/app\/manifests\/v1: unexpected status code 404/),
  });
  expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'False' });
  registry.tags.set('/v2/team/app/manifests/v1', digest('a'));
  await world.time.advanceAsync(2_000);
  await world.bringUp('hello-00001');
  expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
});

test('a registry that is silent is waited for as long as the cluster says', async () => {
  const registry = new Registry();
  registry.isSilent = true;
  const world = await withImage('ghcr.io/team/app:v1', registry, deploymentConfig({ 'digest-resolution-timeout': '5s' }));
  expect(health(world)).toMatchObject({ status: 'Unknown', reason: 'ResolvingDigests' });
  await world.time.advanceAsync(5_000);
  expect(health(world)).toMatchObject({ status: 'False', reason: 'ContainerMissing', message: expect.stringContaining('no answer within 5000 ms') });
});

test('a registry that is passed over, and an image by digest, are not asked for', async () => {
  const registry = new Registry();
  const skipping = await withImage('registry.example:5000/app:v1', registry, deploymentConfig({ 'registries-skipping-tag-resolving': 'registry.example:5000' }));
  expect(imageOf(skipping)).toBe('registry.example:5000/app:v1');
  const pinned = await withImage(`ghcr.io/team/app@${digest('c')}`, registry);
  expect(imageOf(pinned)).toBe(`ghcr.io/team/app@${digest('c')}`);
  expect(registry.asked).toEqual([]);
});

test('a private image is asked for with the Secrets that the Revision names', async () => {
  const registry = new Registry();
  registry.tags.set('/v2/private/app/manifests/latest', digest('a'));
  const auths = { auths: { 'ghcr.io': { username: 'ewe', password: 'secret' } } };
  const pull: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'pull' }, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify(auths)).toString('base64') } };
  const world = await withImage('ghcr.io/private/app', registry, pull);
  expect(world.server.list(secrets)).not.toEqual([]);
  expect(imageOf(world)).toBe(`ghcr.io/private/app@${digest('a')}`);
  expect(registry.asked.at(-1)).toContain(`Basic ${Buffer.from('ewe:secret').toString('base64')}`);
});

test('images of init containers are resolved, too', async () => {
  const registry = new Registry();
  for (const name of ['app', 'first']) registry.tags.set(`/v2/team/${name}/manifests/latest`, digest(name === 'app' ? 'a' : 'b'));
  const world = new ControllerWorld({ registryFetch: registry.fetch });
  const features: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-features', namespace: 'sluice-system' }, data: { 'kubernetes.podspec-init-containers': 'enabled' } };
  await world.start(features);
  await world.put(aService('hello', { spec: { containers: [{ image: 'ghcr.io/team/app' }], initContainers: [{ name: 'first', image: 'ghcr.io/team/first' }] } }));
  expect(world.find(revisionKind, 'hello-00001').status?.initContainerStatuses).toEqual([{ name: 'first', imageDigest: `ghcr.io/team/first@${digest('b')}` }]);
  expect(world.find<Deployment>(deployments, 'hello-00001-deployment').spec.template.spec).toMatchObject({ initContainers: [{ image: `ghcr.io/team/first@${digest('b')}` }] });
});
