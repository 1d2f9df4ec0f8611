/** Objects in, discovery responses out: the whole service on a virtual clock, with an API server in memory. */
import { createMeter, createSeededRandom, problem } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { configMaps, endpointSlices, events, KubernetesClient, secrets, type KubernetesObject } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { gatewayVerdictAnnotation, type ComponentTelemetry, ingressKind, podAutoscalerKind, revisionKind, routeKind, serverlessServiceKind } from '@sluice/serving';
import { defaultTranslateOptions } from '@sluice/translator';
import { createAdsClient, loadCodec, typeUrls, type AdsClient, type Codec, type ConfigServiceHandlers } from '@sluice/xds';
import { createInMemoryTransport, RecordingConsumer, type InMemoryTransport } from '@sluice/xds/testing';
import { asyncProperty, assert, shuffledSubarray } from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { composeConfigServer, type ConfigServer } from './compose.ts';
import {
  activatorSlice,
  domainConfigMap,
  helloObjects,
  podSlice,
  revisionObject,
  routeObject,
  serverlessServiceObject,
} from './testing/index.ts';

const kinds = [revisionKind, routeKind, podAutoscalerKind, serverlessServiceKind, ingressKind, endpointSlices, secrets, configMaps, events];

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('core');
});

class World {
  readonly time = new SimulatedTime();
  readonly api = new FakeApiServer({ kinds, clock: this.time });
  readonly logger = new RecordingLogger();
  readonly transport: InMemoryTransport;
  readonly service: ConfigServer;
  /** What it was told of its own logs and metrics. */
  readonly telemetry: ComponentTelemetry[] = [];
  /** While true, whatever is to be published crashes whoever publishes it. */
  isCodecBroken = false;
  #handlers: ConfigServiceHandlers | undefined;

  constructor(api?: FakeApiServer) {
    if (api) this.api = api;
    const shared = { clock: this.time, timers: this.time, random: createSeededRandom(1), logger: this.logger };
    this.service = composeConfigServer({
      ...shared,
      meter: createMeter(),
      client: new KubernetesClient({ transport: this.api, fieldManager: 'test' }),
      codec: {
        ...codec,
        encode: (messageName, value) => {
          if (this.isCodecBroken) throw new Error('the codec is broken');
          return codec.encode(messageName, value);
        },
      },
      systemNamespace: 'sluice-system',
      identity: 'config-server-0',
      onTelemetry: (telemetry) => this.telemetry.push(telemetry),
      translate: defaultTranslateOptions,
      listen: async (handlers) => {
        this.#handlers = handlers;
        return { port: 18_000, setServing() {}, stop: async () => {} };
      },
    });
    this.transport = createInMemoryTransport({
      timers: this.time,
      handlers: {
        onAds: (stream) => this.#handlers?.onAds(stream),
        onLoadStats: (stream) => this.#handlers?.onLoadStats(stream),
        onLoad: (stream) => this.#handlers?.onLoad(stream),
      },
    });
  }

  async start(...objects: readonly KubernetesObject[]): Promise<this> {
    this.api.put(...objects);
    await this.service.start();
    await this.settle();
    return this;
  }

  /** A proxy of a group, connected. */
  async proxy(cluster: string): Promise<{ readonly client: AdsClient; readonly consumer: RecordingConsumer }> {
    const consumer = new RecordingConsumer();
    const client = createAdsClient({
      node: { id: `${cluster}~1`, cluster },
      transport: this.transport,
      codec,
      consumer,
      clock: this.time,
      timers: this.time,
      random: createSeededRandom(2),
      logger: this.logger,
      meter: createMeter(),
    });
    client.start();
    await this.settle();
    return { client, consumer };
  }

  async put(...objects: readonly KubernetesObject[]): Promise<void> {
    this.api.put(...objects);
    await this.settle();
  }

  settle(): Promise<void> {
    return this.time.advanceAsync(100);
  }
}

function addressesOf(client: AdsClient, cluster: string): string[] {
  const assignment = client.held(typeUrls.clusterLoadAssignment).get(cluster);
  return [...JSON.stringify(assignment?.value).matchAll(/"address":"([\d.]+)"/g)].map((match) => match[1] ?? '');
}

test('proxies are told what ConfigMaps say of their logs and metrics, and the service hears its own part', async () => {
  const world = await new World().start(...helloObjects());
  const gateway = await world.proxy('sluice-gateway');
  const activator = await world.proxy('sluice-activator');
  const map = (name: string, data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'sluice-system', name }, data });
  await world.put(
    map('config-observability', { 'metrics-protocol': 'http/protobuf', 'metrics-endpoint': 'http://otel:4318/v1/metrics', 'logging.enable-request-log': 'true', 'logging.request-log-template': '{{.TraceID}}' }),
    map('config-logging', { 'zap-logger-config': '{"level":"warn"}', 'loglevel.activator': 'debug', 'loglevel.config-server': 'error' }),
  );
  const metrics = { protocol: 'http/protobuf', endpoint: 'http://otel:4318/v1/metrics', exportIntervalMs: 0, runtimeExportIntervalMs: 15_000 };
  const requestLog = { template: '{{.TraceID}}', logsProbes: false };
  const said = ({ client }: { readonly client: AdsClient }, listener: string) => {
    const value = client.held(typeUrls.listener).get(listener)?.value as { readonly metadata?: { readonly filter_metadata: unknown } } | undefined;
    return value?.metadata?.filter_metadata;
  };
  expect(said(gateway, 'external_http')).toEqual({ 'sluice.telemetry': { logLevel: 'warn', metrics, isProfiling: false, requestLog } });
  expect(said(activator, 'activator_http1')).toEqual({ 'sluice.telemetry': { logLevel: 'debug', metrics, isProfiling: false, requestLog } });
  expect(world.telemetry.at(-1)).toEqual({ logLevel: 'error', metrics, isProfiling: false, requestLog });
});

test('a gateway gets hosts, a cluster per revision, and the ready pods', async () => {
  const world = await new World().start(...helloObjects());
  const { client, consumer } = await world.proxy('sluice-gateway');
  expect(consumer.log).toEqual([
    'CDS +default/hello-00001',
    'connected',
    'EDS +default/hello-00001',
    'LDS +external_http +internal_http',
    'RDS +external_services +internal_services',
  ]);
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.1']);
});

test('traffic goes through the activators when there is no ready pod, and the activators know the pods', async () => {
  const world = await new World().start(...helloObjects(), podSlice('hello-00001', ['!10.0.0.1']));
  const gateway = await world.proxy('sluice-gateway');
  const activator = await world.proxy('sluice-activator');
  expect(addressesOf(gateway.client, 'default/hello-00001')).toEqual(['10.0.9.1']);
  expect(addressesOf(activator.client, 'default/hello-00001')).toEqual(['10.0.0.1']);
});

test('a change of pods sends endpoints and nothing else', async () => {
  const world = await new World().start(...helloObjects());
  const { client, consumer } = await world.proxy('sluice-gateway');
  consumer.log.length = 0;
  await world.put(podSlice('hello-00001', ['10.0.0.1', '10.0.0.2']));
  await world.put(serverlessServiceObject('hello-00001', 'Proxy'));
  expect(consumer.log).toEqual(['EDS +default/hello-00001', 'EDS +default/hello-00001']);
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.9.1']);
});

test('a second revision comes before the route that needs it, and the first goes after', async () => {
  const world = await new World().start(...helloObjects());
  const { consumer } = await world.proxy('sluice-gateway');
  consumer.log.length = 0;
  await world.put(revisionObject('hello-00002'), podSlice('hello-00002', ['10.0.0.2']), routeObject('hello', { 'hello-00002': 100 }));
  expect(consumer.log).toEqual([
    'CDS +default/hello-00002',
    'EDS +default/hello-00002',
    'RDS +external_services +internal_services',
    'CDS -default/hello-00001',
    'EDS -default/hello-00001',
  ]);
});

test('nothing is published before everything has been listed', async () => {
  const world = new World();
  world.api.put(...helloObjects());
  // One of the first lists gets no answer, and is tried again after a pause.
  world.api.fail('disconnect');
  await world.service.start();
  const { consumer } = await world.proxy('sluice-gateway');
  expect(world.service.isReady).toBe(false);
  expect(consumer.log).toEqual([]);
  await world.time.advanceAsync(1_000);
  expect(world.service.isReady).toBe(true);
  expect(consumer.log).toHaveLength(5);
});

test('a service that comes back with the same objects gives proxies nothing to do', async () => {
  const before = await new World().start(...helloObjects());
  const { client, consumer } = await before.proxy('sluice-gateway');
  const versions = client.status().map(({ acceptedVersion }) => acceptedVersion);
  const after = await new World(before.api).start();
  const second = await after.proxy('sluice-gateway');
  expect(second.client.status().map(({ acceptedVersion }) => acceptedVersion)).toEqual(versions);
  before.transport.reachable = false;
  expect(consumer.log.at(-1)).toBe('disconnected');
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.1']);
});

test('the order in which objects come does not show', async () => {
  const objects = [...helloObjects(), revisionObject('hello-00002'), podSlice('hello-00002', ['10.0.0.7', '10.0.0.6'])];
  const versionsOf = async (list: readonly KubernetesObject[]): Promise<readonly string[]> => {
    const world = await new World().start();
    for (const object of list) world.api.put(object);
    await world.settle();
    const gateway = await world.proxy('sluice-gateway');
    const activator = await world.proxy('sluice-activator');
    return [gateway, activator].flatMap(({ client }) => client.status().map(({ acceptedVersion }) => acceptedVersion));
  };
  const expected = await versionsOf(objects);
  expect(new Set(expected).size).toBeGreaterThan(4);
  await assert(
    asyncProperty(shuffledSubarray(objects, { minLength: objects.length }), async (list) => {
      expect(await versionsOf(list)).toEqual(expected);
    }),
    { numRuns: 10 },
  );
});

test('what a proxy refuses is in the status, with the reason, and the log', async () => {
  const world = await new World().start(...helloObjects());
  const { consumer } = await world.proxy('sluice-gateway');
  consumer.refusing.set('external_services', 'cannot be used');
  await world.put(routeObject('hello', { 'hello-00001': 100 }), routeObject('other', { 'hello-00001': 100 }));
  const [node] = world.service.status().nodes;
  const routes = node?.types.find(({ typeUrl }) => typeUrl === typeUrls.routeConfiguration);
  expect(routes?.rejection).toBe('RDS: external_services: cannot be used');
  expect(world.logger.events).toContainEqual(
    expect.objectContaining({ level: 'warn', event: 'config rejected', fields: expect.objectContaining({ node: 'sluice-gateway~1' }) }),
  );
});

test('what is wrong with one object is said once and keeps nothing else from being served', async () => {
  const world = await new World().start(...helloObjects(), routeObject('broken', { 'missing-00001': 100 }));
  await world.put(activatorSlice(['10.0.9.1', '10.0.9.2']));
  const { client } = await world.proxy('sluice-gateway');
  expect(client.held(typeUrls.cluster).size).toBe(1);
  expect(world.service.status().objectProblems).toEqual([
    { kind: 'Route', namespace: 'default', name: 'broken', problem: problem('status.traffic', 'revision "missing-00001" is not there') },
  ]);
  expect(world.logger.events.filter(({ event }) => event === 'object problem')).toHaveLength(1);
});

test('an object that is not what its type says is said, and keeps nothing else from being served', async () => {
  const broken = { ...routeObject('broken', {}), status: { traffic: 5 } };
  const world = await new World().start(...helloObjects(), broken as KubernetesObject);
  const { client } = await world.proxy('sluice-gateway');
  await world.put(podSlice('hello-00001', ['10.0.0.7']));
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.7']);
  expect(world.service.status().objectProblems).toMatchObject([{ kind: 'Route', name: 'broken', problem: { path: 'status.traffic' } }]);
});

test('an EndpointSlice that cannot be used is told so, and counts for as long as it does not change what it was', async () => {
  const world = await new World().start(...helloObjects());
  const { client } = await world.proxy('sluice-gateway');
  const slice = podSlice('hello-00001', ['10.0.0.7']);
  const broken = { ...slice, ports: [{ name: 'http', port: 70_000 }] } as KubernetesObject;
  for (const object of [broken, { ...broken, metadata: { ...broken.metadata, labels: { ...broken.metadata.labels, touched: 'yes' } } }]) await world.put(object);
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.1']);
  await world.put(slice, broken);
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.7']);
  const message = 'ports[0].port: is 70000, must be a whole number from 0 to 65535';
  expect(world.api.list(events)).toMatchObject([{ involvedObject: { kind: 'EndpointSlice', name: slice.metadata.name }, type: 'Warning', reason: 'Refused', message, count: 2 }]);
});

test('a Secret that holds no certificate is told so, in words that give nothing of it away', async () => {
  const world = await new World().start(...helloObjects());
  const data = { 'tls.crt': Buffer.from('hidden').toString('base64'), 'tls.key': Buffer.from('hidden too').toString('base64') };
  await world.put({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'pair' }, type: 'kubernetes.io/tls', data } as KubernetesObject);
  const [event, ...others] = world.api.list(events);
  expect(event).toMatchObject({ involvedObject: { kind: 'Secret', name: 'pair' }, type: 'Warning', reason: 'Refused', message: 'data["tls.crt"]: holds no certificate in PEM' });
  expect(others).toEqual([]);
  expect(JSON.stringify(event)).not.toMatch(new RegExp(['hidden', ...Object.values(data)].join('|')));
});

test('a publication that crashes leaves everything as it is, and the next change is a new try', async () => {
  const world = await new World().start(...helloObjects());
  const { client } = await world.proxy('sluice-gateway');
  world.isCodecBroken = true;
  await world.put(podSlice('hello-00001', ['10.0.0.7']));
  expect(world.logger.events).toContainEqual(expect.objectContaining({ level: 'error', event: 'config not published' }));
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.1']);
  world.isCodecBroken = false;
  await world.put(podSlice('hello-00001', ['10.0.0.8']));
  expect(addressesOf(client, 'default/hello-00001')).toEqual(['10.0.0.8']);
});

test('a service whose first publication crashes is ready with the next change', async () => {
  const world = new World();
  world.isCodecBroken = true;
  await world.start(...helloObjects());
  expect(world.service.isReady).toBe(false);
  world.isCodecBroken = false;
  await world.put(podSlice('hello-00001', ['10.0.0.7']));
  expect(world.service.isReady).toBe(true);
});

test('hosts follow the domain in the ConfigMap', async () => {
  const world = await new World().start(...helloObjects());
  const { client } = await world.proxy('sluice-gateway');
  await world.put(domainConfigMap('example.com'));
  const external = client.held(typeUrls.routeConfiguration).get('external_services');
  expect(JSON.stringify(external?.value)).toContain('hello.default.example.com');
});

interface Verdict {
  readonly hash: string;
  readonly ready: boolean;
  readonly message: string;
}

function verdictOn(world: World, route: string): Verdict | undefined {
  const text = world.api.find(routeKind, `default/${route}`)?.status?.annotations?.[gatewayVerdictAnnotation];
  return text === undefined ? undefined : (JSON.parse(text) as Verdict);
}

test('a Route is told when all gateways have its content, and nothing before there is one', async () => {
  const world = await new World().start(...helloObjects());
  expect(verdictOn(world, 'hello')).toBeUndefined();
  await world.proxy('sluice-gateway');
  const first = verdictOn(world, 'hello');
  expect(first).toMatchObject({ ready: true, message: '' });
  await world.put(revisionObject('hello-00002'), routeObject('hello', { 'hello-00002': 100 }));
  const second = verdictOn(world, 'hello');
  expect(second?.ready).toBe(true);
  expect(second?.hash).not.toBe(first?.hash);
});

test('what a gateway refuses is told on the Route in its words, until it is mended', async () => {
  const world = await new World().start(...helloObjects());
  const { consumer } = await world.proxy('sluice-gateway');
  consumer.refusing.set('external_services', 'cannot be used');
  await world.put(routeObject('other', { 'hello-00001': 100 }));
  expect(verdictOn(world, 'other')).toMatchObject({ ready: false, message: expect.stringContaining('cannot be used') });
  expect(verdictOn(world, 'hello')).toMatchObject({ ready: true });
  consumer.refusing.clear();
  await world.put(routeObject('third', { 'hello-00001': 100 }));
  expect(verdictOn(world, 'other')).toMatchObject({ ready: true });
});

test('a Route that cannot be served as it says is told why at once', async () => {
  const world = await new World().start(...helloObjects(), routeObject('broken', { 'missing-00001': 100 }));
  expect(verdictOn(world, 'broken')).toMatchObject({ ready: false, message: 'status.traffic: revision "missing-00001" is not there' });
});

test('a change of pods is nobody’s news: nothing is written for it', async () => {
  const world = await new World().start(...helloObjects());
  await world.proxy('sluice-gateway');
  const before = world.api.find(routeKind, 'default/hello')?.metadata.resourceVersion;
  await world.put(podSlice('hello-00001', ['10.0.0.5']));
  expect(world.api.find(routeKind, 'default/hello')?.metadata.resourceVersion).toBe(before);
});

test('what gateways have taken stays ready whatever else they refuse', async () => {
  const world = await new World().start(...helloObjects());
  const { consumer } = await world.proxy('sluice-gateway');
  consumer.refusing.set('external_services', 'cannot be used');
  await world.put(routeObject('other', { 'hello-00001': 100 }));
  const revision = revisionObject('hello-00001');
  await world.put({ ...revision, metadata: { ...revision.metadata, labels: { ...revision.metadata.labels, touched: 'yes' } } });
  expect(verdictOn(world, 'hello')).toMatchObject({ ready: true });
  expect(verdictOn(world, 'other')).toMatchObject({ ready: false });
});

test('a snapshot that is held back makes nobody ready', async () => {
  const world = await new World().start(...helloObjects());
  await world.proxy('sluice-gateway');
  world.isCodecBroken = true;
  await world.put(routeObject('other', { 'hello-00001': 100 }));
  expect(verdictOn(world, 'other')).toBeUndefined();
});

function ingress(name: string, ingressClass: string, splits: readonly object[]): KubernetesObject {
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', annotations: { 'networking.knative.dev/ingress-class': ingressClass } },
    spec: { rules: [{ hosts: [`${name}.example.com`], http: { paths: [{ splits }] } }] },
  } as KubernetesObject;
}

const sluiceClass = 'sluice.ingress.networking.knative.dev';
const toHello = { serviceNamespace: 'default', serviceName: 'hello-00001', servicePort: 80 };

function readyOf(world: World, name: string): readonly [string, string | undefined] | undefined {
  const ready = world.api.find(ingressKind, `default/${name}`)?.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready && [ready.status, ready.message];
}

test('an Ingress that cannot be used says why until it is mended, also while what it was is served and changes', async () => {
  const world = await new World().start(...helloObjects(), ingress('own', sluiceClass, [toHello]));
  await world.proxy('sluice-gateway');
  expect(readyOf(world, 'own')).toEqual(['True', undefined]);
  await world.put(ingress('own', sluiceClass, []));
  expect(readyOf(world, 'own')).toEqual(['False', expect.stringContaining('splits: missing field')]);
  const revision = revisionObject('hello-00001');
  await world.put({ ...revision, metadata: { ...revision.metadata, annotations: { touched: 'yes' } } });
  expect(readyOf(world, 'own')?.[0]).toBe('False');
  await world.put(ingress('own', sluiceClass, [toHello]));
  expect(readyOf(world, 'own')).toEqual(['True', undefined]);
});

test('an Ingress of another controller is left alone, wrong or not', async () => {
  const world = await new World().start(...helloObjects(), ingress('foreign', 'kourier.ingress.networking.knative.dev', []));
  await world.proxy('sluice-gateway');
  expect(readyOf(world, 'foreign')).toBeUndefined();
  expect(world.service.status().objectProblems).toEqual([]);
});

test('what cannot be written is tried again, not at once, and the latest is written', async () => {
  const world = await new World().start(...helloObjects());
  world.api.fail({ status: 500 });
  await world.proxy('sluice-gateway');
  expect(verdictOn(world, 'hello')).toBeUndefined();
  await world.time.advanceAsync(1000);
  expect(verdictOn(world, 'hello')).toMatchObject({ ready: true });
});
