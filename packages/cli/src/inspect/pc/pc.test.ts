import { createServer } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { runPc, type DumpKind, type PcFlags } from './pc.ts';

const manager = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const version = { version_info: 'v1', last_updated: '2026-01-31T12:00:00.000Z' };

/** As our admin server and Envoy's tell it; the edge is a proxy of ours, the rest what Istio would send. */
const dump = {
  configs: [
    { '@type': 'type.googleapis.com/envoy.admin.v3.BootstrapConfigDump', bootstrap: {} },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      static_clusters: [{ cluster: { name: 'xds', type: 'STRICT_DNS', http2_protocol_options: {} } }],
      dynamic_active_clusters: [
        { ...version, cluster: { name: 'default/hello-00001', type: 'EDS', lb_policy: 'LEAST_REQUEST' } },
        { ...version, cluster: { name: 'outbound|80|v1|shop.default.svc.cluster.local', type: 'EDS', transport_socket: { name: 'envoy.transport_sockets.tls' } } },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      static_listeners: [],
      dynamic_listeners: [
        {
          name: 'edge',
          active_state: {
            ...version,
            listener: {
              name: 'edge',
              address: { socket_address: { address: '0.0.0.0', port_value: 8443 } },
              filter_chains: [
                { filter_chain_match: { server_names: ['a.example', 'b.example'] }, filters: [{ name: 'http', typed_config: { '@type': manager, rds: { route_config_name: 'external' } } }] },
                { filters: [{ name: 'tcp', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', cluster: 'db' } }] },
              ],
            },
          },
          error_state: { version_info: 'v2', details: 'edge: filter_chains[1].filters is missing' },
        },
        { name: 'broken', error_state: { version_info: 'v2', details: 'broken: address is missing' } },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      dynamic_route_configs: [
        {
          ...version,
          route_config: {
            name: 'external',
            virtual_hosts: [
              {
                name: 'default/hello',
                domains: ['hello.example', 'hello.example:*', 'hello.default.svc'],
                routes: [
                  { match: { prefix: '/', headers: [{ name: 'x-tag', string_match: { exact: 'next' } }] }, route: { cluster: 'default/hello-00002' } },
                  { match: { prefix: '/' }, route: { weighted_clusters: { clusters: [{ name: 'default/hello-00001', weight: 80 }, { name: 'default/hello-00002', weight: 20 }] } } },
                ],
              },
              { name: 'other', domains: ['*.shop.example'], routes: [{ match: { path: '/old' }, redirect: { https_redirect: true } }, { match: { safe_regex: { regex: '/x.*' } }, direct_response: { status: 404 } }] },
            ],
          },
        },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
      dynamic_endpoint_configs: [
        {
          ...version,
          endpoint_config: {
            cluster_name: 'default/hello-00001',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: 8012 } } }, health_status: 'DRAINING' }] }],
          },
        },
      ],
    },
  ],
};

const statuses = {
  cluster_statuses: [
    {
      name: 'default/hello-00001',
      host_statuses: [
        { address: { socket_address: { address: '10.0.0.1', port_value: 8012 } }, stats: [{ name: 'rq_active', value: '2' }, { name: 'rq_total', value: '17' }], health_status: { eds_health_status: 'HEALTHY' }, weight: 1 },
        { address: { socket_address: { address: 'fd00::1', port_value: 8012 } }, stats: [], health_status: { eds_health_status: 'HEALTHY', failed_outlier_check: true }, weight: 1 },
      ],
    },
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-pc-'));
const file = join(folder, 'dump.json');
writeFileSync(file, JSON.stringify(dump));
const admin = createServer((request, response) => {
  if (request.url === '/config_dump') response.end(JSON.stringify(dump));
  else if (request.url === '/clusters?format=json') response.end(JSON.stringify(statuses));
  else response.writeHead(403).end('not allowed here\n');
});
let address = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(admin.address() as AddressInfo).port}`;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  admin.close();
});

async function pc(kind: DumpKind, flags: PcFlags, proxy?: string) {
  let out = '';
  const said: string[] = [];
  const code = await runPc(kind, proxy, flags, { write: (text) => (out += text), say: (line) => said.push(line) });
  return { code, out, said };
}

const table = async (kind: DumpKind, flags: PcFlags = {}) => (await pc(kind, { file, ...flags })).out;

describe('from a dump in a file', () => {
  test('a listener is a row per chain, and what was refused is said beside the table', async () => {
    const { code, out, said } = await pc('listeners', { file });
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'NAME     ADDRESS        MATCH                      DESTINATION',
        'edge     0.0.0.0:8443   SNI: a.example,b.example   Route: external',
        'edge     0.0.0.0:8443   ALL                        Cluster: db',
        'broken   -              -                          -',
        '',
      ].join('\n'),
    );
    expect(said).toEqual(['refused: edge: filter_chains[1].filters is missing', 'refused: broken: address is missing']);
  });

  test('a route is a row with what it wants and where it leads', async () => {
    expect(await table('routes')).toBe(
      [
        'NAME       VHOST           DOMAINS                                   MATCH           DESTINATION',
        'external   default/hello   hello.example, hello.example:* + 1 more   /* x-tag=next   default/hello-00002',
        'external   default/hello   hello.example, hello.example:* + 1 more   /*              default/hello-00001 80, default/hello-00002 20',
        'external   other           *.shop.example                            /old            redirect https',
        'external   other           *.shop.example                            regex /x.*      status 404',
        '',
      ].join('\n'),
    );
    expect(await table('routes', { fqdn: 'a.shop.example' })).not.toContain('default/hello');
    expect(await table('routes', { fqdn: 'hello.example' })).not.toContain('other');
  });

  test('clusters are found by a part of their host, and by the port in a name of Istio', async () => {
    expect(await table('clusters')).toBe(
      [
        'NAME                                            TYPE         BALANCING       PROTOCOL   TLS',
        'xds                                             STRICT_DNS   ROUND_ROBIN     HTTP/2     -',
        'default/hello-00001                             EDS          LEAST_REQUEST   HTTP/1.1   -',
        'outbound|80|v1|shop.default.svc.cluster.local   EDS          ROUND_ROBIN     HTTP/1.1   tls',
        '',
      ].join('\n'),
    );
    const shop = await table('clusters', { fqdn: 'shop.default', port: '80', output: 'wide' });
    expect(shop.split('\n')).toHaveLength(3);
    expect(shop).toMatch(/shop.*active {3}v1 +2026-01-31T12:00:00.000Z\n/);
    expect(await table('clusters', { fqdn: 'shop.default', port: '81' })).toBe('');
  });

  test('endpoints are what the proxy was told', async () => {
    expect(await table('endpoints')).toBe(
      ['ENDPOINT        STATUS     OUTLIER CHECK   CLUSTER', '10.0.0.1:8012   DRAINING   -               default/hello-00001', ''].join('\n'),
    );
  });

  test('programs get the resources themselves', async () => {
    expect(JSON.parse(await table('listeners', { name: 'edge', port: '8443', output: 'json' }))).toMatchObject([{ name: 'edge' }, { name: 'edge' }]);
    expect(await table('clusters', { name: 'xds', output: 'yaml' })).toBe('- name: xds\n  type: STRICT_DNS\n  http2_protocol_options: {}\n');
  });
});

describe('from a proxy', () => {
  test('endpoints are with what the proxy has seen of them', async () => {
    const { code, out } = await pc('endpoints', { output: 'wide' }, address);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'ENDPOINT         STATUS      OUTLIER CHECK   CLUSTER               WEIGHT   ACTIVE   REQUESTS',
        '10.0.0.1:8012    HEALTHY     OK              default/hello-00001   1        2        17',
        '[fd00::1]:8012   UNHEALTHY   FAILED          default/hello-00001   1        -        -',
        '',
      ].join('\n'),
    );
    expect((await pc('endpoints', { status: 'unhealthy' }, address)).out).not.toContain('10.0.0.1');
  });

  test('its address may be a URL', async () => {
    expect((await pc('clusters', {}, `http://${address}/`)).out).toContain('default/hello-00001');
  });
});

describe('mistakes', () => {
  test('an admin server that is not there: which, why, and what to try', async () => {
    const { code, out, said } = await pc('routes', {}, '127.0.0.1:1');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(said[0]).toMatch(/^error: cannot ask the admin server at 127\.0\.0\.1:1: .+\n {2}is it another address\? sluice pc routes/);
  });

  test('an admin server that answers something else', async () => {
    const { said } = await pc('clusters', {}, `${address}/elsewhere`);
    expect(said[0]).toBe(`error: the admin server at ${address}/elsewhere answered 403 to http://${address}/elsewhere/config_dump: not allowed here`);
  });

  test('a file that is no dump, no JSON, or not there', async () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, '{}');
    expect((await pc('clusters', { file: other })).said[0]).toMatch(/other\.json is no dump of a proxy's configuration.*\n.*config_dump\?include_eds/);
    writeFileSync(other, '{');
    expect((await pc('clusters', { file: other })).said[0]).toMatch(/other\.json is not JSON/);
    expect((await pc('clusters', { file: join(folder, 'none') })).said[0]).toMatch(/cannot read .*none: ENOENT/);
  });

  test('wrong usage ends with 2', async () => {
    expect(await pc('clusters', { output: 'xml' })).toEqual({ code: 2, out: '', said: ['error: --output is "xml", must be one of wide, json, yaml'] });
    expect((await pc('clusters', { file }, address)).code).toBe(2);
  });

  test('nothing that matches is said, and is no failure', async () => {
    expect(await pc('clusters', { file, name: 'nobody' })).toEqual({ code: 0, out: '', said: ['No clusters found.'] });
  });
});
