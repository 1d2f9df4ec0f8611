/**
 * From objects to answers in one process: an API in memory, our config service, a gateway that takes its configuration from it, and
 * programs behind Services that say what they have been asked. Sockets on free ports; no other process.
 */
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { composeConfigServer, type ConfigServer, type ConfigServerOptions } from '@sluice/config-server';
import { composeGateway, readSettings, type Gateway } from '@sluice/gateway';
import { createMeter, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { configMaps, endpointSlices, events, KubernetesClient, leases, namespaces, secrets, services, type EndpointSlice, type KubernetesObject, type ResourceKind, type Service, type ServicePort } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { createSystemNetwork, loadRegexEngine } from '@sluice/proxy';
import { openTestClient, startTestUpstream, type TestAnswer, type TestExchange, type TestHandler, type TestProtocol, type TestUpstream } from '@sluice/proxy/testing';
import { ingressKind, podAutoscalerKind, revisionKind, routeKind, serverlessServiceKind } from '@sluice/serving';
import { defaultTranslateOptions, type TranslateOptions } from '@sluice/translator';
import { loadCodec, typeUrls, type ConfigServiceHandlers } from '@sluice/xds';
import { createInMemoryTransport } from '@sluice/xds/testing';
import { eventually } from '../../../support/eventually.ts';

/** What a program behind a Service was asked. */
export interface Seen {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `1.1`, `2.0`. */
  readonly version: string;
}

export interface Answer extends Omit<TestAnswer, 'body'> {
  readonly body: string;
  /** Where a program has answered. */
  readonly seen: Seen | undefined;
}

export interface EdgeWorldOptions {
  readonly kinds?: readonly ResourceKind[];
  readonly gateway?: Partial<TranslateOptions['gateway']>;
  readonly configServer?: Partial<ConfigServerOptions>;
}

const listeners = { external: 'external_http', internal: 'internal_http' } as const;

export class EdgeWorld {
  readonly api: FakeApiServer;
  readonly client: KubernetesClient;
  readonly logger = new RecordingLogger();
  readonly #stops: (() => unknown)[] = [];
  readonly #options: EdgeWorldOptions;
  #configServer: ConfigServer | undefined;
  #gateway: Gateway | undefined;

  constructor(options: EdgeWorldOptions = {}) {
    this.#options = options;
    const kinds = [revisionKind, routeKind, podAutoscalerKind, serverlessServiceKind, ingressKind, endpointSlices, services, secrets, configMaps, events, namespaces, leases, ...(options.kinds ?? [])];
    this.api = new FakeApiServer({ kinds, clock });
    this.client = new KubernetesClient({ transport: this.api, fieldManager: 'test' });
  }

  async start(): Promise<this> {
    const codec = await loadCodec('core');
    let handlers: ConfigServiceHandlers | undefined;
    const shared = { codec, clock, timers, random, logger: this.logger, meter: createMeter() };
    const configServer = composeConfigServer({
      ...shared,
      client: this.client,
      listen: async (offered) => {
        handlers = offered;
        return { port: 1, setServing() {}, stop: async () => {} };
      },
      systemNamespace: 'sluice-system',
      identity: 'config-server-0',
      translate: { ...defaultTranslateOptions, gateway: { ...defaultTranslateOptions.gateway, accessLogPath: '', externalTlsPort: 0, ...this.#options.gateway } },
      ...this.#options.configServer,
    });
    await configServer.start();
    this.#configServer = configServer;
    this.#stops.push(() => configServer.stop());
    if (!handlers) throw new Error('nobody listens');
    const settings = readSettings(['--config-service=x:1', '--http-port=0', '--internal-port=0', '--access-log=off'], { POD_IP: '127.0.0.1' });
    if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
    const gateway = composeGateway({
      ...shared,
      settings: settings.value,
      transport: createInMemoryTransport({ handlers, timers }),
      regexEngine: await loadRegexEngine(),
      network: await createSystemNetwork({ timers, logger: this.logger, transport: 'auto', platform: process.platform, poisonsMemory: true }),
    });
    gateway.start();
    this.#gateway = gateway;
    this.#stops.push(() => gateway.stop());
    await eventually(() => this.portOf(listeners.external));
    return this;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop();
  }

  get status(): ReturnType<ConfigServer['status']> {
    if (!this.#configServer) throw new Error('not started');
    return this.#configServer.status();
  }

  put(...objects: readonly KubernetesObject[]): void {
    this.api.put(...objects);
  }

  /** @throws where nobody listens by that name */
  portOf(listener: string): number {
    const found = this.#gateway?.proxy.listeners().find(({ name }) => name === listener);
    if (!found?.port) throw new Error(`${listener} is not there`);
    return found.port;
  }

  /** A virtual host as the gateway was sent it. */
  held(name: string): unknown {
    return this.#gateway?.client.held(typeUrls.virtualHost).get(name)?.value;
  }

  /** A Service with one program behind it, which says what it has been asked. */
  async backend(name: string, options: { readonly namespace?: string; readonly protocol?: TestProtocol; readonly port?: Partial<ServicePort>; readonly handler?: TestHandler } = {}): Promise<TestUpstream> {
    const { namespace = 'default', protocol = 'h1', port = {}, handler = tells(name) } = options;
    const upstream = await startTestUpstream(protocol, handler);
    this.#stops.push(() => upstream[Symbol.asyncDispose]());
    this.put(...serviceObjects(namespace, name, { port: 80, ...port }, upstream.address.port));
    return upstream;
  }

  /** @param via which listener: `external`, `internal`, or its name */
  async ask(host: string, path = '/', { via = 'external', protocol = 'h1', ...exchange }: TestExchange & { readonly via?: string; readonly protocol?: TestProtocol } = {}): Promise<Answer> {
    const port = this.portOf(via === 'external' || via === 'internal' ? listeners[via] : via);
    using client = openTestClient(protocol, { host: '127.0.0.1', port });
    const answer = await client.ask({ ...exchange, path, headers: { ...exchange.headers, [protocol === 'h1' ? 'host' : ':authority']: host } });
    const body = answer.body.toString('utf8');
    const isTold = answer.headers['x-told'] !== undefined;
    return { ...answer, body, seen: isTold ? (JSON.parse(body) as Seen) : undefined };
  }

  /** Asks until the answer is as wanted. */
  async until(check: (answer: Answer) => void, ...question: Parameters<EdgeWorld['ask']>): Promise<Answer> {
    return eventually(async () => {
      const answer = await this.ask(...question);
      check(answer);
      return answer;
    });
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Answers 200 with what it has been asked. */
export function tells(backend: string): TestHandler {
  return (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const seen: Seen = { backend, method: request.method ?? '', path: request.url ?? '', host: headers['host'] ?? headers[':authority'] ?? '', headers, version: request.httpVersion };
    response.setHeader('x-told', '1');
    response.end(JSON.stringify(seen));
  };
}

export function serviceObjects(namespace: string, name: string, port: ServicePort, targetPort: number): readonly [Service, EndpointSlice] {
  const metadata = { namespace, name };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'ClusterIP', ports: [port] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: port.name ?? '', port: targetPort, protocol: 'TCP' }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    },
  ];
}
