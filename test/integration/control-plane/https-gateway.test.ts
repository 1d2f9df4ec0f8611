/**
 * HTTPS from objects to handshakes: Ingresses and Secrets in, and a gateway that shows each name its own certificate, taken by
 * SDS from our config service. The channel between the two is TLS itself, and each shows the other who it is.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { composeConfigServer, type ConfigServer } from '@sluice/config-server';
import { podAutoscalerObject, revisionObject, serverlessServiceObject } from '@sluice/config-server/testing';
import { composeGateway, readSettings } from '@sluice/gateway';
import { createMeter, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { configMaps, endpointSlices, KubernetesClient, secrets, type EndpointSlice, type KubernetesObject, type Secret } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { createSystemNetwork } from '@sluice/proxy';
import { createTestAuthority, noRegexEngine } from '@sluice/proxy/testing';
import { ingressKind, podAutoscalerKind, revisionKind, routeKind, serverlessServiceKind, type Ingress } from '@sluice/serving';
import { defaultTranslateOptions } from '@sluice/translator';
import { loadCodec, openGrpcServer, openGrpcTransport, type GrpcTls } from '@sluice/xds';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';

type Authority = Awaited<ReturnType<typeof createTestAuthority>>;

const api = new FakeApiServer({ kinds: [revisionKind, routeKind, podAutoscalerKind, serverlessServiceKind, ingressKind, endpointSlices, configMaps, secrets], clock });
const logger = new RecordingLogger();
const stops: (() => unknown)[] = [];
let authority: Authority;
let configServer: ConfigServer;
let httpsPort = 0;
let internalPort = 0;
const inside = 'inside.default.svc.cluster.local';

beforeAll(async () => {
  authority = await createTestAuthority();
  httpsPort = await freePort();
  internalPort = await freePort();
  const upstream = await startUpstream();
  api.put<KubernetesObject>(revisionObject('app-00001'), podAutoscalerObject('app-00001'), serverlessServiceObject('app-00001', 'Serve'), sliceOf(upstream));
  for (const host of ['shop.example.com', 'news.example.com']) api.put<KubernetesObject>(ingressOf(host), await secretOf(host));
  api.put<KubernetesObject>(ingressOf(inside, 'ClusterLocal'), await secretOf(inside));

  const codec = await loadCodec('core');
  const [server, client] = [await authority.issue({ dns: ['config.test'] }), await authority.issue({ dns: ['gateway.test'] })];
  configServer = composeConfigServer({
    client: new KubernetesClient({ transport: api, fieldManager: 'test' }),
    codec,
    listen: (handlers) =>
      openGrpcServer({
        address: '127.0.0.1:0',
        codec,
        handlers,
        timers,
        tls: { certificateChain: server.certificate, privateKey: server.privateKey, clientCertificateAuthorities: authority.certificate },
      }),
    systemNamespace: 'sluice-system',
    identity: 'config-server-0',
    translate: { ...defaultTranslateOptions, gateway: { ...defaultTranslateOptions.gateway, externalTlsPort: httpsPort, internalTlsPort: internalPort } },
    clock,
    timers,
    random,
    logger,
    meter: createMeter(),
  });
  await configServer.start();
  stops.push(() => configServer.stop());

  const settings = readSettings([`--config-service=127.0.0.1:${configServer.port}`, '--http-port=0', '--access-log=off'], { POD_IP: '127.0.0.1' });
  if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
  const tls = (): GrpcTls => ({
    version: '1',
    trustedCa: authority.certificate,
    identity: { certificateChain: client.certificate, privateKey: client.privateKey, password: undefined },
    serverName: 'config.test',
    findFault: (der) => (new X509Certificate(der).checkHost('config.test') === undefined ? 'is not config.test' : undefined),
  });
  const transport = await openGrpcTransport({ address: settings.value.configService, codec, tls });
  stops.push(() => transport.close());
  const gateway = composeGateway({
    settings: settings.value,
    transport,
    codec,
    regexEngine: noRegexEngine,
    network: await createSystemNetwork({ timers, logger, transport: 'auto', platform: process.platform, poisonsMemory: true }),
    clock,
    timers,
    random,
    logger,
    meter: createMeter(),
  });
  gateway.start();
  stops.push(() => gateway.stop());
  await eventually(async () => (await open('shop.example.com')).destroy(), { withinMs: 20_000 });
});

afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startUpstream(): Promise<number> {
  const server = createServer((asked, response) => response.end(`hello from ${asked.headers.host}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function sliceOf(port: number): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'app-00001-private-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'app-00001-private' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  };
}

const nameOf = (host: string): string => host.split('.')[0] ?? '';

function ingressOf(host: string, visibility: 'ExternalIP' | 'ClusterLocal' = 'ExternalIP'): Ingress {
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: { name: nameOf(host), namespace: 'default', annotations: { 'networking.knative.dev/ingress-class': 'sluice.ingress.networking.knative.dev' } },
    spec: {
      tls: [{ hosts: [host], secretName: `${nameOf(host)}-tls`, secretNamespace: 'certificates' }],
      rules: [{ hosts: [host], visibility, http: { paths: [{ splits: [{ serviceNamespace: 'default', serviceName: 'app-00001', servicePort: 80 }] }] } }],
    },
  };
}

async function secretOf(host: string): Promise<Secret> {
  const { certificate, privateKey } = await authority.issue({ dns: [host] });
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(privateKey).toString('base64') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${nameOf(host)}-tls`, namespace: 'certificates' }, type: 'kubernetes.io/tls', data };
}

/** Rejects when the handshake fails, and when the certificate is not good for the name. */
function open(servername: string, port = httpsPort): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca: authority.certificate, ALPNProtocols: ['http/1.1'] });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

async function get(socket: TLSSocket, host: string): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  let text = '';
  while (!text.includes('hello')) text += String(await new Promise<Buffer>((resolve, reject) => socket.once('data', resolve).once('close', () => reject(new Error('closed')))));
  return text;
}

async function readiness(ingress: string): Promise<unknown> {
  const client = new KubernetesClient({ transport: api, fieldManager: 'reader' });
  const { status } = await client.resource(ingressKind).get({ namespace: 'default', name: ingress });
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

const fingerprint = (socket: TLSSocket): string => createHash('sha256').update(socket.getPeerX509Certificate()?.raw ?? '').digest('hex');

test('each name is shown its own certificate, and served', async () => {
  for (const host of ['shop.example.com', 'news.example.com']) {
    const socket = await open(host);
    expect(await get(socket, host)).toMatch(new RegExp(`^HTTP/1.1 200 [^]*hello from ${host}`));
    socket.destroy();
  }
});

test('a name in the cluster is served over TLS to clients inside, and to nobody outside', async () => {
  const socket = await eventually(() => open(inside, internalPort));
  expect(await get(socket, inside)).toMatch(new RegExp(`^HTTP/1.1 200 [^]*hello from ${inside}`));
  socket.destroy();
  await expect(open(inside)).rejects.toThrow();
});

test('a name that nobody has a certificate for is not served', async () => {
  await expect(open('other.example.com')).rejects.toThrow();
});

test('a renewed certificate is shown to whoever comes next, and connections that are there go on', async () => {
  const before = await open('shop.example.com');
  const other = await open('news.example.com');
  api.put(await secretOf('shop.example.com'));
  await eventually(async () => {
    const after = await open('shop.example.com');
    const renewed = fingerprint(after);
    after.destroy();
    expect(renewed).not.toBe(fingerprint(before));
  });
  expect(await get(before, 'shop.example.com')).toContain('200 OK');
  expect(await get(other, 'news.example.com')).toContain('200 OK');
  const same = await open('news.example.com');
  expect(fingerprint(same)).toBe(fingerprint(other));
  for (const socket of [before, other, same]) socket.destroy();
});

test('a Secret that is no certificate leaves the good one, and its Ingress says why', async () => {
  const good = await open('news.example.com');
  const secret = await secretOf('news.example.com');
  api.put({ ...secret, data: { ...secret.data, 'tls.crt': Buffer.from('no certificate').toString('base64') } });
  await eventually(async () => expect(await readiness('news')).toMatchObject({ status: 'False', message: expect.stringContaining('news-tls') }));
  const still = await open('news.example.com');
  expect(fingerprint(still)).toBe(fingerprint(good));
  api.put(await secretOf('news.example.com'));
  await eventually(async () => expect(await readiness('news')).toMatchObject({ status: 'True' }));
  for (const socket of [good, still]) socket.destroy();
});

test('a gateway that cannot show who it is gets nothing', async () => {
  const codec = await loadCodec('core');
  const stranger = await (await createTestAuthority()).issue({ dns: ['gateway.test'] });
  const transport = await openGrpcTransport({
    address: `127.0.0.1:${configServer.port}`,
    codec,
    waitsForConnection: false,
    tls: () => ({ version: '1', trustedCa: authority.certificate, identity: { certificateChain: stranger.certificate, privateKey: stranger.privateKey, password: undefined }, serverName: 'config.test', findFault: () => undefined }),
  });
  const ended = new Promise<number>((resolve) => transport.openAds().listen({ onMessage: () => resolve(-1), onEnd: ({ code }) => resolve(code) }));
  expect(await ended).toBe(14);
  transport.close();
});
