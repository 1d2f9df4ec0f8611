/** Puts the system on the floor: its kinds, its configuration, its Deployments; and waits until it serves. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MeshError } from '@sluice/kernel';
import { deployments, findCondition, objectKey, pods, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { serviceKind, type Service } from '@sluice/serving';
import { request } from 'undici';
import { applyManifests } from '../manifests/apply.ts';
import type { Discovery } from '../manifests/discovery.ts';
import { manifestFiles, readManifests, type Manifest } from '../manifests/read.ts';
import { keptBundle } from '../bundle/kept-bundle.ts';
import { hasRun, runSidecarOnce } from '../bundle/sidecar-first-run.ts';
import { components, systemNamespace, type ComponentOptions } from './components.ts';
import type { Floor } from './floor.ts';
import type { DevPorts } from './ports.ts';
import { sidecarCommand, systemManifests } from './system-manifests.ts';

/** The folder that holds `packages` and `charts`. */
const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Between two looks at what is being waited for, in ms. Chosen: not felt by a person, not felt by the machine. */
const lookEveryMs = 50;

export interface InstallOptions {
  readonly floor: Floor;
  readonly discovery: Discovery;
  readonly stateFolder: string;
  readonly ports: DevPorts;
  /** Ends all waiting. */
  readonly interrupted: AbortSignal;
}

/**
 * How long the set-up waits for services, in ms. Chosen: most programs listen within it, and nobody should wait
 * for one that does not to hear of the others. Whatever becomes ready later is told then.
 */
const patienceMs = 10_000;

export interface ServiceUrl {
  /** `<namespace>/<name>`. */
  readonly key: string;
  readonly url: string;
}

export interface Serving {
  readonly urls: readonly ServiceUrl[];
  /** Services of which it is not known yet whether they will be ready, by key. */
  readonly starting: readonly string[];
}

export interface System {
  readonly names: readonly string[];
  /** Fulfils when every service is Ready and the gateway knows it, or has failed, or takes long. */
  whenServing(interrupted: AbortSignal): Promise<Serving>;
}

export async function installSystem({ floor, discovery, stateFolder, ports, interrupted }: InstallOptions): Promise<System> {
  const definitions = ['templates', 'gateway-api'].flatMap((folder) => manifestFiles(join(root, 'charts/sluice-crds', folder)));
  await applyAll(floor, discovery, readManifests(definitions).manifests);
  const options: ComponentOptions = {
    node: process.execPath,
    apps: join(root, 'packages/apps'),
    kubeconfig: floor.kubeconfig,
    ports,
    queueProxy: await keptBundle('queue-proxy', join(root, 'packages/apps/queue-proxy/src/main.ts'), [join(root, 'node_modules/.cache/sluice'), join(stateFolder, 'bundle')]),
    domains: ['127.0.0.1.sslip.io', 'example.com'],
  };
  const objects = systemManifests(options);
  await applyAll(floor, discovery, objects.map((object) => ({ file: 'system', object, positionOf: () => ({ file: 'system', line: 1, column: 1 }) })));
  await floor.startPods();
  // Beside the start of the system, which takes longer. What comes of it is speed, and nothing else.
  const firstRun = hasRun(options.queueProxy).then((has) => has || runSidecarOnce(sidecarCommand(options)));
  const names = components(options).map(({ name }) => name);
  const awaited = components(options).filter(({ isWaitedFor = true }) => isWaitedFor);
  await until(async () => {
    await refuseCrashes(floor);
    const { items } = await floor.client.resource(deployments).list({ namespace: systemNamespace });
    const available = items.filter(({ metadata, status }) => status?.observedGeneration === metadata.generation && (status?.availableReplicas ?? 0) > 0);
    return awaited.every(({ name }) => available.some(({ metadata }) => metadata.name === name));
  }, interrupted);
  await firstRun;
  // A sidecar comes with every pod, and would start beside the program for which somebody waits.
  floor.keepAhead(sidecarCommand(options));
  return { names, whenServing: (ended) => whenServing(floor, ports.gateway, ended) };
}

async function applyAll(floor: Floor, discovery: Discovery, manifests: readonly Manifest[]): Promise<void> {
  const { problems } = await applyManifests(floor.client, discovery, manifests);
  // Our own manifests: a refusal is a mistake of ours, not of the user.
  if (problems.length > 0) throw new Error(`the system was refused: ${problems.map(({ message }) => message).join('; ')}`);
}

/** @throws Error when a part of the system ends again and again: waiting for it would never end */
async function refuseCrashes(floor: Floor): Promise<void> {
  const { items } = await floor.client.resource(pods).list({ namespace: systemNamespace });
  for (const { metadata, status } of items) {
    for (const { name, state, lastState } of status?.containerStatuses ?? []) {
      if (state?.waiting?.reason !== 'CrashLoopBackOff') continue;
      const ended = lastState?.terminated;
      throw new MeshError('system-start', `${name} (pod ${metadata.name}) ends with exit code ${ended?.exitCode}: ${ended?.message ?? 'it wrote nothing'}`);
    }
  }
}

async function whenServing(floor: Floor, gatewayPort: number, interrupted: AbortSignal): Promise<Serving> {
  const services = floor.client.resource(serviceKind as ResourceKind<Service & KubernetesObject>);
  const urls = new Map<string, string>();
  let starting: string[] = [];
  await until(async () => {
    const { items } = await services.list();
    starting = [];
    for (const service of items) {
      const { metadata, status } = service;
      const key = objectKey(service);
      const ready = status?.observedGeneration === metadata.generation ? findCondition(status?.conditions, 'Ready') : undefined;
      const isSettled = ready?.status === 'False' || (ready?.status === 'True' && (await isKnownToGateway(gatewayPort, status?.url)));
      if (!isSettled) starting.push(key);
      else if (ready.status === 'True') urls.set(key, status?.url ?? '');
    }
    return starting.length === 0;
  }, AbortSignal.any([interrupted, AbortSignal.timeout(patienceMs)]));
  return { urls: [...urls].map(([key, url]) => ({ key, url })), starting };
}

/** Asks with an ingress probe, which wakes nothing: any answer but "no such host" will do. */
async function isKnownToGateway(port: number, url: string | undefined): Promise<boolean> {
  if (url === undefined) return false;
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/healthz`, {
    headers: { host: new URL(url).host, 'k-network-probe': 'probe', 'k-network-hash': 'set-up' },
  }).catch(() => ({ statusCode: 0, body: undefined }));
  await body?.dump();
  return statusCode !== 0 && statusCode !== 404;
}

/** Looks again and again until `look` says yes or somebody interrupts. */
async function until(look: () => Promise<boolean>, interrupted: AbortSignal): Promise<void> {
  while (!interrupted.aborted && !(await look())) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
}
