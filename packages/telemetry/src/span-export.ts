/** Kernel's spans as OpenTelemetry's, for its exporter of OTLP over HTTP. Loads the libraries: import it when they are needed. */
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags, type HrTime, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { MeshError, type Span, type SpanOrigin } from '@sluice/kernel';

export interface SpanExport {
  /** @throws MeshError when the collector has not taken them */
  send(spans: readonly Span[]): Promise<void>;
  close(): Promise<void>;
}

export interface SpanExportOptions {
  readonly url: string;
  /** Of spans that do not name theirs. */
  readonly serviceName: string;
  readonly timeoutMs: number;
}

type ReadableSpan = Parameters<OTLPTraceExporter['export']>[0][number];

const scope = { name: 'sluice' };

/** Asynchronous, since one of the protocols is loaded only when it is asked for. */
export async function openSpanExport({ url, serviceName, timeoutMs }: SpanExportOptions): Promise<SpanExport> {
  const exporter = await openExporter(url, timeoutMs);
  const resources = new Map<string, Resource>();
  const resourceOf = ({ serviceName: named, attributes }: SpanOrigin): Resource => {
    const service = named || serviceName;
    const key = attributes ? JSON.stringify([service, attributes]) : service;
    let resource = resources.get(key);
    if (!resource) resources.set(key, (resource = resourceFromAttributes({ 'service.name': service, ...attributes })));
    return resource;
  };
  return {
    send(spans) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const readable = spans.map((span) => toReadable(span, resourceOf(span.origin)));
      exporter.export(readable, ({ error, code }) => {
        if (code === 0) resolve();
        else reject(new MeshError('span-export', `export ${spans.length} spans to ${url}: ${error?.message ?? 'not taken'}`, { cause: error }));
      });
      return promise;
    },
    close: () => exporter.shutdown(),
  };
}

const spanKinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

type Exporter = Pick<OTLPTraceExporter, 'export' | 'shutdown'>;

/** `grpc:` before the URL of a collector asks for OTLP over gRPC; `stdout:` is no collector. All others are OTLP over HTTP. */
async function openExporter(url: string, timeoutMs: number): Promise<Exporter> {
  if (url === 'stdout:') return lineExporter;
  if (!url.startsWith('grpc:')) return new OTLPTraceExporter({ url: url.includes('://') ? url : `http://${url}`, timeoutMillis: timeoutMs });
  const { OTLPTraceExporter: GrpcExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
  const target = url.slice('grpc:'.length);
  return new GrpcExporter({ url: target.includes('://') ? target : `http://${target}`, timeoutMillis: timeoutMs });
}

/** A line of JSON for each span. */
const lineExporter: Exporter = {
  export(spans, onResult) {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext();
      const { name, attributes, startTime, duration } = span;
      const line = { name, traceId, spanId, parentSpanId: span.parentSpanContext?.spanId ?? '', startTime, duration, attributes, resource: span.resource.attributes };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
    onResult({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};

function toReadable(span: Span, resource: Resource): ReadableSpan {
  const context: SpanContext = {
    traceId: span.traceId,
    spanId: span.spanId,
    traceFlags: TraceFlags.SAMPLED,
    ...(span.traceState === '' ? {} : { traceState: createTraceState(span.traceState) }),
  };
  return {
    name: span.name,
    kind: spanKinds[span.kind],
    spanContext: () => context,
    ...(span.parentSpanId === '' ? {} : { parentSpanContext: { traceId: span.traceId, spanId: span.parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true } }),
    startTime: toHrTime(span.startWallTime),
    endTime: toHrTime(span.endWallTime),
    duration: toHrTime(span.endWallTime - span.startWallTime),
    status: { code: span.status === 'error' ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes,
    resource,
    instrumentationScope: scope,
    links: [],
    events: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
