/** `sluice proxy` as a process that follows our own config service, in either variant, and outlives it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMeter, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { typeUrls } from '@sluice/resources';
import { AdsServer, createSnapshot, loadCodec, openGrpcServer, SnapshotCache, type JsonObject, type Resource } from '@sluice/xds';
import { afterEach, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function startUpstream(): Promise<number> {
  const server = createServer((_asked, response) => response.end('done'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const extensions = 'type.googleapis.com/envoy.extensions.filters';
const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

function resourcesFor(upstream: number, port: number): readonly Resource[] {
  const ads = { ads: {}, resource_api_version: 'V3' };
  const manager = {
    '@type': `${extensions}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'edge',
    rds: { route_config_name: 'routes', config_source: ads },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': `${extensions}.http.router.v3.Router` } }],
  };
  const named = (typeUrl: string, name: string, value: JsonObject): Resource => ({ typeUrl, name, value });
  return [
    named(typeUrls.cluster, 'app', { name: 'app', type: 'EDS', eds_cluster_config: { eds_config: ads } }),
    named(typeUrls.clusterLoadAssignment, 'app', { cluster_name: 'app', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }] }),
    named(typeUrls.listener, 'edge', { name: 'edge', address: address(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }),
    named(typeUrls.routeConfiguration, 'routes', { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] }] }),
  ];
}

async function startConfigService(resources: readonly Resource[]) {
  const codec = await loadCodec('core');
  const made = createSnapshot(resources, codec);
  if (!made.ok) throw new Error(JSON.stringify(made.problems));
  const cache = new SnapshotCache();
  cache.set('edge-proxies', made.snapshot);
  const ads = new AdsServer({ cache, clock: systemClock, timers: systemTimers, logger: silentLogger, meter: createMeter() });
  const server = await openGrpcServer({
    address: '127.0.0.1:0',
    codec,
    timers: systemTimers,
    handlers: { ...ads.handlers, onLoadStats: (stream) => stream.end(), onLoad: (stream) => stream.end() },
  });
  stops.push(() => server.stop());
  return { ads, server };
}

test.each(['GRPC', 'DELTA_GRPC'])('by %s it serves what it is told, accepts all of it, and stays when the service has gone', async (apiType) => {
  const port = await freePort();
  const { ads, server } = await startConfigService(resourcesFor(await startUpstream(), port));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-follows-'));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const [file, adminFile] = [join(folder, 'bootstrap.yaml'), join(folder, 'admin')];
  const bootstrap = {
    node: { id: 'edge-1', cluster: 'edge-proxies' },
    admin: { address: address(0) },
    dynamic_resources: { ads_config: { api_type: apiType, transport_api_version: 'V3', grpc_services: [{ envoy_grpc: { cluster_name: 'service' } }] }, cds_config: { ads: {} }, lds_config: { ads: {} } },
    static_resources: { clusters: [{ name: 'service', type: 'STATIC', load_assignment: { cluster_name: 'service', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(server.port) } }] }] } }] },
  };
  writeFileSync(file, JSON.stringify(bootstrap));
  const child = spawn(process.execPath, [main, 'proxy', '-c', file, '--admin-address-path', adminFile], { stdio: ['ignore', 'ignore', 'inherit'] });
  stops.push(() => child.kill('SIGKILL'));

  const get = () => fetch(`http://127.0.0.1:${port}/`).then((response) => response.text(), () => 'nobody');
  await expect.poll(get, { timeout: 60_000 }).toBe('done');
  await expect.poll(() => ads.status()[0]?.types.map(({ sentVersion, acceptedVersion }) => sentVersion === acceptedVersion), { timeout: 10_000 }).toEqual([true, true, true, true]);
  const admin = `http://${readFileSync(adminFile, 'utf8')}`;
  await expect.poll(async () => (await fetch(`${admin}/ready`)).text(), { timeout: 10_000 }).toBe('LIVE\n');

  await server.stop();
  expect(await get()).toBe('done');
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
}, 120_000);
