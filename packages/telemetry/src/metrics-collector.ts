/** The way to a collector of metrics: OTLP in protobuf, over HTTP or gRPC. Loads OpenTelemetry: import it when something is to be sent. */
import { MetricsExporterMetricsHelper, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { MetricFamily } from '@sluice/kernel';
import { describeMetrics, type MetricsMoment, type ResourceMetrics } from './otlp-metrics.ts';

export interface MetricsCollector {
  /** @throws when the collector has not taken them */
  send(families: readonly MetricFamily[], moment: MetricsMoment): Promise<void>;
  close(): Promise<void>;
}

export interface CollectorOptions {
  readonly protocol: 'http/protobuf' | 'grpc';
  /** A URL; without a scheme it is plain. Over HTTP with its path, over gRPC without. */
  readonly endpoint: string;
  /** For one push. */
  readonly timeoutMs: number;
}

/** Asynchronous, since gRPC is loaded only where it is spoken. */
export async function openMetricsCollector({ protocol, endpoint, timeoutMs }: CollectorOptions): Promise<MetricsCollector> {
  const url = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  const { send, close } = protocol === 'grpc' ? await openGrpc(url, timeoutMs) : openHttp(url, timeoutMs);
  return { send: (families, moment) => send(describeMetrics(families, moment)), close };
}

interface Way {
  readonly send: (metrics: ResourceMetrics) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** https://opentelemetry.io/docs/specs/otlp/#otlphttp */
function openHttp(url: string, timeoutMs: number): Way {
  return {
    async send(metrics) {
      const body = ProtobufMetricsSerializer.serializeRequest(metrics);
      if (!body) throw new Error('metrics could not be written as protobuf');
      // A copy: `fetch` takes no memory that may be shared.
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: new Uint8Array(body), signal: AbortSignal.timeout(timeoutMs) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector answered ${response.status}`);
    },
    close: () => Promise.resolve(),
  };
}

/** By OpenTelemetry's exporter, which tries again within its time, and reads the other `OTEL_EXPORTER_OTLP_` variables. */
async function openGrpc(url: string, timeoutMs: number): Promise<Way> {
  const { convertLegacyOtlpGrpcOptions, createOtlpGrpcExportDelegate } = await import('@opentelemetry/otlp-grpc-exporter-base');
  const delegate = createOtlpGrpcExportDelegate(
    convertLegacyOtlpGrpcOptions({ url, timeoutMillis: timeoutMs }, 'METRICS'),
    ProtobufMetricsSerializer,
    'otlp_grpc_metric_exporter',
    MetricsExporterMetricsHelper,
    undefined,
    'MetricsExportService',
    '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  );
  return {
    send(metrics) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      delegate.export(metrics, ({ code, error }) => {
        if (code === 0) resolve();
        else reject(error ?? new Error('the collector has not taken them'));
      });
      return promise;
    },
    close: () => delegate.shutdown(),
  };
}
