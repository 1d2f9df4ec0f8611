/** What injection writes into a pod, run by the engine: programs behind their ports, and kubelets that ask how they are. */
import { execFile } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject, type InjectablePod, type InjectionSettings } from '@sluice/injector';
import { startBootstrap, type BootstrapFixture } from '@sluice/proxy/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const settings: InjectionSettings = { image: 'p', imagePullPolicy: 'Always', captureImage: '', nativeSidecars: true, capture: 'explicit', ipFamilies: ['IPv4'], configService: undefined, command: [], addresses: 'own', rewritesProbes: true, logLevel: 'warning', concurrency: 1, resources: {}, excludedNamespaces: [] };

interface Listener {
  readonly name: string;
  readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
}

interface Injected {
  readonly args: readonly string[];
  readonly bootstrap: { readonly static_resources: { readonly listeners: readonly Listener[]; readonly clusters: readonly object[] } };
  /** By container. */
  readonly probePaths: Readonly<Record<string, string | undefined>>;
}

function injected(pod: InjectablePod): Injected {
  const injection = inject(pod, 'shop', settings);
  if (injection.kind !== 'injected') throw new Error(JSON.stringify(injection));
  const { initContainers = [], containers = [] } = injection.pod.spec ?? {};
  const args = initContainers[0]?.args ?? [];
  const [yaml = ''] = args.filter((arg) => arg.startsWith('--config-yaml='));
  const probePaths = Object.fromEntries(containers.map(({ name, readinessProbe }) => [name, readinessProbe?.httpGet?.path]));
  return { args, bootstrap: JSON.parse(yaml.slice('--config-yaml='.length)) as Injected['bootstrap'], probePaths };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a plain pod with a proxy in it', () => {
  let isWell = true;
  const web = createHttpServer((request, response) => {
    response.writeHead(request.url?.startsWith('/healthz') && !isWell ? 500 : 200, { 'x-path': request.url ?? '' }).end('hello');
  });
  const database = createServer((socket) => socket.on('error', () => {}).end('* OK\r\n'));
  let proxy: BootstrapFixture;
  let pod: Injected;
  let webPort = 0;
  let databasePort = 0;

  beforeAll(async () => {
    [webPort, databasePort] = [await listening(web), await listening(database)];
    pod = injected({
      spec: {
        containers: [
          { name: 'web', ports: [{ name: 'http', containerPort: webPort }], readinessProbe: { httpGet: { path: '/healthz?deep=1', port: 'http' } } },
          { name: 'database', ports: [{ containerPort: databasePort }], readinessProbe: { tcpSocket: { port: databasePort }, periodSeconds: 1 } },
          { name: 'silent', readinessProbe: { grpc: { port: 1 }, periodSeconds: 1 } },
        ],
      },
    });
    const { listeners, clusters } = pod.bootstrap.static_resources;
    const anyPort = (listener: Listener) => ({ ...listener, address: { socket_address: { address: '127.0.0.1', port_value: 0 } } });
    proxy = await startBootstrap({ listeners: listeners.map(anyPort), clusters });
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    web.close();
    database.close();
  });

  const ask = (listener: string, path: string): Promise<Response> => fetch(`http://127.0.0.1:${proxy.addressOf(listener).port}${path}`);
  const probe = async (container: string): Promise<number> => (await ask('status', pod.probePaths[container] ?? '')).status;

  test('is ready when the proxy is', async () => {
    expect((await ask('status', '/sluice/ready')).status).toBe(200);
  });

  test('answers at the ports of the proxy, each counted by itself', async () => {
    const answer = await ask(`inbound_${webPort}`, '/anything?x=1');
    expect([answer.status, answer.headers.get('x-path'), await answer.text()]).toEqual([200, '/anything?x=1', 'hello']);
    expect(proxy.metric('envoy_cluster_upstream_rq_total', { envoy_cluster_name: `inbound_${webPort}` })).toBe(1);
    const peer = await proxy.connect(`inbound_${databasePort}`);
    expect(await peer.readUntil('\r\n')).toBe('* OK\r\n');
  });

  test('is asked for its health through the proxy, by HTTP as it says', async () => {
    const answer = await ask('status', pod.probePaths['web'] ?? '');
    expect([answer.status, answer.headers.get('x-path')]).toEqual([200, '/healthz?deep=1']);
    isWell = false;
    expect(await probe('web')).toBe(500);
  });

  test('is asked for its health by TCP and gRPC, which the proxy does in the kubelet’s stead', async () => {
    await eventually(async () => expect(await probe('database')).toBe(200));
    expect(await probe('silent')).toBe(503);
    database.close();
    await eventually(async () => expect(await probe('database')).toBe(503));
  });
});

test('the executable accepts what injection tells it', async () => {
  const { args } = injected({ spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }], livenessProbe: { grpc: { port: 9000, service: 's' } }, readinessProbe: { httpGet: { port: 8443, scheme: 'HTTPS' } } }] } });
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'packages/cli/src/main.ts'), ...args, '--mode', 'validate']);
  expect(stdout).toContain('OK');
});
