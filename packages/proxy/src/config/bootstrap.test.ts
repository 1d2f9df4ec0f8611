import { fileURLToPath } from 'node:url';
import { createMeter, createSeededRandom, formatProblem, type Network } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { routerFactory } from '../filters/router/router-factory.ts';
import { startBootstrapProxy } from './bootstrap-proxy.ts';
import { loadBootstrap, parseBootstrap } from './file-bootstrap.ts';
import { validateBootstrap } from './validate-bootstrap.ts';

const testdata = (name: string) => fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));
const filters = [routerFactory];

test.each(['hello.yaml', 'edge.yaml'])('%s is a bootstrap without problems', async (name) => {
  const checked = await validateBootstrap({ path: testdata(name) }, filters);
  expect(checked).toMatchObject({ ok: true, problems: [] });
});

test('all mistakes of a file are reported at once, each at its line', async () => {
  const checked = await validateBootstrap({ path: testdata('mistakes.yaml') }, filters);
  expect(checked.ok).toBe(false);
  const lines = checked.problems.map((found) => formatProblem(found).replace(/^.*mistakes\.yaml/, 'mistakes.yaml').replace(/static_resources\S*\.(\S+: )/, '… $1'));
  expect(lines).toMatchInlineSnapshot(`
    [
      "mistakes.yaml:6:47: … port_value: is 100000, must be a number from 0 to 65535",
      "mistakes.yaml:10:15: … stat_prefix: is required",
      "mistakes.yaml:12:17: … stat_prefx: is not a field here; did you mean stat_prefix?",
      "mistakes.yaml:13:17: … stream_idle_timeout: is "5 minutes", must be a duration in seconds such as "0.25s"",
      "mistakes.yaml:17:23: … @type: is envoy.extensions.filters.http.lua.v3.Lua, which is not supported: scripts of configurations are not run; header_mutation, set_filter_state and ext_authz do much of what they are written for",
      "mistakes.yaml:26:27: … match: has prefix and path, of which only one may be set",
      "mistakes.yaml:29:33: … domains[0]: is "a.example", which virtual host "a" has already",
      "mistakes.yaml:32:7: … lb_policy: is ROUND_ROBIN, must be CLUSTER_PROVIDED for a cluster of type ORIGINAL_DST",
      "mistakes.yaml:34:7: … connect_timeout: is 1, must be a duration in seconds such as "0.25s"",
      "mistakes.yaml:35:7: … typed_config: is required",
    ]
  `);
});

test('a file that is not there is one clear problem', async () => {
  const checked = await loadBootstrap({ path: '/nowhere/at-all.yaml' }, filters);
  expect(checked.problems.map(formatProblem)).toEqual([expect.stringMatching(/^cannot read \/nowhere\/at-all\.yaml: ENOENT/)]);
});

test('what only compiling finds has its place in the file too', async () => {
  const text = [
    'static_resources:',
    '  listeners:',
    '    - name: l',
    '      address: { socket_address: { address: 127.0.0.1, port_value: 0 } }',
    '      filter_chains:',
    '        - filters:',
    '            - name: hcm',
    '              typed_config:',
    '                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    '                stat_prefix: a',
    '                http_filters: [{ name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }]',
    '                route_config:',
    '                  virtual_hosts:',
    '                    - name: a',
    '                      domains: ["*"]',
    '                      routes: [{ match: { prefix: / }, route: { cluster: gone } }]',
  ].join('\n');
  const loaded = await parseBootstrap(text, 'f.yaml', filters);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const started = await start(loaded.value);
  expect(started.problems.map((found) => [found.message, found.position?.line, found.position?.column])).toEqual([
    ["route: unknown cluster 'gone'", 16, 65],
  ]);
});

test('a bootstrap that asks for dynamic resources needs a source for them', async () => {
  const text = JSON.stringify({
    node: { id: 'a', cluster: 'b' },
    dynamic_resources: { cds_config: { path: '/etc/cds.yaml' } },
  });
  const loaded = await parseBootstrap(text, 'f.json', filters);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  expect(await start(loaded.value)).toMatchObject({ ok: false, problems: [{ path: 'dynamic_resources' }] });
});

async function start(loaded: Parameters<typeof startBootstrapProxy>[0]['loaded']) {
  const time = new SimulatedTime();
  const logger = new RecordingLogger();
  const network: Network = { listen: unreachable, connect: unreachable };
  return startBootstrapProxy({ loaded, filters, clock: time, timers: time, random: createSeededRandom(1), network, logger, meter: createMeter() });
}

/** Nothing here gets as far as a socket. */
function unreachable(): never {
  throw new Error('no test of this file opens a socket');
}
