/** `sluice proxy` as a process: how it starts from files, leaves under load, and is told to hurry. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** Answers at once, or after as many milliseconds as the path says; sends WebSocket messages back. */
async function startUpstream(): Promise<number> {
  const server = createServer((asked, response) => {
    const delayMs = Number(/^\/after\/(\d+)/.exec(asked.url ?? '')?.[1] ?? 0);
    setTimeout(() => response.end('done'), delayMs);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const bootstrap = (upstream: number) => `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: edge
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: edge
          upgrade_configs: [{upgrade_type: websocket}]
          route_config: {virtual_hosts: [{name: all, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: app, timeout: 60s}}]}]}
          http_filters:
          - {name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: app
    type: STATIC
    load_assignment: {cluster_name: app, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstream}}}}}]}]}
`;

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly admin: string;
  readonly file: string;
  /** What it has said on standard error. */
  said(): string;
}

test('a proxy that has nothing to listen on yet stays until it is told to end', async () => {
  const child = spawn(process.execPath, [main, 'proxy', '--config-yaml', '{static_resources: {}}'], { stdio: ['ignore', 'pipe', 'pipe'] });
  stops.push(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  await expect.poll(() => said, { timeout: 60_000 }).toContain('config applied');
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
});

async function startProxy(upstream: number, ...flags: readonly string[]): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-proxy-'));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const [file, adminFile] = [join(folder, 'bootstrap.yaml'), join(folder, 'admin')];
  writeFileSync(file, bootstrap(upstream));
  const child = spawn(process.execPath, [main, 'proxy', '-c', file, '--admin-address-path', adminFile, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  stops.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said, { timeout: 60_000 }).toMatch(/edge listens on .*:\d+\nadmin on/);
  await expect.poll(() => readFileSync(adminFile, 'utf8'), { timeout: 10_000 }).toMatch(/:\d+$/);
  return { child, port: Number(/edge listens on .*:(\d+)/.exec(said)?.[1]), admin: `http://${readFileSync(adminFile, 'utf8')}`, file, said: () => said };
}

/** Asks again and again on one connection as long as it is welcome; gives what went wrong. Nobody answers a refused connection. */
async function keepAsking(port: number, isOver: () => boolean): Promise<{ readonly asked: number; readonly failures: readonly string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  let asked = 0;
  while (!isOver()) {
    try {
      const { status, body } = await ask(port, '/', agent);
      asked += 1;
      if (status !== 200 || body !== 'done') failures.push(`${status} ${body}`);
    } catch (error) {
      const { code, isNew } = error as NodeJS.ErrnoException & { isNew?: boolean };
      // A connection that nobody had accepted yet when the listener closed is reset by the system: it was refused, a moment later.
      if (code === 'ECONNREFUSED' || (code === 'ECONNRESET' && isNew)) break;
      failures.push(String(error));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  agent.destroy();
  return { asked, failures };
}

async function ask(port: number, path: string, agent: Agent | false = false): Promise<{ readonly status: number; readonly body: string }> {
  const asked = request({ host: '127.0.0.1', port, path, agent }).end();
  asked.once('error', (error) => Object.assign(error, { isNew: !asked.reusedSocket }));
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  let body = '';
  for await (const chunk of response as AsyncIterable<Buffer>) body += chunk.toString();
  return { status: response.statusCode ?? 0, body };
}

test('SIGTERM under load loses nothing: keep-alive clients leave, long requests and WebSockets finish, exit code 0', async () => {
  const { child, port, admin } = await startProxy(await startUpstream(), '--drain-grace-s', '2', '--drain-time-s', '30');
  let isOver = false;
  const clients = Array.from({ length: 8 }, () => keepAsking(port, () => isOver));
  const long = ask(port, '/after/3500');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(socket, 'open');
  await expect.poll(async () => (await fetch(`${admin}/stats?filter=edge.downstream_rq_active`)).text(), { timeout: 20_000 }).toMatch(/rq_active: ([2-9]|\d\d)/);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await expect.poll(async () => (await fetch(`${admin}/ready`)).status, { timeout: 10_000 }).toBe(503);
  // The grace: whoever has not heard yet is served.
  expect(await ask(port, '/')).toEqual({ status: 200, body: 'done' });
  expect(await long).toEqual({ status: 200, body: 'done' });
  socket.send('still there');
  const [echo] = (await once(socket, 'message')) as [Buffer];
  expect(echo.toString()).toBe('still there');
  socket.close();
  const results = await Promise.all(clients);
  isOver = true;
  expect(results.flatMap(({ failures }) => failures)).toEqual([]);
  expect(results.reduce((sum, { asked }) => sum + asked, 0)).toBeGreaterThan(100);
  expect(await exited).toEqual([0, null]);
});

test('a second signal quits at once', async () => {
  const { child, port } = await startProxy(await startUpstream());
  const hanging = ask(port, '/after/60000').catch(() => 'cut');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(child.exitCode).toBe(null);
  child.kill('SIGTERM');
  expect(await exited).toEqual([130, null]);
  expect(await hanging).toBe('cut');
});

test('a file that is saved is in force, a bad one is refused at its line', async () => {
  const { port, file, said, child } = await startProxy(await startUpstream());
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.replace('route: {cluster: app, timeout: 60s}', 'direct_response: {status: 200, body: {inline_string: saved}}'));
  await expect.poll(async () => (await ask(port, '/')).body, { timeout: 20_000 }).toBe('saved');
  expect(said()).toMatch(/bootstrap.yaml reloaded\n {2}~ listener edge\n {6}filter_chains\[0\].*routes\[0\]\.direct_response\n/);
  writeFileSync(file, good.replace('stat_prefix: edge', 'stat_prefx: edge'));
  await expect.poll(said, { timeout: 20_000 }).toMatch(/error: .*bootstrap.yaml:12:11: .*stat_prefx: is not a field here; did you mean stat_prefix\?\n(error: .*\n)*.*bootstrap.yaml not reloaded: what was good stays in force\n/);
  expect((await ask(port, '/')).body).toBe('saved');
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('sluice pc tells of a running proxy where it listens and where requests go', async () => {
  const { admin } = await startProxy(await startUpstream());
  const pc = (...args: readonly string[]) => spawnSync(process.execPath, [main, 'pc', ...args], { encoding: 'utf8' });
  expect(pc('listeners', admin).stdout).toMatch(/^NAME +ADDRESS +MATCH +DESTINATION\nedge +127\.0\.0\.1:0 +ALL +Inline Route:\n$/);
  expect(pc('routes', admin).stdout).toMatch(/\(in edge\) +all +\* +\/\* +app\n$/);
  const { stdout, status } = pc('endpoints', admin, '-o', 'json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([{ cluster: 'app', health_status: { eds_health_status: 'HEALTHY' } }]);
  expect(pc('endpoints', '127.0.0.1:1')).toMatchObject({ status: 1, stdout: '' });
  expect(pc('nothing')).toMatchObject({ status: 2 });
});
