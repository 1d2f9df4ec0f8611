/** Hosts with several addresses, and what a cluster says of its sockets. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Address, Connection, ConnectOptions, MeshError, Network } from '@sluice/kernel';
import { decodeCluster, defaultUpstreamSocketOptions } from '@sluice/resources';
import { assignmentJson, edsClusterJson, endpointJson, staticClusterJson } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { SystemNetwork } from '../network/system-network.ts';
import { startSimulatedMesh } from '../testing/simulated-mesh.ts';
import { startUpstreamContext } from '../testing/upstream-context.ts';
import { orderAddresses } from './address-order.ts';
import { connectFirst } from './racing-connection.ts';

const at = (host: string): Address => ({ host, port: 80 });

test.each([
  [['a', 'b'], 'any', 1, ['a', 'b']],
  [['a', 'b', ':1', ':2'], 'any', 1, ['a', ':1', 'b', ':2']],
  [['a', ':1', ':2'], 'v6', 1, [':1', 'a', ':2']],
  [[':1', 'a', 'b', 'c'], 'v4', 2, ['a', 'b', ':1', 'c']],
  [['a', 'b'], 'v6', 1, ['a', 'b']],
] as const)('%j, %s first, %i of them, is tried as %j', (hosts, first, count, expected) => {
  expect(orderAddresses(hosts.map(at), { first, count }).map(({ host }) => host)).toEqual(expected);
});

/** Connects to these of which some listen, some refuse, some say nothing. */
async function race(behaviours: Readonly<Record<string, 'listens' | 'refuses' | 'silent'>>) {
  const { time, network, context } = startUpstreamContext();
  const tried: string[] = [];
  const open = new Set<string>();
  for (const [host, behaviour] of Object.entries(behaviours)) {
    if (behaviour === 'refuses') continue;
    await network.view(host, host).listen(at(host), (connection) => {
      open.add(host);
      connection.handler = { onData() {}, onDrain() {}, onEnd: () => connection.end(), onClose: () => void open.delete(host) };
    });
    if (behaviour === 'silent') network.links.setIsolated(host, true);
  }
  const noting: Network = {
    listen: (address, accept) => context.network.listen(address, accept),
    connect(address, handler, options) {
      tried.push(`${address.host} at ${time.now()}`);
      return context.network.connect(address, handler, options);
    },
  };
  const outcome: { opened?: string; failed?: string } = {};
  const handler = {
    onOpen: () => void (outcome.opened = connection.remote.host),
    onData() {},
    onDrain() {},
    onEnd() {},
    onClose: (error?: MeshError) => void (outcome.failed = error?.code ?? 'no error'),
  };
  const connection: Connection = connectFirst(noting, context.timers, Object.keys(behaviours).map(at), handler, { timeoutMs: 1000 });
  await time.advanceAsync(5000);
  return { tried, outcome, open, connection, time };
}

test('the next address is tried when the first has had its head start, and the first that opens is taken', async () => {
  const { tried, outcome, open } = await race({ '10.0.1.1': 'silent', '10.0.1.2': 'listens', '10.0.1.3': 'listens' });
  expect(tried).toEqual(['10.0.1.1 at 0', '10.0.1.2 at 300']);
  expect(outcome).toEqual({ opened: '10.0.1.2' });
  expect([...open]).toEqual(['10.0.1.2']);
});

test('one that refuses has no head start', async () => {
  const { tried, outcome } = await race({ '10.0.1.1': 'refuses', '10.0.1.2': 'listens' });
  expect(tried[1]).toMatch(/^10\.0\.1\.2 at \d{1,2}(\.\d+)?$/);
  expect(outcome).toEqual({ opened: '10.0.1.2' });
});

test('when none opens the last failure is what is said, once', async () => {
  const { tried, outcome } = await race({ '10.0.1.1': 'refuses', '10.0.1.2': 'silent', '10.0.1.3': 'refuses' });
  expect(tried).toHaveLength(3);
  expect(outcome).toEqual({ failed: 'connect-timeout' });
});

test('giving up ends all attempts', async () => {
  const { time, network, context } = startUpstreamContext();
  await network.view('a', '10.0.1.1').listen(at('10.0.1.1'), (connection) => {
    connection.handler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
  });
  network.links.setIsolated('a', true);
  const heard: string[] = [];
  const handler = { onOpen: () => void heard.push('open'), onData() {}, onDrain() {}, onEnd() {}, onClose: () => void heard.push('close') };
  const connection = connectFirst(context.network, context.timers, [at('10.0.1.1'), at('10.0.1.2')], handler, {});
  connection.destroy();
  connection.destroy();
  expect(heard).toEqual([]);
  await time.advanceAsync(200_000);
  expect(heard).toEqual(['close']);
});

test('a host of a cluster is reached by any of its addresses', async () => {
  const first = '10.0.1.1:80';
  const endpoint = { ...(endpointJson('10.0.1.9:80')['endpoint'] as object), additional_addresses: [{ address: { socket_address: { address: '10.0.1.1', port_value: 80 } } }] };
  const mesh = await startSimulatedMesh({ hosts: [first], clusters: [edsClusterJson('app')], assignments: { app: assignmentJson('app', [{ endpoint }]) } });
  expect(await mesh.ask(2)).toEqual([first, first]);
  expect(mesh.metric('membership_total')).toBe(1);
  expect(mesh.metric('upstream_cx_total')).toBe(1);
});

test('with ALL, a logical host is reached by any address of its name', async () => {
  const first = '10.0.1.1:80';
  const cluster = { ...staticClusterJson('app', ['app.test:80']), type: 'LOGICAL_DNS', dns_lookup_family: 'ALL' };
  const mesh = await startSimulatedMesh({ hosts: [first], clusters: [cluster], names: ({ names }) => void names.set('app.test', { v4: ['10.0.1.1'], v6: ['fd00::9'] }) });
  expect(await mesh.ask()).toEqual([first]);
});

test('what a cluster says of its sockets', () => {
  const decode = (fields: Readonly<Record<string, unknown>>) => decodeCluster(staticClusterJson('a', [], fields));
  const fields = {
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 30 }, happy_eyeballs_config: { first_address_family_version: 'V4', first_address_family_count: 2 } },
    upstream_bind_config: { source_address: { address: '127.0.0.2', port_value: 0 } },
  };
  expect(decode(fields)).toMatchObject({
    ok: true,
    problems: [],
    value: { sockets: { keepaliveMs: 30_000, localAddress: { host: '127.0.0.2', port: 0 }, happyEyeballs: { first: 'v4', count: 2 } } },
  });
  expect(decode({})).toMatchObject({ value: { sockets: defaultUpstreamSocketOptions } });
});

test('connections come from the address that is asked for', async () => {
  const peers: (string | undefined)[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    peers.push(socket.remoteAddress);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: Address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const network = new SystemNetwork({ accept: 'events', poisonsMemory: true });
  const options: ConnectOptions = { localAddress: { host: '127.0.0.2', port: 0 }, keepaliveMs: 1000 };
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const connection = network.connect(address, { onOpen: opened.resolve, onData() {}, onDrain() {}, onEnd() {}, onClose: () => closed.resolve() }, options);
  await opened.promise;
  expect(connection.local.host).toBe('127.0.0.2');
  connection.destroy();
  await closed.promise;
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  expect(peers).toEqual(['127.0.0.2']);
});
