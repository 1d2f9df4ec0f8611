/** What operators see: one trace from the edge to the program, and pages of metrics that Prometheus takes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startOtlpCollector } from '../support/otlp-collector.ts';
import { checkMetrics, promtoolMissing } from '../support/promtool.ts';
import { get } from './http-client.ts';
import { LocalMesh } from './local-mesh.ts';

const collector = await startOtlpCollector();
const mesh = new LocalMesh({
  'traced.cjs': `
    require('node:http').createServer((request, response) => response.end(request.headers.traceparent))
      .listen(process.env.PORT, process.env.HOST);
  `,
  'traced.yaml': `
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata:
      name: traced
    spec:
      template:
        metadata:
          annotations:
            autoscaling.knative.dev/window: 10s
        spec:
          containers:
            - image: sluice.dev/tests/traced
              command: [node, traced.cjs]
  `,
  'observability.yaml': `
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: config-observability
      namespace: sluice-system
    data:
      tracing-protocol: http/protobuf
      tracing-endpoint: ${collector.url}
      tracing-sampling-rate: "1"
      request-metrics-protocol: prometheus
      metrics-protocol: http/protobuf
      metrics-endpoint: ${collector.url.replace('/v1/traces', '/v1/metrics')}
      metrics-export-interval: 1s
  `,
  'logging.yaml': `
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: config-logging
      namespace: sluice-system
    data:
      zap-logger-config: '{"level": "warn"}'
      loglevel.activator: debug
  `,
});

beforeAll(() => mesh.start());
afterAll(async () => {
  await mesh.dispose();
  await collector.stop();
});

const host = 'traced.default.localhost';

test('a request that wakes its program is one trace: gateway, activator with its wait, sidecar, program', async () => {
  await eventually(() => expect(mesh.processes('traced.cjs')).toEqual([]), { withinMs: 60_000 });
  const { status, body: traceparent } = await get(mesh.port, host, { path: '/wake' });
  expect(status).toBe(200);
  const [, traceId, callerSpanId] = traceparent.split('-');
  const spans = await eventually(
    () => {
      const found = collector.spans.filter((span) => span.traceId === traceId);
      expect(found.map(({ service, name }) => `${service} ${name}`).toSorted()).toEqual([
        'activator GET',
        'activator activator_proxy',
        'activator throttler_try',
        'sluice-gateway GET',
        'traced GET app',
        'traced kn.queueproxy.proxy',
      ]);
      return found;
    },
    { withinMs: 30_000 },
  );
  const spanOf = (service: string, name?: string) => spans.find((span) => span.service === service && (name === undefined ? span.name.startsWith('GET') : span.name === name));
  const [gateway, activator, sidecar] = [spanOf('sluice-gateway'), spanOf('activator'), spanOf('traced')];
  const [wait, proxied, program] = [spanOf('activator', 'throttler_try'), spanOf('activator', 'activator_proxy'), spanOf('traced', 'kn.queueproxy.proxy')];
  expect([gateway, activator, wait, proxied, sidecar, program].map((span) => span?.parentSpanId)).toEqual(['', gateway?.spanId, activator?.spanId, activator?.spanId, proxied?.spanId, sidecar?.spanId]);
  expect(callerSpanId).toBe(program?.spanId);
});

test('who has decided not to be traced is not, anywhere', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const { body } = await get(mesh.port, host, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-00` } });
  expect(body).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  await get(mesh.port, host, { path: '/later' });
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

interface PodSpec {
  readonly containers: readonly { readonly command?: readonly string[]; readonly readinessProbe?: { readonly httpGet?: { readonly port: unknown } } }[];
}

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec; readonly status: { readonly podIP?: string } }[];
}

test.skipIf(promtoolMissing)('promtool finds no fault with the metrics of any component', async () => {
  await get(mesh.port, host);
  const system = (await mesh.object('pods -n sluice-system')) as PodList;
  const own = (await mesh.object('pods -n default')) as PodList;
  const faults: Record<string, readonly string[]> = {};
  for (const { metadata, spec, status } of [...system.items, ...own.items]) {
    const component = metadata.labels['app'] ?? '';
    const [container] = spec.containers;
    const flag = container?.command?.find((part) => part.startsWith('--metrics-port='));
    const url = pages[component]?.(status.podIP ?? '', flag?.split('=')[1] ?? container?.readinessProbe?.httpGet?.port);
    if (url !== undefined) faults[component] = await faultsOf(url);
  }
  for (const { status } of own.items) faults['queue-proxy'] = await faultsOf(`http://${status.podIP}:9091/metrics`);
  expect(faults).toEqual({ activator: [], autoscaler: [], 'config-server': [], controller: [], gateway: [], 'queue-proxy': [] });
});

test('every component pushes its metrics and has its level as the ConfigMaps say, those that read none by the config service', async () => {
  const components = ['activator', 'autoscaler', 'config-server', 'controller', 'sluice-gateway'];
  await eventually(() => expect([...new Set(collector.pushes.map(({ resource }) => resource['service.name'] ?? ''))].toSorted()).toEqual(components), { withinMs: 30_000 });
  const names = (component: string) => new Set(collector.pushes.findLast(({ resource }) => resource['service.name'] === component)?.metrics.map(({ name }) => name));
  expect(names('autoscaler')).toContain('kn.revision.pods.desired');
  expect(names('activator')).toContain('kn.activator.stats.conn.reachable');
  expect(names('controller')).toContain('kn.workqueue.queue.duration');
  expect(names('config-server')).toContain('http.client.request.duration');
  expect(names('sluice-gateway')).toContain('process.cpu.time');
  const system = (await mesh.object('pods -n sluice-system')) as PodList;
  const levels: Record<string, string> = {};
  for (const { metadata, status } of system.items) {
    const component = metadata.labels['app'] ?? '';
    if (component === 'activator' || component === 'autoscaler') levels[component] = (await (await fetch(`http://${status.podIP}:9090/logging`)).text()).trim();
  }
  expect(levels).toEqual({ activator: 'debug', autoscaler: 'warn' });
});

const standard = (podIp: string): string => `http://${podIp}:9090/metrics`;
const onHost = (_: string, port: unknown): string => `http://127.0.0.1:${port}/metrics`;
const pages: Readonly<Record<string, (podIp: string, readyPort: unknown) => string>> = { activator: standard, autoscaler: standard, controller: standard, gateway: onHost, 'config-server': onHost };

async function faultsOf(url: string): Promise<readonly string[]> {
  const response = await fetch(url);
  const page = await response.text();
  return response.ok && page.length > 100 ? checkMetrics(page) : [`${url}: ${response.status} ${page}`];
}
