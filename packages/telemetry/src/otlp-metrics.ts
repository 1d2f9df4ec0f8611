/** A meter's families as OTLP has them in JSON, under the names that OpenTelemetry gives what Prometheus calls otherwise. */
import type { LabelValues, MetricFamily, MetricSample } from '@sluice/kernel';

/** Names whose dots cannot be seen in Prometheus' form, and their units. Of all others the name is kept. */
const openTelemetryNames: Readonly<Record<string, readonly [name: string, unit: string]>> = {
  kn_serving_invocation_duration_seconds: ['kn.serving.invocation.duration', 's'],
  kn_serving_queue_depth: ['kn.serving.queue.depth', '{request}'],
  http_server_request_duration_seconds: ['http.server.request.duration', 's'],
  http_server_request_body_size_bytes: ['http.server.request.body.size', 'By'],
  http_server_response_body_size_bytes: ['http.server.response.body.size', 'By'],
  kn_revision_request_concurrency: ['kn.revision.request.concurrency', '{request}'],
  kn_revision_request_queued: ['kn.revision.request.queued', '{request}'],
  kn_revision_request_active: ['kn.revision.request.active', '{request}'],
  kn_activator_stats_conn_reachable: ['kn.activator.stats.conn.reachable', ''],
  kn_activator_stats_conn_errors_total: ['kn.activator.stats.conn.errors', '{error}'],
};

const labelNames: Readonly<Record<string, string>> = {
  http_request_method: 'http.request.method',
  http_response_status_code: 'http.response.status_code',
  kn_route_tag: 'kn.route.tag',
  kn_service_name: 'kn.service.name',
  kn_configuration_name: 'kn.configuration.name',
  kn_revision_name: 'kn.revision.name',
  k8s_namespace_name: 'k8s.namespace.name',
  network_protocol_name: 'network.protocol.name',
  network_protocol_version: 'network.protocol.version',
  url_scheme: 'url.scheme',
};

/** Sums since the start. */
const CUMULATIVE = 2;

/** Times are wall times in ms. */
export function describeMetrics(families: readonly MetricFamily[], resource: Readonly<Record<string, string>>, startedAt: number, now: number): object {
  const times = { startTimeUnixNano: nanoseconds(startedAt), timeUnixNano: nanoseconds(now) };
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource, (name) => name) },
        scopeMetrics: [{ scope: { name: 'sluice' }, metrics: families.filter(({ samples }) => samples.length > 0).map((family) => describeFamily(family, times)) }],
      },
    ],
  };
}

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

function describeFamily({ name, help, type, bounds, samples }: MetricFamily, times: Times): object {
  const [ourName, unit] = openTelemetryNames[name] ?? [name, ''];
  const metric = { name: ourName, description: help, unit };
  const points = samples.map((sample) => ({ ...times, attributes: attributesOf(sample.labels, (label) => labelNames[label] ?? label), ...valueOf(sample, type, bounds) }));
  switch (type) {
    case 'counter':
      return { ...metric, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: points } };
    case 'gauge':
      return { ...metric, gauge: { dataPoints: points } };
    case 'histogram':
      return { ...metric, histogram: { aggregationTemporality: CUMULATIVE, dataPoints: points } };
  }
}

/** 64-bit integers stand in JSON as texts. */
function valueOf({ value, count = 0, buckets = [] }: MetricSample, type: MetricFamily['type'], bounds: readonly number[]): object {
  if (type !== 'histogram') return { asDouble: value };
  return { count: String(count), sum: value, bucketCounts: buckets.map(String), explicitBounds: bounds };
}

function attributesOf(labels: LabelValues, rename: (name: string) => string): readonly object[] {
  return Object.entries(labels).map(([name, value]) => ({ key: rename(name), value: { stringValue: value } }));
}

function nanoseconds(wallTimeMs: number): string {
  return String(BigInt(Math.round(wallTimeMs)) * 1_000_000n);
}
