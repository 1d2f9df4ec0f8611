/**
 * A gateway, an activator and sidecars with their programs around a config service, all in this process and on real sockets, with TLS
 * between them (`system-internal-tls`). The ports for plain HTTP lead nowhere, so what arrives has come over TLS.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { composeActivator, readSettings as readActivatorSettings, type Activator } from '@sluice/activator';
import { composeConfigServer, type ConfigServer } from '@sluice/config-server';
import { activatorSlice, domainConfigMap, podAutoscalerObject, revisionObject, routeObject, serverlessServiceObject } from '@sluice/config-server/testing';
import { composeGateway, readSettings as readGatewaySettings, type Gateway } from '@sluice/gateway';
import { createMeter, systemClock as clock, systemRandom as random, systemTimers as timers, type Meter, type Network } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { configMaps, endpointSlices, KubernetesClient, secrets, type ConfigMap, type EndpointSlice, type KubernetesObject, type Secret } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { createSystemNetwork } from '@sluice/proxy';
import { createTestAuthority, noRegexEngine } from '@sluice/proxy/testing';
import { composeQueueProxy, createServingTls, readSettings as readSidecarSettings, type QueueProxy } from '@sluice/queue-proxy';
import { ingressKind, podAutoscalerKind, revisionKind, routeKind, serverlessServiceKind, type ServingMode } from '@sluice/serving';
import { defaultTranslateOptions } from '@sluice/translator';
import { loadCodec, openGrpcServer, openGrpcTransport, type Codec } from '@sluice/xds';
import { request } from 'undici';
import { eventually } from '../../../support/eventually.ts';

export type Authority = Awaited<ReturnType<typeof createTestAuthority>>;

const kinds = [revisionKind, routeKind, podAutoscalerKind, serverlessServiceKind, ingressKind, endpointSlices, configMaps, secrets];

/** How often a sidecar looks for a new certificate. Milliseconds. */
const lookPeriodMs = 60_000;

/** What of requests and responses both kinds of server have. */
type Answer = (asked: { readonly headers: IncomingHttpHeaders }, response: { end(text: string): unknown }) => void;

export interface Pod {
  readonly tlsPort: number;
  /** Hosts of the requests that its program has had. */
  readonly heard: string[];
  /** From now on it shows another certificate to whoever comes. */
  show(authority: Authority, subject: string): Promise<void>;
}

export class SecuredMesh {
  readonly api = new FakeApiServer({ kinds, clock });
  readonly logger = new RecordingLogger();
  /** Of the gateway's access log. */
  readonly lines: string[] = [];
  readonly meters = { gateway: createMeter(), activator: createMeter() };
  readonly #stops: (() => unknown)[] = [];
  #codec: Codec | undefined;
  #configServer: ConfigServer | undefined;
  #gateway: Gateway | undefined;
  #activator: Activator | undefined;
  #closedPort = 0;

  async start(authority: Authority): Promise<void> {
    this.#codec = await loadCodec('core');
    this.#closedPort = await freePort();
    const tlsPort = await freePort();
    this.api.put<KubernetesObject>(networkConfig({ 'system-internal-tls': 'enabled' }), domainConfigMap('localhost'));
    await this.publish(authority);
    await this.#startConfigServer(tlsPort);
    await this.#startActivator();
    await this.#startGateway();
    const plain = activatorSlice(['127.0.0.1']);
    this.api.put<EndpointSlice>({ ...plain, ports: [{ name: 'http', port: this.#closedPort, protocol: 'TCP' }, { name: 'https', port: tlsPort, protocol: 'TCP' }] });
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop();
  }

  /** What activators show, and by whose word all are believed. @param believed default the same authority */
  async publish(authority: Authority, believed: readonly Authority[] = [authority]): Promise<void> {
    const { certificate, privateKey } = await authority.issue({ dns: ['kn-routing'] });
    const data = { 'tls.crt': certificate, 'tls.key': privateKey, 'ca.crt': believed.map((one) => one.certificate).join('\n') };
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    this.api.put<Secret>({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'sluice-system', name: 'routing-serving-certs' }, type: 'kubernetes.io/tls', data: Object.fromEntries(encoded) });
  }

  /** A revision with a route of its name and one pod. @param isReady as Kubernetes sees the pod */
  async serve(name: string, mode: ServingMode, pod: Pod, { isReady = true, protocol = 'http1' }: { isReady?: boolean; protocol?: 'http1' | 'h2c' } = {}): Promise<void> {
    const revision = revisionObject(`${name}-00001`, 1);
    const containers = [{ image: 'app', ...(protocol === 'h2c' ? { ports: [{ name: 'h2c', containerPort: 8080 }] } : {}) }];
    const secured = { ...revision, spec: { ...revision.spec, containers }, status: { annotations: { 'networking.sluice.dev/internal-tls': 'enabled' } } };
    this.api.put<KubernetesObject>(secured, podAutoscalerObject(`${name}-00001`), serverlessServiceObject(`${name}-00001`, mode), routeObject(name, { [`${name}-00001`]: 100 }));
    this.api.put<EndpointSlice>({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-00001-private-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': `${name}-00001-private` } },
      addressType: 'IPv4',
      ports: [{ name: protocol === 'h2c' ? 'http2' : 'http', port: this.#closedPort, protocol: 'TCP' }, { name: 'https', port: pod.tlsPort, protocol: 'TCP' }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: isReady } }],
    });
    await eventually(async () => {
      const { status } = await this.get(name);
      if (status === 404) throw new Error(`${name} is not there yet`);
    }, { withinMs: 20_000 });
  }

  /** A sidecar with its program. @param subject in its certificate */
  async startPod(authority: Authority, subject = 'kn-user-default', protocol: 'http1' | 'h2c' = 'http1'): Promise<Pod> {
    const heard: string[] = [];
    const program = await this.#startProgram(protocol, ({ headers }, response) => {
      heard.push(headers.host ?? String(headers[':authority']));
      response.end('hello');
    });
    const settings = readSidecarSettings([], {
      CONTAINER_CONCURRENCY: '1', QUEUE_SERVING_PORT: '0', QUEUE_SERVING_TLS_PORT: '0', USER_PORT: String(program), REVISION_TIMEOUT_SECONDS: '300', SERVING_LOGGING_CONFIG: '', SERVING_LOGGING_LEVEL: '',
      SERVING_NAMESPACE: 'default', SERVING_CONFIGURATION: 'hello', SERVING_REVISION: 'hello-00001', SERVING_POD: 'pod', SERVING_POD_IP: '127.0.0.1', SERVING_READINESS_PROBE: `{"tcpSocket":{"port":${program}}}`,
    });
    if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
    const network = await openNetwork(this.logger);
    if (!network.tls) throw new Error('no TLS');
    const time = new SimulatedTime();
    let shown = await authority.issue({ dns: [subject] });
    const transportSocket = createServingTls({ files: { certificate: 'tls.crt', key: 'tls.key' }, settings: settings.value.tls, transport: network.tls, timers: time, logger: this.logger, readFile: (path) => (path === 'tls.crt' ? shown.certificate : shown.privateKey) });
    const sidecar: QueueProxy = composeQueueProxy({ clock, timers, random, logger: this.logger, meter: createMeter(), settings: settings.value, network, transportSocket });
    await sidecar.start();
    this.#stops.push(() => sidecar.stop());
    return {
      heard,
      tlsPort: sidecar.proxy.listeners().find(({ name }) => name === 'queue-tls')?.port ?? 0,
      async show(other, name) {
        shown = await other.issue({ dns: [name] });
        time.advance(lookPeriodMs);
      },
    };
  }

  /** Asks the gateway over a connection that stays. */
  async get(name: string): Promise<{ readonly status: number; readonly text: string }> {
    const port = this.#gateway?.proxy.listeners().find((listener) => listener.name === 'external_http')?.port;
    if (port === undefined) return { status: 404, text: 'the gateway does not listen yet' };
    const { statusCode, body } = await request(`http://127.0.0.1:${port}/`, { headers: { host: `${name}.default.localhost` } });
    return { status: statusCode, text: await body.text() };
  }

  /** The sum of a metric's samples of one cluster. */
  counted(of: keyof SecuredMesh['meters'], metric: string, cluster: string): number {
    return sum(this.meters[of], metric, cluster);
  }

  async #startConfigServer(activatorTlsPort: number): Promise<void> {
    const codec = this.#ready(this.#codec);
    const { activator, gateway } = defaultTranslateOptions;
    this.#configServer = composeConfigServer({
      client: new KubernetesClient({ transport: this.api, fieldManager: 'test' }),
      codec,
      listen: (handlers) => openGrpcServer({ address: '127.0.0.1:0', codec, handlers, timers }),
      systemNamespace: 'sluice-system',
      identity: 'config-server-0',
      translate: { gateway: { ...gateway, internalPort: 0 }, activator: { ...activator, http1Port: await freePort(), h2cPort: 0, tlsPort: activatorTlsPort } },
      clock, timers, random, logger: this.logger, meter: createMeter(),
    });
    await this.#configServer.start();
    this.#stops.push(() => this.#configServer?.stop());
  }

  async #startActivator(): Promise<void> {
    const settings = readActivatorSettings([`--config-service=127.0.0.1:${this.#configServer?.port}`], { POD_NAME: 'activator', POD_IP: '127.0.0.1' });
    if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
    const codec = this.#ready(this.#codec);
    const transport = await openGrpcTransport({ address: settings.value.configService, codec });
    this.#stops.push(() => transport.close());
    this.#activator = composeActivator({ settings: settings.value, transport, codec, regexEngine: noRegexEngine, network: await openNetwork(this.logger), clock, timers, random, logger: this.logger, meter: this.meters.activator });
    this.#activator.start();
    this.#stops.push(() => this.#activator?.stop());
    await eventually(() => this.#ready(this.#activator?.proxy.listeners().find(({ name }) => name === 'activator_https')), { withinMs: 20_000 });
  }

  async #startGateway(): Promise<void> {
    const settings = readGatewaySettings([`--config-service=127.0.0.1:${this.#configServer?.port}`, '--http-port=0'], { POD_IP: '127.0.0.1' });
    if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
    const codec = this.#ready(this.#codec);
    const transport = await openGrpcTransport({ address: settings.value.configService, codec });
    this.#stops.push(() => transport.close());
    this.#gateway = composeGateway({ settings: settings.value, transport, codec, regexEngine: noRegexEngine, network: await openNetwork(this.logger), clock, timers, random, logger: this.logger, meter: this.meters.gateway, openAccessLog: () => ({ write: (bytes) => void this.lines.push(bytes.toString()) }) });
    this.#gateway.start();
    this.#stops.push(() => this.#gateway?.stop());
  }

  async #startProgram(protocol: 'http1' | 'h2c', answer: Answer): Promise<number> {
    const server = protocol === 'h2c' ? createHttp2Server((asked, response) => answer(asked, response)) : createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#stops.push(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  #ready<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('not started');
    return value;
  }
}

export function networkConfig(data: Readonly<Record<string, string>>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-network', namespace: 'sluice-system' }, data };
}

function sum(meter: Meter, metric: string, cluster: string): number {
  const family = meter.collect().find(({ name }) => name === metric);
  const samples = family?.samples.filter(({ labels }) => labels['envoy_cluster_name'] === cluster) ?? [];
  return samples.reduce((total, { value }) => total + value, 0);
}

function openNetwork(logger: RecordingLogger): Promise<Network> {
  return createSystemNetwork({ timers, logger, transport: 'auto', platform: process.platform, poisonsMemory: true });
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
