import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createMeter, createSeededRandom, type Network, type Span } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { noRegexEngine } from '@sluice/proxy';
import { readTelemetrySettings, withMetricNames, type TelemetrySettings } from '@sluice/telemetry';
import { AdsServer, createSnapshot, loadCodec, LoadServer, SnapshotCache, typeUrls, type Codec, type JsonObject, type Resource } from '@sluice/xds';
import { createInMemoryTransport } from '@sluice/xds/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeActivator } from './compose.ts';
import { readSettings } from './config.ts';
import { LiveRequestLog } from './live-request-log.ts';

const key = 'default/hello-00001';
const activatorHost = '10.0.0.9';
const revisionHeaders = 'knative-serving-revision: hello-00001\r\nknative-serving-namespace: default\r\n';

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('core');
});

interface PodState {
  readonly host: string;
  readonly isReady: boolean;
}

interface Facts {
  /** Who shares the pods. */
  readonly activators?: readonly string[];
  readonly readyByKubelet?: boolean;
  /** By which name a mesh of others lets requests through to pods. */
  readonly passthroughHost?: string;
  /** Whether the Service that pods stand behind, at 10.96.0.7:80, may be called in their place. */
  readonly service?: 'always' | 'fallback';
  /** What the config service says of the activator's own logs and metrics. */
  readonly telemetry?: JsonObject;
  /** Whether the configuration asks for traces. */
  readonly isTraced?: boolean;
}

interface Invocation {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the config service tells activators of one revision. */
function resourcesFor(containerConcurrency: number, pods: readonly PodState[], { activators, readyByKubelet = false, passthroughHost, service, isTraced = false, telemetry }: Facts): Resource[] {
  const filter = (name: string, typed_config: JsonObject): JsonObject => ({ name, typed_config });
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'activator',
    ...(isTraced ? { tracing: {} } : {}),
    rds: { route_config_name: 'activator_services', config_source: { ads: {}, resource_api_version: 'V3' } },
    http_filters: [
      filter('sluice.filters.http.activator', {
        '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
        type_url: 'type.googleapis.com/sluice.filters.http.activator.v1.Activator',
        value: {},
      }),
      filter('envoy.filters.http.router', { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' }),
    ],
  };
  return [
    {
      typeUrl: typeUrls.listener,
      name: 'activator_http1',
      value: {
        name: 'activator_http1',
        ...(telemetry ? { metadata: { filter_metadata: { 'sluice.telemetry': telemetry } } } : {}),
        address: { socket_address: { address: '0.0.0.0', port_value: 8012 } },
        filter_chains: [{ filters: [filter('envoy.filters.network.http_connection_manager', manager)] }],
      },
    },
    {
      typeUrl: typeUrls.routeConfiguration,
      name: 'activator_services',
      value: {
        name: 'activator_services',
        virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: key, timeout: '0s' } }] }],
      },
    },
    {
      typeUrl: typeUrls.cluster,
      name: key,
      value: {
        name: key,
        type: 'EDS',
        eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' }, service_name: key },
        metadata: {
          filter_metadata: {
            'sluice.revision': { namespace: 'default', name: 'hello-00001', container_concurrency: containerConcurrency, protocol: 'http1', timeout_seconds: 300, service: 'hello', configuration: 'hello', ready_by_kubelet: readyByKubelet, ...(passthroughHost ? { passthrough_host: passthroughHost } : {}) },
          },
        },
      },
    },
    {
      typeUrl: typeUrls.clusterLoadAssignment,
      name: key,
      value: {
        cluster_name: key,
        endpoints: [
          {
            lb_endpoints: [...pods.map(({ host, isReady }, index) => ({
              ...(index === 0 && activators ? { metadata: { filter_metadata: { 'sluice.revision': { activators } } } } : {}),
              endpoint: { address: { socket_address: { address: host, port_value: 8012 } } },
              health_status: isReady ? 'HEALTHY' : 'UNHEALTHY',
            })), ...(service ? [{ metadata: { filter_metadata: { 'sluice.revision': { service } } }, endpoint: { address: { socket_address: { address: '10.96.0.7', port_value: 80 } } }, health_status: 'UNHEALTHY' }] : [])],
          },
        ],
      },
    },
  ];
}

function createWorld(containerConcurrency = 0, facts: Facts = {}, { flags = [], environment = {} }: Invocation = {}) {
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const random = createSeededRandom(1);
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const shared = { clock: time, timers: time, random, logger, meter: createMeter() };
  const cache = new SnapshotCache();
  const ads = new AdsServer({ ...shared, cache });
  const loadServer = new LoadServer(shared);
  const transport = createInMemoryTransport({
    timers: time,
    handlers: {
      ...ads.handlers,
      onLoadStats: (stream) => loadServer.acceptReports(stream),
      onLoad: (stream) => loadServer.acceptSubscriber(stream),
    },
  });
  const settings = readSettings(['--config-service=x:1', `--listen-host=${activatorHost}`, ...flags], { POD_NAME: 'activator-1', POD_IP: activatorHost, ...environment });
  if (!settings.ok) throw new Error('bad settings');
  const lines: string[] = [];
  const requestLog = new LiveRequestLog({ ...shared, template: '', open: () => ({ write: (bytes) => void lines.push(bytes.toString()) }) });
  const heard: TelemetrySettings[] = [];
  const onTelemetry = (said: unknown): void => {
    const settings = readTelemetrySettings(said);
    heard.push(settings);
    requestLog.apply(settings.requestLog);
  };
  const spans: Span[] = [];
  const tracer = { record: (span: Span) => void spans.push(span) };
  const activator = composeActivator({ ...shared, settings: settings.value, transport, codec, regexEngine: noRegexEngine, network: network.view('activator', activatorHost), tracer, requestLog: () => requestLog.current, onTelemetry });

  let current = facts;
  function publish(...pods: PodState[]): void {
    const result = createSnapshot(resourcesFor(containerConcurrency, pods, current), codec, cache.get('sluice-activator'));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    cache.set('sluice-activator', result.snapshot);
  }

  const client = network.view('client', '10.0.0.1');
  return {
    time,
    meter: shared.meter,
    logger,
    network,
    transport,
    loadServer,
    activator,
    spans,
    lines,
    heard,
    /** From the next `publish` on. */
    change: (changes: Facts) => void (current = { ...current, ...changes }),
    publish,
    request: (headers = revisionHeaders) => send(client, `GET / HTTP/1.1\r\nhost: hello.example.com\r\n${headers}connection: close\r\n\r\n`),
    coldStarts: () => logger.events.filter(({ event }) => event === 'cold start').map(({ fields }) => fields),
  };
}

/** Sends bytes to the activator and collects what comes back. */
function send(network: Network, text: string): { answer: string; leave(): void } {
  const exchange = { answer: '', leave: () => connection.end() };
  const connection = network.connect({ host: activatorHost, port: 8012 }, {
    onOpen: () => void connection.write(Buffer.from(text, 'latin1'), 0, text.length),
    onData: (memory, length) => void (exchange.answer += memory.toString('latin1', 0, length)),
    onDrain() {},
    onEnd: () => connection.end(),
    onClose() {},
  });
  return exchange;
}

/** A pod's sidecar with a program that takes a while: answers probes as told, and counts what runs at once. */
async function startPod(world: ReturnType<typeof createWorld>, host: string, options: { readonly workMs?: number; readonly port?: number } = {}) {
  const { time, network } = world;
  const pod = { isReady: true, running: 0, runningMax: 0, probes: 0, probeHeads: [] as string[], requests: [] as string[] };
  await network.view(host, host).listen({ host, port: options.port ?? 8012 }, (connection) => {
    const answer = (status: number, body: string) => {
      const text = `HTTP/1.1 ${status} x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      connection.write(Buffer.from(text, 'latin1'), 0, text.length);
    };
    let text = '';
    connection.handler = {
      onData(memory, length) {
        // A head may come in pieces.
        text += memory.toString('latin1', 0, length);
        if (!text.endsWith('\r\n\r\n')) return;
        const head = text;
        text = '';
        if (head.includes('k-network-probe: queue')) {
          pod.probes += 1;
          pod.probeHeads.push(head);
          answer(pod.isReady ? 200 : 503, pod.isReady ? 'queue' : '');
          return;
        }
        pod.requests.push(head);
        pod.running += 1;
        pod.runningMax = Math.max(pod.runningMax, pod.running);
        time.after(options.workMs ?? 0, () => {
          pod.running -= 1;
          answer(200, `from ${host}`);
        });
      },
      onDrain() {},
      onEnd: () => connection.end(),
      onClose() {},
    };
  });
  return pod;
}

describe('a request for a sleeping revision', () => {
  it('is told to the autoscaler at once, waits for a pod to say that it is ready, and goes to it', async () => {
    const world = createWorld();
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(1500);

    const held = world.request();
    await world.time.advanceAsync(50);
    expect(world.loadServer.loads()).toMatchObject([
      { namespace: 'default', revision: 'hello-00001', podName: 'activator-1', source: 'ACTIVATOR', averageConcurrentRequests: 1, intervalMs: 0 },
    ]);

    const pod = await startPod(world, '10.0.0.21');
    pod.isReady = false;
    world.publish({ host: '10.0.0.21', isReady: false });
    await world.time.advanceAsync(300);
    expect(held.answer).toBe('');
    pod.isReady = true;
    const told = new Map<number, number>();
    for (let step = 0; step < 25; step += 1) {
      await world.time.advanceAsync(100);
      for (const { coldStart, receivedAt } of world.loadServer.loads()) if (coldStart) told.set(receivedAt, coldStart.waitMs);
    }
    expect(held.answer).toContain('from 10.0.0.21');
    expect(pod.requests[0]).toContain('k-proxy-request: activator');
    expect(pod.requests[0]).toContain('\r\nhost: 10.0.0.21:8012\r\n');
    expect(pod.requests[0]).toContain('k-original-host: hello.example.com');

    const [coldStart] = world.coldStarts();
    expect(world.coldStarts()).toHaveLength(1);
    expect(coldStart).toMatchObject({ revision: key });
    expect(Number(coldStart?.['waitedMs'])).toBeGreaterThan(300);
    expect(Number(coldStart?.['firstByteAtMs'])).toBeGreaterThanOrEqual(Number(coldStart?.['forwardedAtMs']));

    // With its next report the autoscaler hears how long that took, once.
    expect([...told.values()]).toEqual([expect.closeTo(Number(coldStart?.['waitedMs']), 2) as number]);
  });

  it('is forgotten at once when its client ends the connection, and never reaches a pod', async () => {
    const world = createWorld(1);
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(1500);
    const impatient = world.request();
    const patient = world.request();
    await world.time.advanceAsync(50);
    impatient.leave();
    await world.time.advanceAsync(50);
    expect(world.activator.proxy.activeStreams).toBe(1);
    const pod = await startPod(world, '10.0.0.21');
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(500);
    expect([impatient.answer, pod.requests.length]).toEqual(['', 1]);
    expect(patient.answer).toContain('from 10.0.0.21');
  });

  it('is followed by a report of those that came with it', async () => {
    const world = createWorld();
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(1500);
    for (let index = 0; index < 30; index += 1) world.request();
    await world.time.advanceAsync(100);
    expect(world.loadServer.loads()).toMatchObject([{ averageConcurrentRequests: 30, intervalMs: 0 }]);
  });

  it('goes to a pod that Kubernetes calls ready without a probe', async () => {
    const world = createWorld();
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(100);
    const exchange = world.request();
    const pod = await startPod(world, '10.0.0.21');
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(100);
    expect([exchange.answer.includes('from 10.0.0.21'), pod.probes]).toEqual([true, 0]);
  });
});

describe('under a limit', () => {
  it('no pod gets more than its limit, and nobody is lost', async () => {
    const world = createWorld(2);
    const pods = await Promise.all(['10.0.0.21', '10.0.0.22'].map((host) => startPod(world, host, { workMs: 50 })));
    world.publish({ host: '10.0.0.21', isReady: true }, { host: '10.0.0.22', isReady: true });
    world.activator.start();
    await world.time.advanceAsync(100);
    const exchanges = Array.from({ length: 100 }, () => world.request());
    await world.time.advanceAsync(5000);
    expect(exchanges.filter(({ answer }) => answer.startsWith('HTTP/1.1 200'))).toHaveLength(100);
    expect(pods.map(({ runningMax }) => runningMax)).toEqual([2, 2]);
    expect(world.activator.revisions()).toMatchObject([{ key, capacity: 4, inFlight: 0, waiting: 0 }]);
  });
});

describe('what a sidecar of Knative’s is told, byte by byte', () => {
  it('whether it is ready, and the request with its host apart', async () => {
    const world = createWorld();
    const pod = await startPod(world, '10.0.0.21');
    world.publish({ host: '10.0.0.21', isReady: false });
    world.activator.start();
    await world.time.advanceAsync(500);
    expect(pod.probeHeads[0]).toBe('GET /healthz HTTP/1.1\r\nhost: 10.0.0.21:8012\r\nk-network-probe: queue\r\nuser-agent: Knative-Activator-Probe\r\nconnection: close\r\n\r\n');
    world.request(`${revisionHeaders}x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: http\r\nx-request-id: 5e2f\r\nuser-agent: curl/8.5.0\r\n`);
    await world.time.advanceAsync(100);
    expect(pod.requests).toHaveLength(1);
    const [line, ...fields] = (pod.requests[0] ?? '').trimEnd().split('\r\n');
    expect(line).toBe('GET / HTTP/1.1');
    expect(fields.filter((field) => !field.startsWith('x-'))).toEqual(['user-agent: curl/8.5.0', 'k-proxy-request: activator', 'k-original-host: hello.example.com', 'host: 10.0.0.21:8012', expect.stringMatching(/^sluice-activator-cluster: /)]);
  });
});

describe('a traced request', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const sampled = `${revisionHeaders}traceparent: 00-${traceId}-b7ad6b7169203331-01\r\n`;

  it('has a span of its wait, and one of being passed on, which the sidecar stands beneath', async () => {
    const world = createWorld(1, { isTraced: true });
    const pod = await startPod(world, '10.0.0.21', { workMs: 40 });
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(1500);
    world.request(sampled);
    await world.time.advanceAsync(300);
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(200);
    const [tried, proxied, server] = world.spans;
    expect(world.spans.map(({ name, status }) => [name, status])).toEqual([['throttler_try', 'unset'], ['activator_proxy', 'unset'], ['GET', 'unset']]);
    expect(world.spans.map((span) => span.traceId)).toEqual([traceId, traceId, traceId]);
    expect([tried?.parentSpanId, proxied?.parentSpanId, server?.parentSpanId]).toEqual([server?.spanId, server?.spanId, 'b7ad6b7169203331']);
    expect(/traceparent: (\S+)/.exec(pod.requests[0] ?? '')?.[1]).toBe(`00-${traceId}-${proxied?.spanId}-01`);
    const lasted = ({ startWallTime = 0, endWallTime = 0 }: Partial<Span> = {}) => endWallTime - startWallTime;
    expect(lasted(tried)).toBeGreaterThan(290);
    expect(lasted(proxied)).toBeGreaterThanOrEqual(40);
    expect(tried?.endWallTime).toBe(proxied?.startWallTime);
  });

  it('that no pod was found for has an error in its wait, and was passed on to nobody', async () => {
    const world = createWorld(1, { isTraced: true });
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(1500);
    const held = world.request(sampled);
    await world.time.advanceAsync(50);
    held.leave();
    await world.time.advanceAsync(50);
    expect(world.spans.map(({ name, status }) => [name, status])).toEqual([['throttler_try', 'error'], ['GET', 'error']]);
  });
});

describe('what the config service says of its own logs and metrics', () => {
  it('is heard as it changes, and requests that come then are logged as it says, without a connection being lost', async () => {
    const world = createWorld(1);
    await startPod(world, '10.0.0.21', { workMs: 300 });
    const pod = { host: '10.0.0.21', isReady: true };
    world.publish(pod);
    world.activator.start();
    await world.time.advanceAsync(500);
    const running = world.request();
    await world.time.advanceAsync(50);
    world.change({ telemetry: { logLevel: 'debug', metrics: { protocol: 'grpc', endpoint: 'otel:4317' }, requestLog: { template: '{{.Revision.Name}} {{.Revision.PodName}} {{.Response.Code}}' } } });
    world.publish(pod);
    await world.time.advanceAsync(500);
    expect(running.answer).toContain('from 10.0.0.21');
    world.request();
    await world.time.advanceAsync(500);
    expect(world.lines).toEqual(['hello-00001 activator-1 200\n', 'hello-00001 activator-1 200\n']);
    world.change({ telemetry: { logLevel: 'debug' } });
    world.publish(pod);
    await world.time.advanceAsync(500);
    world.request();
    await world.time.advanceAsync(500);
    expect(world.lines).toHaveLength(2);
    expect(world.heard.map(({ logLevel, metrics, requestLog }) => [logLevel, metrics.protocol, requestLog !== undefined])).toEqual([['debug', 'grpc', true], ['debug', 'none', false]]);
  });
});

describe('metrics', () => {
  it('say of each revision what is here, waits and runs, under Knative’s names', async () => {
    const world = createWorld(1);
    await startPod(world, '10.0.0.21', { workMs: 10_000 });
    world.publish({ host: '10.0.0.21', isReady: true });
    world.activator.start();
    await world.time.advanceAsync(1500);
    for (let index = 0; index < 3; index += 1) world.request();
    await world.time.advanceAsync(100);
    const labels = { k8s_namespace_name: 'default', kn_service_name: 'hello', kn_configuration_name: 'hello', kn_revision_name: 'hello-00001' };
    const samples = (name: string) => world.meter.collect().find((family) => family.name === name)?.samples;
    expect(samples('kn_revision_request_concurrency')).toEqual([{ labels, value: 3 }]);
    expect(samples('kn_revision_request_queued')).toEqual([{ labels, value: 2 }]);
    expect(samples('kn_revision_request_active')).toEqual([{ labels, value: 1 }]);
    expect(samples('kn_activator_stats_conn_reachable')).toEqual([{ labels: { peer: 'autoscaler' }, value: 1 }]);
  });

  it('say it under the names up to 1.18, where these are asked for', async () => {
    const world = createWorld(1, {}, { environment: { SLUICE_METRIC_NAMES: 'older' } });
    await startPod(world, '10.0.0.21', { workMs: 40 });
    world.publish({ host: '10.0.0.21', isReady: true });
    world.activator.start();
    await world.time.advanceAsync(1500);
    world.request();
    await world.time.advanceAsync(500);
    for (let index = 0; index < 3; index += 1) world.request();
    await world.time.advanceAsync(10);
    const pod = { pod_name: 'activator-1', container_name: 'activator' };
    const labels = { namespace_name: 'default', service_name: 'hello', configuration_name: 'hello', revision_name: 'hello-00001', ...pod };
    const families = withMetricNames(world.meter, 'older', pod).collect();
    const samples = (name: string) => families.find((family) => family.name === name)?.samples;
    expect(samples('activator_request_concurrency')).toEqual([{ labels, value: 3 }]);
    const answered = { ...labels, response_code: '200', response_code_class: '2xx', route_tag: 'DISABLED' };
    expect(samples('activator_request_count')).toEqual([{ labels: answered, value: 1 }]);
    const [latency] = samples('activator_request_latencies') ?? [];
    expect(latency).toMatchObject({ labels: answered, count: 1 });
    expect(latency?.value).toBeGreaterThanOrEqual(40);
    expect(families.map(({ name }) => name).filter((name) => /^(?:kn_revision_request_concurrency|http_server_)/.test(name))).toEqual([]);
  });

  it('count how often the way to an autoscaler of Knative’s was lost', async () => {
    const world = createWorld(0, {}, { flags: ['--autoscaler-statistics=10.0.0.5:8080'] });
    const connections: { end(): void }[] = [];
    await world.network.view('autoscaler', '10.0.0.5').listen({ host: '10.0.0.5', port: 8080 }, (connection) => {
      connections.push(connection);
      connection.handler = {
        onData(memory, length) {
          const key = /sec-websocket-key: (\S+)/i.exec(memory.toString('latin1', 0, length))?.[1];
          if (key === undefined) return;
          const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
          const answer = Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
          connection.write(answer, 0, answer.length);
        },
        onDrain() {},
        onEnd: () => connection.end(),
        onClose() {},
      };
    });
    world.activator.start();
    await world.time.advanceAsync(1500);
    const samples = (name: string) => world.meter.collect().find((family) => family.name === name)?.samples;
    expect([connections.length, samples('kn_activator_stats_conn_errors_total')]).toEqual([1, [{ labels: { peer: 'autoscaler' }, value: 0 }]]);
    connections[0]?.end();
    await world.time.advanceAsync(1500);
    expect([connections.length, samples('kn_activator_stats_conn_errors_total')?.[0]?.value]).toEqual([2, 1]);
  });
});

describe('beside other activators', () => {
  it('it sends only to its own share of the pods', async () => {
    const world = createWorld(1, { activators: ['10.0.0.8', activatorHost] });
    const pods = await Promise.all(['10.0.0.21', '10.0.0.22', '10.0.0.23'].map((host) => startPod(world, host)));
    world.publish(...['10.0.0.21', '10.0.0.22', '10.0.0.23'].map((host) => ({ host, isReady: true })));
    world.activator.start();
    await world.time.advanceAsync(100);
    // The second of two: its block is one pod, and the third falls to the first.
    expect(world.activator.revisions()).toMatchObject([{ pods: ['10.0.0.22:8012'], capacity: 1 }]);
    const exchanges = Array.from({ length: 6 }, () => world.request());
    await world.time.advanceAsync(1000);
    expect(exchanges.every(({ answer }) => answer.includes('from 10.0.0.22'))).toBe(true);
    expect(pods.map(({ requests }) => requests.length)).toEqual([0, 6, 0]);
  });
});

describe('a revision whose readiness only the kubelet can tell', () => {
  it('is not believed by its own answer, only by the kubelet’s', async () => {
    const world = createWorld(0, { readyByKubelet: true });
    const pod = await startPod(world, '10.0.0.21');
    world.publish({ host: '10.0.0.21', isReady: false });
    world.activator.start();
    await world.time.advanceAsync(100);
    const exchange = world.request();
    await world.time.advanceAsync(1000);
    expect([exchange.answer, pod.probes]).toEqual(['', 0]);
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(100);
    expect(exchange.answer).toContain('from 10.0.0.21');
  });
});

describe('a kubelet', () => {
  it('hears that it serves once somebody hears of its requests, and of its end', async () => {
    const world = createWorld();
    world.publish();
    world.transport.reachable = false;
    world.activator.start();
    world.transport.reachable = true;
    await world.time.advanceAsync(3000);
    const ask = async (): Promise<string> => {
      const exchange = world.request('user-agent: kube-probe/1.33\r\n');
      await world.time.advanceAsync(50);
      return exchange.answer.split('\r\n')[0] ?? '';
    };
    expect(await ask()).toBe('HTTP/1.1 200 OK');
  });
});

describe('when things change', () => {
  it('a pod that becomes unready gets nothing new, and one that is gone is forgotten', async () => {
    const world = createWorld(1);
    const first = await startPod(world, '10.0.0.21');
    await startPod(world, '10.0.0.22');
    world.publish({ host: '10.0.0.21', isReady: true }, { host: '10.0.0.22', isReady: true });
    world.activator.start();
    await world.time.advanceAsync(100);
    first.isReady = false;
    world.publish({ host: '10.0.0.21', isReady: false }, { host: '10.0.0.22', isReady: true });
    await world.time.advanceAsync(100);
    expect(world.activator.revisions()[0]?.pods).toEqual(['10.0.0.22:8012']);
    const exchange = world.request();
    await world.time.advanceAsync(100);
    expect(exchange.answer).toContain('from 10.0.0.22');
    world.publish();
    await world.time.advanceAsync(100);
    expect(world.activator.revisions()).toMatchObject([{ pods: [], capacity: 0 }]);
  });

  it('without its config service it goes on with what it was told, and says later who came meanwhile', async () => {
    const world = createWorld();
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(1500);
    world.transport.reachable = false;
    const exchange = world.request();
    await world.time.advanceAsync(2000);
    world.transport.reachable = true;
    await world.time.advanceAsync(10_000);
    expect(world.loadServer.loads()).toMatchObject([{ averageConcurrentRequests: expect.any(Number) as number, requestsInProgress: 1 }]);
    await startPod(world, '10.0.0.21');
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(1000);
    expect(exchange.answer).toContain('from 10.0.0.21');
  });

  it('a request for a revision that it does not know is answered 404', async () => {
    const world = createWorld();
    world.publish();
    world.activator.start();
    await world.time.advanceAsync(100);
    const exchange = world.request('knative-serving-revision: other\r\nknative-serving-namespace: default\r\n');
    await world.time.advanceAsync(100);
    expect(exchange.answer).toMatch(/^HTTP\/1\.1 404 [\s\S]*revision\.serving\.knative\.dev "other" not found\n$/);
  });

  it('draining waits for those that are on their way, and then nothing listens', async () => {
    const world = createWorld();
    await startPod(world, '10.0.0.21', { workMs: 500 });
    world.publish({ host: '10.0.0.21', isReady: true });
    world.activator.start();
    await world.time.advanceAsync(100);
    const exchange = world.request();
    await world.time.advanceAsync(100);
    let isDrained = false;
    void world.activator.drain().then(() => (isDrained = true));
    await world.time.advanceAsync(100);
    expect(isDrained).toBe(false);
    await world.time.advanceAsync(1000);
    expect([isDrained, exchange.answer.includes('from 10.0.0.21')]).toEqual([true, true]);
  });
});

describe('behind a mesh of others', () => {
  const service = '10.96.0.7';

  async function started(facts: Facts, containerConcurrency = 0) {
    const world = createWorld(containerConcurrency, facts);
    const pod = await startPod(world, '10.0.0.21');
    const mesh = await startPod(world, service, { port: 80 });
    world.activator.start();
    return { world, pod, mesh };
  }

  it('pods are called by their addresses under the name of their Service, where the mesh lets that pass', async () => {
    const { world, pod } = await started({ passthroughHost: 'hello-00001-private.default' });
    world.publish({ host: '10.0.0.21', isReady: false });
    await world.time.advanceAsync(1500);
    const exchange = world.request();
    await world.time.advanceAsync(100);
    expect(exchange.answer).toContain('from 10.0.0.21');
    for (const head of [...pod.probeHeads, ...pod.requests]) {
      expect(head.toLowerCase()).toContain('\r\nhost: hello-00001-private.default\r\n');
      expect(head.toLowerCase()).toContain('\r\nk-passthrough-lb: true\r\n');
    }
    expect(pod.probes).toBeGreaterThan(0);
    expect(pod.requests[0]).toContain('k-original-host: hello.example.com');
  });

  it('the Service is called where pods never are, once it answers', async () => {
    const { world, pod, mesh } = await started({ service: 'always' }, 2);
    mesh.isReady = false;
    world.publish({ host: '10.0.0.21', isReady: true }, { host: '10.0.0.22', isReady: true });
    await world.time.advanceAsync(1500);
    const held = world.request();
    await world.time.advanceAsync(300);
    expect(held.answer).toBe('');
    mesh.isReady = true;
    await world.time.advanceAsync(300);
    expect(held.answer).toContain(`from ${service}`);
    expect([pod.probes, pod.requests]).toEqual([0, []]);
    expect(world.activator.revisions()).toMatchObject([{ capacity: 4, pods: [`${service}:80`] }]);
    world.publish();
    await world.time.advanceAsync(100);
    expect(world.activator.revisions()).toMatchObject([{ capacity: 0 }]);
  });

  it('the Service is called once pods that Kubernetes calls ready turn out not to be reached', async () => {
    const { world, pod, mesh } = await started({ service: 'fallback' });
    pod.isReady = false;
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(1500);
    const exchange = world.request();
    await world.time.advanceAsync(100);
    expect(exchange.answer).toContain(`from ${service}`);
    expect(mesh.probes).toBe(1);
    // For good, whatever a pod says later.
    pod.isReady = true;
    world.publish({ host: '10.0.0.21', isReady: false });
    await world.time.advanceAsync(500);
    expect(pod.requests).toEqual([]);
  });

  it('is not asked where pods answer: neither the Service, nor a ready pod a second time', async () => {
    const { world, pod, mesh } = await started({ service: 'fallback' });
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(1500);
    world.publish({ host: '10.0.0.21', isReady: true }, { host: '10.0.0.22', isReady: true });
    await world.time.advanceAsync(1500);
    expect([pod.probes, mesh.probes]).toEqual([1, 0]);
    world.publish({ host: '10.0.0.21', isReady: true });
    await world.time.advanceAsync(100);
    const exchange = world.request();
    await world.time.advanceAsync(100);
    expect(exchange.answer).toContain('from 10.0.0.21');
  });
});
