/** Load that hosts report (ORCA), apart from requests and in their trailers, from real gRPC servers to a running proxy. */
import { Buffer } from 'node:buffer';
import { Client, credentials, Metadata, Server, ServerCredentials, status, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { createTestConfig, startTestProxy } from '@sluice/proxy/testing';
import { afterEach, expect, test } from 'vitest';

const asIs = (bytes: Buffer) => bytes;
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Backend {
  readonly name: string;
  readonly port: number;
  /** Streams that proxies have opened for reports. */
  opened: number;
  /** Requests for them, as they came. */
  readonly asked: Buffer[];
}

/** What a server writes into the trailers of an answer, and the status it ends with. */
interface Manner {
  readonly trailers?: () => Metadata;
  readonly code?: status;
}

/** A server that answers with its name, and reports its utilization on request when it has one. */
async function startBackend(name: string, utilization?: number, { trailers, code }: Manner = {}): Promise<Backend> {
  const server = new Server();
  const backend = { name, port: 0, opened: 0, asked: [] as Buffer[] };
  server.register('/test.Backend/Who', (_call: unknown, answer: sendUnaryData<Buffer>) => answer(code === undefined ? null : { code }, Buffer.from(name), trailers?.()), asIs, asIs, 'unary');
  const stream = (call: ServerWritableStream<Buffer, Buffer>) => {
    backend.opened += 1;
    backend.asked.push(call.request);
    if (utilization === undefined) call.emit('error', { code: status.UNIMPLEMENTED, details: 'no such service' });
    else call.write(report(utilization));
  };
  server.register('/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics', stream, asIs, asIs, 'serverStream');
  backend.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  stops.push(() => server.forceShutdown());
  return backend;
}

/** `OrcaLoadReport` with `application_utilization` 9 and `rps_fractional` 6, both doubles. */
function report(utilization: number): Buffer {
  const bytes = Buffer.alloc(18);
  bytes[0] = (9 << 3) | 1;
  bytes.writeDoubleLE(utilization, 1);
  bytes[9] = (6 << 3) | 1;
  bytes.writeDoubleLE(100, 10);
  return bytes;
}

async function startProxy(backends: readonly Backend[], reportPeriodMs: number | undefined) {
  const upstreams = backends.map(({ port }) => ({ host: '127.0.0.1', port }));
  const config = createTestConfig({ upstreams, protocol: 'h2', route: { timeoutMs: 0 } });
  const loadBalancing = {
    kind: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
    blackoutMs: 0,
    expirationMs: 180_000,
    updatePeriodMs: 100,
    errorUtilizationPenalty: 1,
    metricNames: [],
    reportPeriodMs,
    slowStart: undefined,
  } as const;
  const clusters = new Map([...config.clusters].map(([name, cluster]) => [name, { ...cluster, resource: { ...cluster.resource, loadBalancing } }]));
  const proxy = await startTestProxy({ ...config, clusters });
  stops.push(() => proxy[Symbol.asyncDispose]());
  const client = new Client(`127.0.0.1:${proxy.address.port}`, credentials.createInsecure());
  stops.push(() => client.close());
  const call = () =>
    new Promise<string>((resolve, reject) => {
      client.makeUnaryRequest('/test.Backend/Who', asIs, asIs, Buffer.alloc(0), new Metadata(), {}, (error, value) => (error ? reject(error) : resolve(String(value))));
    });
  const ask = async (count: number): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (let calls = 0; calls < count; calls += 1) {
      const name = await call().catch(() => 'failed');
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return Object.assign(ask, { hosts: () => proxy.proxy.clusters()[0]?.hosts ?? [] });
}

test('hosts are asked in the period, and get requests by what they report', async () => {
  const backends = [await startBackend('busy', 0.8), await startBackend('idle', 0.2)];
  const ask = await startProxy(backends, 1_500);
  await expect.poll(async () => (await ask(100))['idle'] ?? 0, { timeout: 15_000 }).toBeGreaterThan(75);
  const counts = await ask(200);
  expect(counts['idle']).toBeGreaterThanOrEqual(155);
  expect(counts['idle']).toBeLessThanOrEqual(165);
  expect(backends.map(({ opened }) => opened)).toEqual([1, 1]);
  // OrcaLoadReportRequest { report_interval { seconds: 1, nanos: 500000000 } }
  expect(backends[0]?.asked[0]?.toString('hex')).toBe('0a0808011080cab5ee01');
});

test('a host without the service is asked once, and counts like those that are silent', async () => {
  const backends = [await startBackend('silent'), await startBackend('plain')];
  const ask = await startProxy(backends, 100);
  await expect.poll(() => backends.map(({ opened }) => opened), { timeout: 15_000 }).toEqual([1, 1]);
  const counts = await ask(100);
  expect(Math.abs((counts['silent'] ?? 0) - 50)).toBeLessThanOrEqual(3);
  // A stream that is opened again is so after 0.8 to 1.2 s.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(backends.map(({ opened }) => opened)).toEqual([1, 1]);
});

test('nobody is asked where reports come with responses', async () => {
  const backends = [await startBackend('one', 0.5), await startBackend('two', 0.5)];
  const ask = await startProxy(backends, undefined);
  await ask(20);
  expect(backends.map(({ opened }) => opened)).toEqual([0, 0]);
});

test.each([
  ['bytes', 'endpoint-load-metrics-bin', (utilization: number) => report(utilization)],
  ['text', 'endpoint-load-metrics', (utilization: number) => `TEXT application_utilization=${utilization},rps_fractional=100`],
  ['JSON', 'endpoint-load-metrics', (utilization: number) => `JSON {"application_utilization":${utilization},"rps_fractional":100}`],
] as const)('hosts get requests by what they report in trailers as %s', async (_, name, reportOf) => {
  const trailersOf = (utilization: number) => () => {
    const trailers = new Metadata();
    trailers.set(name, reportOf(utilization));
    return trailers;
  };
  const backends = [await startBackend('busy', undefined, { trailers: trailersOf(0.8) }), await startBackend('idle', undefined, { trailers: trailersOf(0.2) })];
  const ask = await startProxy(backends, undefined);
  await expect.poll(async () => (await ask(50))['idle'] ?? 0, { timeout: 15_000 }).toBeGreaterThan(37);
  const counts = await ask(200);
  expect(counts['idle']).toBeGreaterThanOrEqual(155);
  expect(counts['idle']).toBeLessThanOrEqual(165);
});

test.each([
  ['a status that is the fault of the server', status.UNAVAILABLE, { requestsSucceeded: 0, requestsFailed: 3 }],
  ['a status that is the fault of the client', status.NOT_FOUND, { requestsSucceeded: 3, requestsFailed: 0 }],
  ['none at all', undefined, { requestsSucceeded: 3, requestsFailed: 0 }],
])('a host is blamed by gRPC status: %s', async (_, code, expected) => {
  const ask = await startProxy([await startBackend('one', undefined, code === undefined ? {} : { code })], undefined);
  await ask(3);
  expect(ask.hosts()).toMatchObject([{ requests: 3, ...expected }]);
});
