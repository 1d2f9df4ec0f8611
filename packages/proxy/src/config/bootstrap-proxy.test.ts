/** The sample bootstraps, run: real sockets, a real upstream, the admin server beside. */
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { createMeter, createSeededRandom, systemClock, systemTimers, type Address } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { afterEach, expect, test } from 'vitest';
import { routerFactory } from '../filters/router/router-factory.ts';
import { SystemNetwork } from '../network/system-network.ts';
import { startBootstrapProxy, type BootstrapProxy } from './bootstrap-proxy.ts';
import { parseBootstrap } from './file-bootstrap.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An upstream that tells what it was asked for. */
async function startUpstream(): Promise<number> {
  const server = createServer((asked, response) => {
    response.end(JSON.stringify({ path: asked.url, revision: asked.headers['x-revision'] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  }));
  return (server.address() as AddressInfo).port;
}

/** Runs a sample with its upstream ports replaced by one that is there. */
async function run(sample: string, edit: (text: string) => string = (text) => text) {
  const port = await startUpstream();
  const text = readFileSync(new URL(`../../testdata/${sample}`, import.meta.url), 'utf8')
    .replace(/port_value: 80\d\d/g, `port_value: ${port}`)
    .replace(/port_value: (9901|10000)/g, 'port_value: 0');
  const loaded = await parseBootstrap(edit(text), sample, [routerFactory]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const lines: string[] = [];
  const started = await startBootstrapProxy({
    loaded: loaded.value,
    filters: [routerFactory],
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    network: new SystemNetwork({ accept: 'events', poisonsMemory: true }),
    logger: new RecordingLogger(),
    meter: createMeter(),
    openAccessLog: () => ({ write: (text) => void lines.push(...text.toString().trimEnd().split('\n')) }),
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  stops.push(() => started.value.stop());
  return { running: started.value, lines };
}

function ask(port: number, path: string, host = 'a.example', method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path, method, host: '127.0.0.1', agent: false, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (body += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

const portOf = (running: BootstrapProxy) => running.proxy.listeners()[0]?.port ?? 0;
const adminPortOf = (running: BootstrapProxy) => (running.adminAddress as Address).port;

test('the smallest bootstrap proxies everything, and the admin server counts it', async () => {
  const { running } = await run('hello.yaml');
  expect(await ask(adminPortOf(running), '/ready')).toMatchObject({ status: 200, body: 'LIVE\n' });
  expect(JSON.parse((await ask(portOf(running), '/x?y')).body)).toEqual({ path: '/x?y' });
  const stats = await ask(adminPortOf(running), '/stats/prometheus');
  expect(stats.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(stats.body).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="app"} 1\n');
  const { body } = await ask(adminPortOf(running), '/config_dump?resource=static_clusters');
  expect(JSON.parse(body)).toMatchObject({ configs: [{ cluster: { name: 'app', connect_timeout: '1s' } }] });
});

test('an edge: split, redirect, rewrite, direct responses, and a log line for each', async () => {
  const { running, lines } = await run('edge.yaml');
  const port = portOf(running);
  const revisions = new Map<string, number>();
  for (let index = 0; index < 200; index += 1) {
    const { revision } = JSON.parse((await ask(port, '/', 'shop.example')).body) as { revision: string };
    revisions.set(revision, (revisions.get(revision) ?? 0) + 1);
  }
  // 20 of 200 are expected at weight 10; four standard deviations are 17.
  expect(Math.abs((revisions.get('v2') ?? 0) - 20)).toBeLessThan(17);
  expect(await ask(port, '/catalogue/a?b', 'shop.example:80')).toMatchObject({
    status: 308,
    headers: { location: 'http://shop.example:80/products/a?b', 'x-edge': 'edge-1' },
  });
  expect(JSON.parse((await ask(port, '/img/7.png', 'shop.example')).body)).toMatchObject({ path: '/static/image' });
  expect(await ask(port, '/healthz')).toMatchObject({ status: 200, body: 'fine\n' });
  expect(await ask(port, '/else')).toMatchObject({ status: 404, body: 'no such host\n' });
  await expect.poll(() => lines.length).toBe(204);
  expect(JSON.parse(lines.at(-3) as string)).toMatchObject({ request: 'GET /img/7.png', status: 200, upstream: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
});

test('allow_paths of the bootstrap hold, and nobody changes anything by default', async () => {
  const { running } = await run('edge.yaml');
  expect((await ask(adminPortOf(running), '/config_dump')).status).toBe(403);
  const { running: other } = await run('hello.yaml');
  expect(await ask(adminPortOf(other), '/quitquitquit', 'a', 'GET')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  expect((await ask(adminPortOf(other), '/quitquitquit', 'a', 'POST')).status).toBe(403);
});

test('an address that is taken is a problem at its line, and nothing runs', async () => {
  const { running } = await run('hello.yaml');
  const taken = adminPortOf(running);
  const attempt = run('hello.yaml', (text) => text.replace('port_value: 0', `port_value: ${taken}`));
  await expect(attempt).rejects.toThrow(/"path":"admin.address","message":"cannot be bound: .*EADDRINUSE/);
});
