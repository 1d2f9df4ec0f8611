/** Dynamic resources from files, over real sockets and the real file system. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMeter, createSeededRandom, formatProblem, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { afterEach, expect, test } from 'vitest';
import { routerFactory } from '../filters/router/router-factory.ts';
import { SystemNetwork } from '../network/system-network.ts';
import { startBootstrapProxy } from './bootstrap-proxy.ts';
import { createFileWatcher } from './file-watcher.ts';
import { parseBootstrap } from './file-bootstrap.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const types = 'type.googleapis.com/envoy';
const listenerFile = (name: string, routesFile: string) => `
version_info: '1'
resources:
- '@type': ${types}.config.listener.v3.Listener
  name: ${name}
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
  filter_chains:
  - filters:
    - name: manager
      typed_config:
        '@type': ${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: edge
        rds: {route_config_name: routes, config_source: {path_config_source: {path: ${routesFile}}}}
        http_filters:
        - {name: router, typed_config: {'@type': ${types}.extensions.filters.http.router.v3.Router}}
`;
const routesFile = (body: string) => JSON.stringify({
  resources: [{ '@type': `${types}.config.route.v3.RouteConfiguration`, name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: body } } }] }] }],
});

async function start(more: (folder: string) => Promise<string> = () => Promise.resolve('')) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-path-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const [lds, rds] = [join(folder, 'lds.yaml'), join(folder, 'rds.json')];
  await writeFile(lds, listenerFile('edge', rds));
  await writeFile(rds, routesFile('first'));
  const loaded = await parseBootstrap(`node: {id: a, cluster: b}\ndynamic_resources: {lds_config: {path_config_source: {path: ${lds}, watched_directory: {path: ${folder}}}}${await more(folder)}}`, 'b.yaml', [routerFactory]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const reads: string[] = [];
  const started = await startBootstrapProxy({
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    logger: silentLogger,
    meter: createMeter(),
    loaded: loaded.value,
    filters: [routerFactory],
    network: new SystemNetwork({ accept: 'events', poisonsMemory: true }),
    watcher: createFileWatcher(systemTimers),
    onFileRead: (path, problems) => reads.push([path.slice(folder.length + 1), ...problems.map((found) => formatProblem(found).replace(folder, ''))].join(' ')),
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  stops.push(() => started.value.stop());
  const { proxy } = started.value;
  const says = async () => {
    const [listener] = proxy.listeners();
    return listener ? (await fetch(`http://127.0.0.1:${listener.port}/`)).text() : '';
  };
  await expect.poll(says, { timeout: 20_000 }).toBe('first');
  return { folder, lds, rds, reads, proxy, says };
}

test('listeners come from a file, and their routes from another that they name', async () => {
  const { reads } = await start();
  expect(reads).toEqual(['lds.yaml', 'rds.json']);
});

test('a file that is moved over is taken, as is one that is written in place', async () => {
  const { folder, rds, says } = await start();
  await writeFile(join(folder, 'next'), routesFile('moved'));
  await rename(join(folder, 'next'), rds);
  await expect.poll(says, { timeout: 20_000 }).toBe('moved');
  await writeFile(rds, routesFile('written'));
  await expect.poll(says, { timeout: 20_000 }).toBe('written');
});

test('what a file does not hold any more is gone', async () => {
  const { lds, rds, proxy } = await start();
  await writeFile(lds, listenerFile('other', rds));
  await expect.poll(() => proxy.listeners().map(({ name }) => name), { timeout: 20_000 }).toEqual(['other']);
});

test('a bad resource is shown at its line, and the last good one stays', async () => {
  const { rds, reads, says } = await start();
  await writeFile(rds, routesFile('bad').replace('"prefix"', '"prefx"'));
  await expect.poll(() => reads.at(-1), { timeout: 20_000 }).toMatch(/^rds.json \/rds.json:1:\d+: resources\[0\]\.virtual_hosts\[0\]\.routes\[0\]\.match/);
  expect(await says()).toBe('first');
  await writeFile(rds, '{"resources": [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "x"}]}');
  await expect.poll(() => reads.at(-1), { timeout: 20_000 }).toContain('resources[0]: has @type "type.googleapis.com/envoy.config.cluster.v3.Cluster", must be type.googleapis.com/envoy.config.route.v3.RouteConfiguration');
  expect(await says()).toBe('first');
});

const clusterFile = (...names: readonly string[]) => JSON.stringify({
  resources: names.map((name) => ({ '@type': `${types}.config.cluster.v3.Cluster`, name, type: 'STATIC', load_assignment: { cluster_name: name, endpoints: [] } })),
});
const inlineListener = (cluster: string) => JSON.stringify({
  resources: [
    {
      '@type': `${types}.config.listener.v3.Listener`,
      name: 'edge',
      address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
      filter_chains: [
        {
          filters: [
            {
              name: 'manager',
              typed_config: {
                '@type': `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
                stat_prefix: 'edge',
                route_config: {
                  virtual_hosts: [
                    {
                      name: 'all',
                      domains: ['*'],
                      routes: [
                        { match: { path: '/host' }, route: { cluster } },
                        { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: cluster } } },
                      ],
                    },
                  ],
                },
                http_filters: [{ name: 'router', typed_config: { '@type': `${types}.extensions.filters.http.router.v3.Router` } }],
              },
            },
          ],
        },
      ],
    },
  ],
});

test('a listener that came before its cluster is taken when that is there', async () => {
  const { folder, lds, reads, says } = await start(async (at) => {
    await writeFile(join(at, 'cds.json'), clusterFile('one'));
    return `, cds_config: {path_config_source: {path: ${join(at, 'cds.json')}}}`;
  });
  await writeFile(lds, inlineListener('two'));
  await expect.poll(() => reads.at(-1), { timeout: 20_000 }).toMatch(/lds\.yaml.*two/);
  expect(await says()).toBe('first');
  await writeFile(join(folder, 'cds.json'), clusterFile('one', 'two'));
  await expect.poll(says, { timeout: 20_000 }).toBe('two');
  await expect.poll(() => reads.at(-1), { timeout: 20_000 }).toBe('lds.yaml');
});
