/** Kernel's spans as OpenTelemetry's, for its exporter of OTLP over HTTP. Loads the libraries: import it when they are needed. */
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags, type HrTime, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { MeshError, type Span } from '@sluice/kernel';

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

export function openSpanExport({ url, serviceName, timeoutMs }: SpanExportOptions): SpanExport {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: timeoutMs });
  const resources = new Map<string, Resource>();
  const resourceOf = (service: string): Resource => {
    let resource = resources.get(service);
    if (!resource) resources.set(service, (resource = resourceFromAttributes({ 'service.name': service })));
    return resource;
  };
  return {
    send(spans) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const readable = spans.map((span) => toReadable(span, resourceOf(span.origin.serviceName || serviceName)));
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
