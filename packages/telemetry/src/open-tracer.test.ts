import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMeter, silentLogger, type Meter, type Span } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, it } from 'vitest';
import { openTracer, type TracerOptions } from './open-tracer.ts';
import { readTracerSettings } from './tracer-settings.ts';

interface OtlpSpan {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** Understands as much of OTLP in JSON as these tests ask about. */
async function startCollector(status: number | 'never' = 200) {
  const services: string[] = [];
  const regions: string[] = [];
  const spans: OtlpSpan[] = [];
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      paths.push(request.url);
      const body = JSON.parse(Buffer.concat(pieces).toString()) as { resourceSpans: { resource: { attributes: { key: string; value: { stringValue: string } }[] }; scopeSpans: { spans: OtlpSpan[] }[] }[] };
      for (const { resource, scopeSpans } of body.resourceSpans) {
        const told = (name: string) => resource.attributes.filter(({ key }) => key === name).map(({ value }) => value.stringValue);
        services.push(...told('service.name'));
        regions.push(...told('cloud.region'));
        spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      }
      if (status !== 'never') response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return {
    url,
    services,
    regions,
    spans,
    paths,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const span: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '00f067aa0ba902b7',
  traceState: 'a=1',
  name: 'GET all',
  kind: 'server',
  startWallTime: 1_700_000_000_123.5,
  endWallTime: 1_700_000_000_125,
  attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 },
  status: 'unset',
  origin: { serviceName: '', collector: '' },
};

function open(changes: Partial<TracerOptions>) {
  const meter = createMeter();
  const time = new SimulatedTime();
  return { meter, time, tracer: openTracer({ serviceName: 'edge', timers: time, logger: silentLogger, meter, ...changes }) };
}

const count = (meter: Meter, name: string) => meter.collect().find((family) => family.name === `sluice_tracing_spans_${name}_total`)?.samples[0]?.value;

it('sends a collector what a span says, when it is closed at the latest', async () => {
  await using collector = await startCollector();
  const { tracer, meter } = open({ endpoint: collector.url });
  tracer.record(span);
  await tracer.close();
  expect(collector.paths).toEqual(['/v1/traces']);
  expect(collector.services).toEqual(['edge']);
  expect(collector.spans).toMatchObject([{ traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId, traceState: 'a=1', name: 'GET all', kind: 2, startTimeUnixNano: '1700000000123500000' }]);
  expect(collector.spans[0]?.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: 200 } });
  expect(count(meter, 'exported')).toBe(1);
});

it('sends each span to the collector of its own configuration, under the name and the facts of its service', async () => {
  await using usual = await startCollector();
  await using other = await startCollector();
  const { tracer } = open({ endpoint: usual.url });
  tracer.record(span);
  tracer.record({ ...span, name: 'elsewhere', origin: { serviceName: 'shop', collector: other.url, attributes: { 'cloud.region': 'north' } } });
  await tracer.close();
  expect(usual.spans.map(({ name }) => name)).toEqual(['GET all']);
  expect(other.spans.map(({ name }) => name)).toEqual(['elsewhere']);
  expect(other.services).toEqual(['shop']);
  expect([usual.regions, other.regions]).toEqual([[], ['north']]);
});

it('drops and counts what is more than its queue holds', async () => {
  await using collector = await startCollector();
  const { tracer, meter } = open({ endpoint: collector.url, queueSpansMax: 3 });
  for (let index = 0; index < 5; index += 1) tracer.record(span);
  expect(count(meter, 'dropped')).toBe(2);
  await tracer.close();
  expect(collector.spans).toHaveLength(3);
});

it('counts what a collector refuses, and goes on', async () => {
  await using collector = await startCollector(400);
  const { tracer, meter } = open({ endpoint: collector.url });
  tracer.record(span);
  await tracer.flush();
  expect(count(meter, 'failed')).toBe(1);
  tracer.record(span);
  await tracer.close();
  expect(count(meter, 'failed')).toBe(2);
});

it('leaves a collector that does not answer after a while, and counts what is lost', async () => {
  await using collector = await startCollector('never');
  const { tracer, meter, time } = open({ endpoint: collector.url, batchSpansMax: 2, closeTimeoutMs: 3_000 });
  for (let index = 0; index < 5; index += 1) tracer.record(span);
  const closed = tracer.close();
  await expect.poll(() => collector.paths.length, { timeout: 20_000 }).toBe(1);
  time.advance(3_000);
  await closed;
  expect(count(meter, 'dropped')).toBe(3);
});

it('drops spans that nobody collects, and those that come after its end', async () => {
  const { tracer, meter } = open({});
  tracer.record(span);
  await tracer.close();
  tracer.record(span);
  expect(count(meter, 'dropped')).toBe(2);
});

it('understands the variables that OpenTelemetry names', () => {
  expect(readTracerSettings({}, 'proxy')).toEqual({ serviceName: 'proxy', endpoint: undefined });
  expect(readTracerSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/', OTEL_SERVICE_NAME: 'edge' }, 'proxy')).toEqual({ serviceName: 'edge', endpoint: 'http://c:4318/v1/traces' });
  expect(readTracerSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/x' }, 'proxy').endpoint).toBe('http://t/x');
});
