/** Two `sluice proxy` processes in a row, and a collector that their environment names: one trace, told in full when they leave. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).toReversed()) stop();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

async function startCollector() {
  const spans: CollectedSpan[] = [];
  const port = await serve((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(pieces).toString()) as {
        resourceSpans: { resource: { attributes: { key: string; value: { stringValue: string } }[] }; scopeSpans: { spans: Omit<CollectedSpan, 'service'>[] }[] }[];
      };
      for (const { resource, scopeSpans } of resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        for (const { traceId, spanId, parentSpanId } of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ service, traceId, spanId, ...(parentSpanId ? { parentSpanId } : {}) });
      }
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  return { spans, endpoint: `http://127.0.0.1:${port}` };
}

/** The service is named for all managers; this one says no more than that it traces. */
const bootstrap = (upstream: number, serviceName: string) => `
tracing:
  http:
    name: envoy.tracers.opentelemetry
    typed_config: {'@type': type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig, service_name: ${serviceName}}
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
          tracing: {}
          route_config: {virtual_hosts: [{name: all, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: app, timeout: 60s}}]}]}
          http_filters:
          - {name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: app
    type: STATIC
    load_assignment: {cluster_name: app, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstream}}}}}]}]}
`;

async function startProxy(upstream: number, serviceName: string, collector: string, ...flags: readonly string[]) {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector };
  const child = spawn(process.execPath, [main, 'proxy', '--config-yaml', bootstrap(upstream, serviceName), ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env });
  stops.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said, { timeout: 60_000 }).toMatch(/edge listens on .*:\d+\n/);
  return {
    port: Number(/edge listens on .*:(\d+)/.exec(said)?.[1]),
    async leave() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

test('a request through two proxies is one trace at the collector', { timeout: 120_000 }, async () => {
  const heard: string[] = [];
  const upstream = await serve(({ headers }, response) => {
    heard.push(String(headers['traceparent']));
    response.end('done');
  });
  const { spans, endpoint } = await startCollector();
  const inner = await startProxy(upstream, 'inner', endpoint);
  const outer = await startProxy(inner.port, 'outer', endpoint);
  expect(await (await fetch(`http://127.0.0.1:${outer.port}/`, { headers: { connection: 'close' } })).text()).toBe('done');
  await Promise.all([outer.leave(), inner.leave()]);
  const [first, second] = ['outer', 'inner'].map((service) => spans.find((span) => span.service === service));
  expect(spans).toHaveLength(2);
  expect(first?.parentSpanId).toBeUndefined();
  expect(second).toMatchObject({ traceId: first?.traceId, parentSpanId: first?.spanId });
  expect(heard).toEqual([`00-${first?.traceId}-${second?.spanId}-01`]);
});

test('spans of several workers reach the collector too', { timeout: 120_000 }, async () => {
  const upstream = await serve((_request, response) => void response.end('done'));
  const { spans, endpoint } = await startCollector();
  const proxy = await startProxy(upstream, 'edge', endpoint, '--concurrency', '2');
  for (let index = 0; index < 5; index += 1) await (await fetch(`http://127.0.0.1:${proxy.port}/`, { headers: { connection: 'close' } })).text();
  await proxy.leave();
  expect(spans.map(({ service }) => service)).toEqual(Array.from({ length: 5 }, () => 'edge'));
});
