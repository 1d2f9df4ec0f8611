/** Where a proxy listens, and how much it takes: Unix sockets, several addresses, limits, redirected connections. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectionManagerJson, routesJson, routeTo, socketAddress, typed, type Json } from '@sluice/resources/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { createPoisonedNetwork } from './testing/poisoned-network.ts';
import { Runtime } from './runtime/runtime.ts';
import { createTestConfig, startBootstrap, startTestProxy, type ProxyFixture } from './testing/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-sockets-'));
afterAll(() => rmSync(folder, { recursive: true }));
let sockets = 0;
const newPath = () => join(folder, `${(sockets += 1)}.sock`);

const echo = { name: 'echo', typed_config: typed('envoy.extensions.filters.network.echo.v3.Echo') };
const bytes = (response: string) => ({ name: 'bytes', typed_config: typed('envoy.extensions.filters.network.direct_response.v3.Config', { response: { inline_string: response } }) });
const listenerAt = (name: string, address: Json, filter: object, fields: Json = {}) => ({ name, address, filter_chains: [{ filters: [filter] }], ...fields });
const pipe = (path: string, mode?: number): Json => ({ pipe: { path, ...(mode === undefined ? {} : { mode }) } });
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

async function readAll(target: { path: string } | { port: number; host: string }, send = ''): Promise<string> {
  const socket: Socket = connect({ ...target, allowHalfOpen: true });
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString()));
  socket.end(send);
  await once(socket, 'end');
  socket.destroy();
  return text;
}

describe.each(['reused', 'events'] as const)('a Unix socket (%s)', (accept) => {
  const network = () => createPoisonedNetwork(accept);

  test('is listened on, with its mode, and taken away at the end', async () => {
    const path = newPath();
    {
      await using _proxy = await startBootstrap({ listeners: [listenerAt('main', pipe(path, 0o600), echo)], network: network() });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(await readAll({ path }, 'hello')).toBe('hello');
    }
    expect(existsSync(path)).toBe(false);
  });

  test('is connected to, as the host of a cluster', async () => {
    const path = newPath();
    const upstream = createServer((socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nunix')));
    upstream.listen(path);
    await once(upstream, 'listening');
    const cluster = { name: 'app', type: 'STATIC', load_assignment: { cluster_name: 'app', endpoints: [{ lb_endpoints: [{ endpoint: { address: pipe(path) } }] }] } };
    const http = { name: 'http', typed_config: connectionManagerJson({ route_config: routesJson('r', [routeTo('app')]), use_remote_address: true }) };
    const own = newPath();
    await using _proxy = await startBootstrap({ listeners: [listenerAt('main', pipe(own), http)], clusters: [cluster], network: network() });
    expect(await readAll({ path: own }, 'GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 [\s\S]*unix$/);
    upstream.close();
  });
});

test('a socket that a dead process has left is replaced, one that lives is not', async () => {
  const path = newPath();
  const leaver = spawn(process.execPath, ['-e', `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`]);
  await once(leaver, 'exit');
  expect(existsSync(path)).toBe(true);
  await using _proxy = await startBootstrap({ listeners: [listenerAt('main', pipe(path), echo)] });
  expect(await readAll({ path }, 'again')).toBe('again');
  await expect(startBootstrap({ listeners: [listenerAt('main', pipe(path), echo)] })).rejects.toThrow('somebody listens there');
  expect(await readAll({ path }, 'still')).toBe('still');
});

test('a file that is no socket is left alone', async () => {
  await expect(startBootstrap({ listeners: [listenerAt('main', pipe(folder), echo)] })).rejects.toThrow('a file that is no socket');
});

test('an abstract socket has no file', async () => {
  const name = `sluice-test-${process.pid}`;
  await using _proxy = await startBootstrap({ listeners: [listenerAt('main', pipe(`@${name}`), echo)] });
  expect(await readAll({ path: `\0${name}` }, 'abstract')).toBe('abstract');
});

test('a listener has all its addresses, and changes them without losing those that stay', async () => {
  const [first, second] = [newPath(), newPath()];
  const main = (others: readonly string[]) => ({ ...listenerAt('main', socketAddress('127.0.0.1', 0), echo), additional_addresses: others.map((path) => ({ address: pipe(path) })) });
  await using proxy = await startBootstrap({});
  expect(await proxy.offerListeners([main([first])])).toEqual([]);
  const { port } = proxy.addressOf('main');
  expect(await readAll({ path: first }, 'one')).toBe('one');
  expect(await proxy.offerListeners([main([second])])).toEqual([]);
  expect(await readAll({ path: second }, 'two')).toBe('two');
  expect(await readAll({ host: '127.0.0.1', port }, 'tcp')).toBe('tcp');
  expect(existsSync(first)).toBe(false);
});

describe('runtime limits connections', () => {
  const runtimeOf = (key: string, value: number) => new Runtime([{ name: 'static', values: new Map([[key, value]]) }]);
  const hold = async (proxy: ProxyFixture) => {
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
    await client.readHead();
  };

  test('of a listener', async () => {
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [] }), { runtime: runtimeOf('envoy.resource_limits.listener.main.connection_limit', 1) });
    await hold(proxy);
    expect((await (await proxy.connect()).readToEnd()).length).toBe(0);
    expect(proxy.metric('envoy_listener_downstream_cx_overflow')).toBe(1);
  });

  test('of the process', async () => {
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [] }), { runtime: runtimeOf('overload.global_downstream_max_connections', 1) });
    await hold(proxy);
    expect((await (await proxy.connect()).readToEnd()).length).toBe(0);
    expect(proxy.metric('envoy_listener_downstream_global_cx_overflow')).toBe(1);
  });
});

test('a redirected connection is handed to the listener it was meant for, which need not be bound', async () => {
  const proxyProtocol = { name: 'proxy', typed_config: typed('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol') };
  const listeners = [
    listenerAt('catch_all', socketAddress('127.0.0.1', 0), bytes('nobody'), { use_original_dst: true, listener_filters: [proxyProtocol] }),
    listenerAt('exact', socketAddress('198.51.100.1', 443), bytes('exact'), { bind_to_port: false }),
    listenerAt('any', socketAddress('0.0.0.0', 443), bytes('any'), { bind_to_port: false }),
  ];
  await using proxy = await startBootstrap({ listeners });
  const ask = async (destination: string, port: number) => {
    const client = await proxy.connect('catch_all');
    client.write(`PROXY TCP4 192.0.2.1 ${destination} 4711 ${port}\r\n`);
    return (await client.readToEnd()).toString();
  };
  expect(await ask('198.51.100.1', 443)).toBe('exact');
  expect(await ask('198.51.100.2', 443)).toBe('any');
  expect(await ask('198.51.100.2', 80)).toBe('nobody');
  await until(() => proxy.metric('envoy_listener_downstream_cx_total') === 5);
});

test.each(['reused', 'events'])('accepting outlives a time without descriptors (%s)', async (accept) => {
  const script = fileURLToPath(new URL('testing/few-descriptors.ts', import.meta.url));
  const child = spawn('sh', ['-c', 'ulimit -n 48; exec "$0" "$@"', process.execPath, script, accept], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
    await until(() => said.includes('port '));
    const port = Number(/port (\d+)/.exec(said)?.[1]);
    let closed = 0;
    const crowd = Array.from({ length: 80 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}).on('close', () => (closed += 1)));
    // Those for whom there is no descriptor are closed at once.
    await until(() => closed >= 32);
    for (const socket of crowd) socket.destroy();
    let answer = '';
    while (answer !== 'back') answer = await readAll({ host: '127.0.0.1', port }, 'back').catch(() => '');
    expect(answer).toBe('back');
  } finally {
    child.kill();
  }
}, 60_000);
