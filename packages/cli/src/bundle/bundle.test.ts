/** The executables as an image holds them: bundled, started as processes, asked over real sockets. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { dataPlaneFlags } from '../dev/node-flags.ts';
import { keptBundle } from './kept-bundle.ts';

const packages = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
let proxy: string;

beforeAll(async () => {
  proxy = await bundled('sluice-proxy', 'cli/src/proxy/main.ts', 'proxy');
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('serves from a bootstrap in YAML, with a regex, and ends in order', { timeout: 60_000 }, async () => {
  const started = start(['-c', write('serves.yaml', bootstrap(await startBackend(), 'safe_regex: { regex: "/a+" }'))]);
  const address = await started.address();
  const answers = await Promise.all(['/aaa', '/b'].map(async (path) => (await fetch(`http://${address}${path}`)).status));
  expect(answers).toEqual([200, 404]);
  expect(await started.end()).toBe(0);
});

test('what V8 has compiled is kept at the end, and taken by the next start', { timeout: 60_000 }, async () => {
  rmSync(join(folder, 'proxy/compiled'), { recursive: true, force: true });
  const config = write('kept.yaml', bootstrap(1));
  expect(await start(['-c', config, '--mode', 'init_only']).exited).toBe(0);
  const [first] = keptFiles();
  expect(first?.bytes).toBeGreaterThan(100_000);
  expect(await start(['-c', config, '--mode', 'init_only']).exited).toBe(0);
  // What is taken is not made anew.
  expect(keptFiles()).toEqual([first]);
});

test('what V8 does not take is made anew', { timeout: 60_000 }, async () => {
  const config = write('anew.yaml', bootstrap(1));
  expect(await start(['-c', config, '--mode', 'init_only']).exited).toBe(0);
  const [good] = keptFiles();
  writeFileSync(join(folder, 'proxy/compiled', good?.name as string), 'of no use');
  expect(await start(['-c', config, '--mode', 'init_only']).exited).toBe(0);
  expect(keptFiles()[0]?.bytes).toBeGreaterThan(100_000);
});

test('a folder that cannot be written is no hindrance', { timeout: 60_000 }, async () => {
  rmSync(join(folder, 'proxy/compiled'), { recursive: true, force: true });
  writeFileSync(join(folder, 'proxy/compiled'), 'in the way');
  expect(await start(['-c', write('in-the-way.yaml', bootstrap(1)), '--mode', 'init_only']).exited).toBe(0);
  rmSync(join(folder, 'proxy/compiled'));
});

test('filters and the admin server, which are loaded when they are named, meet what is there already', { timeout: 60_000 }, async () => {
  const file = join(folder, 'admin-address');
  const filters = `
                  - name: envoy.filters.http.header_mutation
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
                      mutations: { response_mutations: [{ append: { header: { key: x-mutated, value: "yes" } } }] }
                  - name: envoy.filters.http.compressor
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor
                      response_direction_config: { common_config: { min_content_length: 1, content_type: [text/plain] } }
                      compressor_library:
                        name: gzip
                        typed_config: { "@type": type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip }`;
  const config = `${bootstrap(await startBackend(), 'prefix: "/"', filters)}admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }\n`;
  const started = start(['-c', write('filters.yaml', config), '--admin-address-path', file]);
  const { headers, text: body } = await ask(await started.address());
  expect({ mutated: headers.get('x-mutated'), coding: headers.get('content-encoding'), body }).toEqual({ mutated: 'yes', coding: 'gzip', body: 'from the backend' });
  const admin = await vi.waitFor(() => readFileSync(file, 'utf8'), { timeout: 10_000 });
  expect(await (await fetch(`http://${admin}/stats?filter=downstream_rq_2xx`)).text()).toContain('http.test.downstream_rq_2xx: 1');
  expect(await started.end()).toBe(0);
});

test('several workers serve', { timeout: 60_000 }, async () => {
  const started = start(['-c', write('workers.yaml', bootstrap(await startBackend())), '--concurrency', '2']);
  const address = await started.address();
  expect(await (await fetch(`http://${address}/`)).text()).toBe('from the backend');
  expect(await started.end()).toBe(0);
});

test('says where in a file something is wrong', { timeout: 60_000 }, async () => {
  const config = write('wrong.yaml', 'static_resources:\n  clusters:\n    - name: a\n      typ: STATIC\n');
  const started = start(['-c', config]);
  expect(await started.exited).toBe(1);
  expect(await started.said).toContain(`${config}:4:7`);
});

test('explains itself, and what it does not understand', { timeout: 60_000 }, async () => {
  const help = start(['--help']);
  expect(await help.exited).toBe(0);
  expect(await help.said).toContain('Usage: sluice proxy [options]');
  const wrong = start(['--nope']);
  expect(await wrong.exited).toBe(2);
  expect(await wrong.said).toContain("unknown option '--nope'");
});

test('the sidecar serves, and logs', { timeout: 60_000 }, async () => {
  const sidecar = await bundled('queue-proxy', 'apps/queue-proxy/src/main.ts', 'sidecar');
  const started = start(['--quiet-period-ms=0'], { file: sidecar, env: sidecarEnvironment(await startBackend()), says: /"address":"([^"]+)"/ });
  const address = await started.address();
  expect(await (await fetch(`http://${address}/`)).text()).toBe('from the backend');
  expect(await started.end()).toBe(0);
  expect(await started.said).toContain('"message":"drained"');
});

/** A copy of our own, in which nothing has been compiled: whoever needs the same bundle, tests or a local mesh, need not make it again. */
async function bundled(name: string, entry: string, target: string): Promise<string> {
  const kept = await keptBundle(name, join(packages, entry), [join(packages, '../node_modules/.cache/sluice'), join(folder, 'kept')]);
  cpSync(dirname(kept), join(folder, target), { recursive: true, filter: (path) => !path.endsWith('/compiled') });
  return join(folder, target, `${name}.cjs`);
}

/** Of our own code. */
function keptFiles() {
  const kept = join(folder, 'proxy/compiled');
  return readdirSync(kept)
    .filter((name) => name.startsWith('sluice-proxy-code.cjs-'))
    .map((name) => ({ name, bytes: statSync(join(kept, name)).size, writtenAt: statSync(join(kept, name)).mtimeMs }));
}

interface Started {
  /** Fulfils with its exit code. */
  readonly exited: Promise<number | null>;
  /** Everything it has written. */
  readonly said: Promise<string>;
  /** Where its listener listens. */
  address(): Promise<string>;
  /** Tells it to end. */
  end(): Promise<number | null>;
}

interface StartOptions {
  /** Default the proxy. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How it says where it listens. */
  readonly says?: RegExp;
}

function start(args: readonly string[], { file = proxy, env = {}, says = /listens on (\S+)/ }: StartOptions = {}): Started {
  const child = spawn(process.execPath, [...dataPlaneFlags, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const written = Promise.all([text(child.stdout), text(child.stderr)]);
  const listens = new Promise<string>((resolve, reject) => {
    let said = '';
    const hear = (bytes: Buffer) => {
      said += bytes.toString();
      const found = says.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void exited.then((code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  listens.catch(() => {});
  return {
    exited,
    said: written.then((both) => both.join('')),
    address: () => listens,
    end() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

function sidecarEnvironment(userPort: number): Readonly<Record<string, string>> {
  return {
    CONTAINER_CONCURRENCY: '10',
    QUEUE_SERVING_PORT: '0',
    QUEUE_SERVING_TLS_PORT: '0',
    USER_PORT: String(userPort),
    REVISION_TIMEOUT_SECONDS: '300',
    SERVING_READINESS_PROBE: '',
    SERVING_LOGGING_CONFIG: '',
    SERVING_LOGGING_LEVEL: 'info',
    SERVING_NAMESPACE: 'default',
    SERVING_CONFIGURATION: 'hello',
    SERVING_REVISION: 'hello-00001',
    SERVING_POD: 'hello-00001-deployment-abc',
    SERVING_POD_IP: '127.0.0.1',
    SLUICE_ADMIN_PORT: '0',
    SLUICE_AUTOSCALER_METRICS_PORT: '0',
    SLUICE_USER_METRICS_PORT: '0',
  };
}

async function startBackend(): Promise<number> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/plain').end('from the backend'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function ask(address: string): Promise<{ headers: Headers; text: string }> {
  const response = await fetch(`http://${address}/`, { headers: { 'accept-encoding': 'gzip' } });
  return { headers: response.headers, text: await response.text() };
}

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function bootstrap(backendPort: number, match = 'prefix: "/"', filters = ''): string {
  const http = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return `
static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": ${http}
                stat_prefix: test
                route_config:
                  virtual_hosts:
                    - { name: all, domains: ["*"], routes: [{ match: { ${match} }, route: { cluster: backend } }] }
                http_filters:${filters}
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
    - name: backend
      load_assignment:
        cluster_name: backend
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${backendPort} } } }
`;
}
