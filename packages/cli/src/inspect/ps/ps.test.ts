/** `sluice ps` against a config service of ours over a real connection, and its table from what others would say. */
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { AdsServer, createAdsClient, createSnapshot, loadCodec, openGrpcServer, openGrpcTransport, SnapshotCache } from '@sluice/xds';
import { RecordingConsumer, sampleListener, sampleRoutes } from '@sluice/xds/testing';
import { afterEach, describe, expect, test } from 'vitest';

import { render } from '../output.ts';
import { typeRows } from './client-status.ts';
import { detailsAnswer, proxiesAnswer } from './proxies.ts';
import { runPs } from './ps.ts';

const now = Date.parse('2026-01-31T12:00:10Z');
const url = (name: string) => `type.googleapis.com/envoy.config.${name}`;
const config = (type: string, name: string, status: string, more: Record<string, unknown> = {}) => ({
  type_url: url(type),
  name,
  config_status: status,
  last_updated: '2026-01-31T12:00:00Z',
  ...more,
});

const response = {
  config: [
    {
      node: { id: 'gateway~10.0.0.2', cluster: 'sluice-gateway' },
      generic_xds_configs: [
        config('cluster.v3.Cluster', 'a', 'SYNCED'),
        config('cluster.v3.Cluster', 'b', 'SYNCED', { last_updated: '2026-01-31T12:00:07Z' }),
        config('route.v3.RouteConfiguration', 'external', 'ERROR', { error_state: { details: 'external: virtual_hosts[0].domains is empty' } }),
        config('endpoint.v3.ClusterLoadAssignment', 'a', 'SYNCED'),
        config('endpoint.v3.ClusterLoadAssignment', 'b', 'STALE'),
        config('listener.v3.Listener', 'gone', 'NOT_SENT', { client_status: 'DOES_NOT_EXIST' }),
      ],
    },
    { node: { id: 'activator~10.0.0.1', cluster: 'sluice-activator' } },
    { node: { id: 'shop-1', cluster: 'shop' }, generic_xds_configs: [{ type_url: url('listener.v3.Listener'), name: 'x', client_status: 'ACKED' }] },
  ],
};

test('a proxy is a row and a type a column: how far, and since when', () => {
  expect(render(proxiesAnswer(typeRows(response, now)), 'table', () => {})).toBe(
    [
      'NAME                 GROUP              LDS                   RDS                CDS              EDS',
      'activator~10.0.0.1   sluice-activator   -                     -                  -                -',
      'gateway~10.0.0.2     sluice-gateway     NOT SENT 0/0 (10 s)   ERROR 0/1 (10 s)   SYNCED 2 (3 s)   STALE 1/2 (10 s)',
      'shop-1               shop               SYNCED 1              -                  -                -',
      '',
    ].join('\n'),
  );
});

test('in detail, a type is a row with the reasons of refusals', () => {
  const lines = render(detailsAnswer(typeRows(response, now)), 'wide', () => {}).split('\n');
  expect(lines[0]).toMatch(/^NAME +GROUP +TYPE +STATUS +WANTED +ACKNOWLEDGED +AGE +REFUSED$/);
  expect(lines.find((line) => line.includes('RDS'))).toMatch(/ERROR +1 +0 +10 s +external: virtual_hosts\[0\]\.domains is empty$/);
});

test('a service that is not there: which, why, and what to try', async () => {
  const said: string[] = [];
  const code = await runPs(undefined, { xdsAddress: '127.0.0.1:1' }, { write: () => {}, say: (line) => said.push(line) });
  expect(code).toBe(1);
  expect(said[0]).toMatch(/^error: cannot ask the config service: client status of 127\.0\.0\.1:1: /);
  expect(said[1]).toContain('port-forward');
});

describe('of a config service', () => {
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  /** One that serves a listener to a proxy that refuses it. */
  async function startService(): Promise<string> {
    const codec = await loadCodec('admin');
    const shared = { clock: systemClock, timers: systemTimers, logger: silentLogger, meter: createMeter() };
    const cache = new SnapshotCache();
    const made = createSnapshot([sampleListener(), sampleRoutes([])], codec);
    if (made.ok) cache.set('edges', made.snapshot);
    const ads = new AdsServer({ ...shared, cache });
    const server = await openGrpcServer({ address: '127.0.0.1:0', codec, timers: systemTimers, handlers: { ...ads.handlers, onLoad() {}, onLoadStats() {} } });
    stops.push(() => server.stop());
    const transport = await openGrpcTransport({ address: `127.0.0.1:${server.port}`, codec });
    stops.push(() => transport.close());
    const consumer = new RecordingConsumer();
    consumer.refusing.set('http', 'port 80 is taken');
    const client = createAdsClient({ ...shared, codec, transport, consumer, random: createSeededRandom(1), node: { id: 'edge~1', cluster: 'edges' } });
    client.start();
    stops.push(() => client.stop());
    return `127.0.0.1:${server.port}`;
  }

  test('the table says what is refused, and why beside it', async () => {
    const xdsAddress = await startService();
    await expect
      .poll(
        async () => {
          let text = '';
          const code = await runPs(undefined, { xdsAddress }, { write: (part) => (text += part), say: (line) => (text += line) });
          return `${code} ${text}`;
        },
        { timeout: 15_000 },
      )
      .toMatch(/^0 NAME +GROUP +LDS[^\n]*\nedge~1 +edges +ERROR 0\/1 \([^)]+\)[^\n]*\nrefused: edge~1 LDS: .*port 80 is taken/);
    let json = '';
    await runPs('edge', { xdsAddress, output: 'json' }, { write: (part) => (json += part), say() {} });
    expect(JSON.parse(json)).toMatchObject([{ node: { id: 'edge~1' } }]);
    expect(await runPs('nobody', { xdsAddress }, { write() {}, say() {} })).toBe(1);
  });
});
