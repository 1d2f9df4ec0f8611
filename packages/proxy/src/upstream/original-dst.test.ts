/** Clusters whose requests say themselves where they go. */
import { RequestHead } from '@sluice/http';
import { createMeter } from '@sluice/kernel';
import type { Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import { ConnectionInfo } from '../downstream/connection-info.ts';
import { StreamInfo } from '../stream-info.ts';
import { startFilterProxy, startTestUpstream } from '../testing/index.ts';
import { startSimulatedMesh } from '../testing/simulated-mesh.ts';
import { OriginalDstHosts, parseDestination } from './original-dst-hosts.ts';
import { startUpstreamContext } from '../testing/upstream-context.ts';

const first = '10.0.1.1:80';
const second = '10.0.1.2:8080';
const start = (config: Json, fields: Json = {}) =>
  startSimulatedMesh({ hosts: [first, second], clusters: [{ name: 'app', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', original_dst_lb_config: config, ...fields }] });

const to = (address: string) => `x-envoy-original-dst-host: ${address}\r\n`;

test('a header says where a request goes, where it is asked', async () => {
  const mesh = await start({ use_http_header: true });
  expect(await mesh.ask(1, to(first))).toEqual([first]);
  expect(await mesh.ask(1, to(second))).toEqual([second]);
  await mesh.time.advanceAsync(200);
  expect(mesh.proxy.clusters()[0]?.hosts.map(({ address }) => address)).toEqual([first, second]);
  expect(mesh.metric('membership_total')).toBe(2);
});

test('it is not listened to unless the configuration says so', async () => {
  const mesh = await start({});
  expect(await mesh.ask(1, to(first))).toEqual(['503']);
  expect(mesh.host(first).asked).toEqual([]);
});

test('another header, another port', async () => {
  const mesh = await start({ use_http_header: true, http_header_name: 'X-Where', upstream_port_override: 8080 });
  expect(await mesh.ask(1, 'x-where: 10.0.1.2:1\r\n')).toEqual([second]);
  expect(await mesh.ask(1, to(first))).toEqual(['503']);
});

test('what cannot be read answers 503 and is counted', async () => {
  const mesh = await start({ use_http_header: true });
  expect(await mesh.ask(1, to('app.test:80'))).toEqual(['503']);
  expect(mesh.metric('original_dst_host_invalid')).toBe(1);
});

test('a host that nobody uses is forgotten, with its connections', async () => {
  const mesh = await start({ use_http_header: true }, { cleanup_interval: '2s' });
  await mesh.ask(1, to(first));
  await mesh.time.advanceAsync(2_100);
  await mesh.ask(1, to(second));
  await mesh.time.advanceAsync(2_000);
  expect(mesh.proxy.clusters()[0]?.hosts.map(({ address }) => address)).toEqual([second]);
  await mesh.time.advanceAsync(4_000);
  expect(mesh.proxy.clusters()[0]).toMatchObject({ hosts: [], connections: 0 });
  // Who comes back is a new host.
  expect(await mesh.ask(1, to(first))).toEqual([first]);
  expect(mesh.host(first).connections).toBe(2);
});

describe('by the connection', () => {
  const destined = (original: string | undefined) => {
    const info = new StreamInfo({ remote: { host: '10.0.9.9', port: 1 }, local: { host: '10.0.0.1', port: 80 } });
    info.connection = new ConnectionInfo({ remote: info.downstreamRemote, local: info.downstreamLocal });
    info.connection.originalDestination = original === undefined ? undefined : parseDestination(original);
    return { request: RequestHead.of('GET', 'a.test', '/'), info };
  };

  test('a request goes where its connection was going, and nowhere when that is not known', () => {
    const { context } = startUpstreamContext();
    const settings = { header: undefined, portOverride: 0, cleanupIntervalMs: 5000 };
    const hosts = new OriginalDstHosts({ settings, invalidHosts: createMeter().counter('x', ''), onHosts() {}, onForgotten() {} }, context);
    const picked = hosts.pick(destined(first));
    expect(picked.kind === 'host' && picked.host.key).toBe(first);
    expect(hosts.pick(destined(undefined))).toEqual({ kind: 'unavailable', reason: 'no-hosts' });
    expect(hosts.pick({ ...destined(undefined), info: new StreamInfo({ remote: { host: '', port: 0 }, local: { host: '', port: 0 } }) }).kind).toBe('unavailable');
    hosts.close();
  });

  test('filter state counts first, then metadata, then the header, then the connection', () => {
    const { context } = startUpstreamContext();
    const settings = { header: 'x-where', portOverride: 0, cleanupIntervalMs: 5000, metadataKey: { key: 'routing', path: ['to'] } };
    const invalidHosts = createMeter().counter('x', '');
    const hosts = new OriginalDstHosts({ settings, invalidHosts, onHosts() {}, onForgotten() {} }, context);
    const asked = { ...destined('10.0.0.1:1'), request: RequestHead.of('GET', 'a', '/', { 'x-where': '10.0.0.2:2' }) };
    const place = () => {
      const picked = hosts.pick(asked);
      return picked.kind === 'host' ? picked.host.key : picked.kind;
    };
    expect(place()).toBe('10.0.0.2:2');
    asked.info.addMetadata('routing', { to: '10.0.0.3:3' });
    expect(place()).toBe('10.0.0.3:3');
    asked.info.setFilterState('envoy.network.transport_socket.original_dst_address', '10.0.0.4:4');
    expect(place()).toBe('10.0.0.4:4');
    asked.info.setFilterState('envoy.network.transport_socket.original_dst_address', 'app.test:80');
    expect([place(), invalidHosts.value]).toEqual(['unavailable', 1]);
    hosts.close();
  });

  test('a client that names ever new hosts finds an end', () => {
    const { context } = startUpstreamContext();
    const settings = { header: 'x-where', portOverride: 0, cleanupIntervalMs: 5000 };
    const hosts = new OriginalDstHosts({ settings, invalidHosts: createMeter().counter('x', ''), onHosts() {}, onForgotten() {} }, context);
    const { info } = destined(undefined);
    const ask = (port: number) => hosts.pick({ request: RequestHead.of('GET', 'a', '/', { 'x-where': `10.0.0.1:${port}` }), info }).kind;
    for (let port = 1; port <= 10_000; port += 1) expect(ask(port)).toBe('host');
    expect(ask(10_001)).toBe('overflow');
    expect(ask(1)).toBe('host');
    hosts.close();
  });
});

test('a filter of the configuration may say where requests go', async () => {
  await using upstream = await startTestUpstream('h1', (_request, response) => response.end('there'));
  const inline_string = `127.0.0.1:${upstream.address.port}`;
  const state = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
    on_request_headers: [{ object_key: 'envoy.network.transport_socket.original_dst_address', format_string: { text_format_source: { inline_string } } }],
  };
  await using proxy = await startFilterProxy({ filters: [{ name: 'state', typed_config: state }], cluster: { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', load_assignment: undefined } });
  expect((await proxy.request()).body.toString()).toBe('there');
});

test.each([
  ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
  ['[fd00::1]:443', { host: 'fd00::1', port: 443 }],
  [' 10.0.0.1:80 ', { host: '10.0.0.1', port: 80 }],
  ['10.0.0.1', undefined],
  ['10.0.0.1:0', undefined],
  ['10.0.0.1:65536', undefined],
  ['10.0.0.1:080', undefined],
  ['localhost:80', undefined],
  ['0x7f.0.0.1:80', undefined],
  ['2130706433:80', undefined],
  ['127.1:80', undefined],
  ['010.0.0.1:80', undefined],
  ['fd00::1:80', undefined],
  ['[fd00::zz]:80', undefined],
  ['[fe80::1%eth0]:80', undefined],
  ['10.0.0.1:80, 10.0.0.2:80', undefined],
  ['/var/run/docker.sock', undefined],
])('%j is read as %j', (text, address) => {
  expect(parseDestination(text)).toEqual(address);
});
