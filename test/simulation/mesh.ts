/**
 * A whole mesh in one process: API server, node and controllers of a small cluster, and on it the product as it is
 * installed for real: the same objects, the same executables' compositions. Replaced are the clock, the
 * network, and the floor on which processes run.
 */
import { systemManifests, systemNamespace } from '@sluice/cli';
import { SimulatedLinks, SimulatedNetwork, type SimulatedTime } from '@sluice/kernel/testing';
import {
  configMaps,
  customResourceDefinitions,
  deployments,
  KubernetesClient,
  namespaces,
  services,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import { createApiServer, createBuiltInControllers, createMemoryStorage, Kubelet, type ApiServer } from '@sluice/local';
import { FakePortAllocator, MemoryLogStore } from '@sluice/local/testing';
import { ingressClassKind } from '@sluice/serving';
import type { MeshAssets } from './assets.ts';
import type { World } from './floor/component.ts';
import { makeAutoscaler, makeConfigServer, makeController } from './floor/control-plane.ts';
import { makeActivator, makeGateway, makeQueueProxy } from './floor/data-plane.ts';
import { createObservedLogger } from './floor/observed-logger.ts';
import { SimulatedProbeTransport } from './floor/probe-transport.ts';
import { ProcessFloor } from './floor/process-floor.ts';
import { Sandbox } from './floor/sandbox.ts';
import { watchConfigs } from './floor/watch-proxies.ts';
import { ConfigServiceFabric } from './network/config-service-fabric.ts';
import { apiServerName, SimulatedKubernetesTransport } from './network/kubernetes-transport.ts';
import type { Observations } from './observation.ts';
import { randomFor } from './scenario/draw.ts';
import type { Scenario } from './scenario/scenario.ts';

export interface MeshOptions {
  readonly scenario: Scenario;
  readonly time: SimulatedTime;
  readonly assets: MeshAssets;
  readonly observations: Observations;
}

/** Where the gateway listens on the simulated machine. */
export const gatewayAddress = { host: '127.0.0.1', port: 8080 };

/** How often it is looked whether the components have become ready, in ms. */
const lookEveryMs = 250;

export class Mesh {
  readonly world: World;
  readonly network: SimulatedNetwork;
  readonly floor: ProcessFloor;
  /** For whoever stands outside: owners, judges. */
  readonly client: KubernetesClient;
  readonly #options: MeshOptions;
  readonly #node: Sandbox;
  readonly #starts: readonly (() => Promise<void>)[];

  constructor(options: MeshOptions) {
    const { scenario, time, assets, observations } = options;
    const { seed } = scenario;
    this.#options = options;
    const links = new SimulatedLinks({ time, random: randomFor(seed, 'links') });
    this.network = new SimulatedNetwork({
      links,
      random: randomFor(seed, 'network'),
      onConnect: (process, to) => observations.tell({ at: time.now(), kind: 'connect', process, to, isProxy: process === 'gateway' || process === 'activator' }),
    });
    const fabric = new ConfigServiceFabric({
      links,
      codec: assets.codec,
      onDiscovery: (stream, process, message) =>
        observations.tell(
          message.kind === 'request'
            ? { at: time.now(), kind: 'xds request', stream, process, request: message.request }
            : { at: time.now(), kind: 'xds response', stream, process, response: message.response },
        ),
    });
    const server = this.#createApiServer();
    this.world = { server, links, fabric, codec: assets.codec, regexEngine: assets.regexEngine, observations };
    this.floor = new ProcessFloor({
      world: this.world,
      network: this.network,
      seed,
      services: scenario.services,
      makers: new Map([
        ['config-server', makeConfigServer],
        ['controller', makeController],
        ['autoscaler', makeAutoscaler],
        ['activator', makeActivator],
        ['gateway', makeGateway],
        ['queue-proxy', makeQueueProxy],
      ]),
    });
    watchConfigs(this.floor, observations);
    this.#node = this.#createSandbox('node');
    this.client = this.#connect(this.#createSandbox('owner'), 'owner');
    const controllers = createBuiltInControllers({ ...this.#node, client: this.#connect(this.#node, 'kube-controller-manager') });
    const kubelet = this.#createKubelet();
    this.#starts = [() => kubelet.start(), () => controllers.start()];
  }

  /** Fulfils when everything that the product installs is there and ready. */
  async start(): Promise<void> {
    const { assets, scenario } = this.#options;
    for (const definition of assets.definitions) await this.#apply(definition);
    await Promise.all(this.#starts.map((start) => start()));
    const manifests = systemManifests({
      node: 'node',
      apps: '/apps',
      kubeconfig: '/kubeconfig',
      ports: { gateway: gatewayAddress.port, gatewayAdmin: 9901, configService: 18_000, configMetrics: 0 },
      queueProxy: '/apps/queue-proxy/src/main.ts',
      domains: [],
    });
    for (const manifest of manifests) if (!isLeftOut(manifest)) await this.#apply(manifest as KubernetesObject);
    await this.client.resource(configMaps).patch(
      { namespace: systemNamespace, name: 'config-autoscaler' },
      {
        type: 'merge',
        body: { data: { 'scale-to-zero-grace-period': `${scenario.graceSeconds}s`, 'allow-zero-initial-scale': 'true' } },
      },
    );
    while (!(await this.#isInstalled())) await new Promise<void>((resolve) => void this.#options.time.after(lookEveryMs, resolve));
  }

  async #isInstalled(): Promise<boolean> {
    const { items } = await this.client.resource(deployments).list({ namespace: systemNamespace });
    return items.every(({ spec, status }) => (status?.availableReplicas ?? 0) === (spec.replicas ?? 1));
  }

  #createSandbox(name: string): Sandbox {
    const { scenario, time, observations } = this.#options;
    return new Sandbox({ name, part: name, time, random: randomFor(scenario.seed, name), logger: createObservedLogger(observations, time, name) });
  }

  #createApiServer(): ApiServer {
    const { clock, timers, random, logger } = this.#createSandbox(apiServerName);
    return createApiServer({ clock, timers, random, logger, storage: createMemoryStorage() });
  }

  #createKubelet(): Kubelet {
    const { clock, timers, random, logger, meter } = this.#node;
    const network = this.network.view('node', '127.0.0.1');
    return new Kubelet({
      client: this.#connect(this.#node, 'kubelet'),
      runner: this.floor.runner,
      allocator: new FakePortAllocator(),
      probes: new SimulatedProbeTransport(network, timers),
      logs: new MemoryLogStore(clock),
      clock,
      timers,
      random,
      logger,
      meter,
      node: { name: 'node', address: '127.0.0.1', operatingSystem: 'linux', architecture: 'amd64', cpuCount: 2, memoryBytes: 2 ** 33 },
    });
  }

  #connect(sandbox: Sandbox, fieldManager: string): KubernetesClient {
    const { server, links } = this.world;
    return new KubernetesClient({ transport: new SimulatedKubernetesTransport(server, links, sandbox), fieldManager });
  }

  async #apply(object: KubernetesObject): Promise<void> {
    const kind = installedKinds.find((candidate) => candidate.kind === object.kind);
    if (!kind) throw new Error(`no resource for ${object.kind ?? 'an object without a kind'}`);
    await this.client.resource(kind).apply(object);
  }
}

/** What the product's installation is made of. */
const installedKinds: readonly ResourceKind[] = [customResourceDefinitions, namespaces, configMaps, services, deployments, ingressClassKind];

/** Without TLS nobody can be asked at the door, so the injector and what leads to it are not there; nor are classes of kinds that others define. */
function isLeftOut({ kind, metadata: { name } }: ReturnType<typeof systemManifests>[number]): boolean {
  return name.endsWith('injector') || ['Secret', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'GatewayClass'].includes(kind);
}
