/**
 * Knative's metrics: what stands on a page, what OpenTelemetry calls it, its unit, and what it was called up to 1.18.
 * https://knative.dev/docs/serving/observability/metrics/serving-metrics/
 */

export interface KnativeMetric {
  /** With dots, as Knative's code has it. */
  readonly openTelemetry: string;
  /** UCUM, as OpenTelemetry asks. Empty: none. */
  readonly unit: string;
  /** A gauge on a page, and a sum that also falls for OpenTelemetry. */
  readonly isUpDown?: boolean;
  /** Up to 1.18. Absent: there was none, or whoever counts gives it itself. */
  readonly older?: string;
  /** How many of the older unit are one of today's. Default 1. */
  readonly olderPerUnit?: number;
}

/** By the name on a page of Prometheus: dots are underscores, and units in words come last. */
export const knativeMetrics: Readonly<Record<string, KnativeMetric>> = {
  kn_serving_invocation_duration_seconds: { openTelemetry: 'kn.serving.invocation.duration', unit: 's' },
  kn_serving_queue_depth: { openTelemetry: 'kn.serving.queue.depth', unit: '{request}', older: 'revision_queue_depth' },
  http_server_request_duration_seconds: { openTelemetry: 'http.server.request.duration', unit: 's' },
  http_server_request_body_size_bytes: { openTelemetry: 'http.server.request.body.size', unit: 'By' },
  http_server_response_body_size_bytes: { openTelemetry: 'http.server.response.body.size', unit: 'By' },
  http_client_request_duration_seconds: { openTelemetry: 'http.client.request.duration', unit: 's' },
  kn_revision_request_concurrency: { openTelemetry: 'kn.revision.request.concurrency', unit: '{request}', older: 'activator_request_concurrency' },
  kn_revision_request_queued: { openTelemetry: 'kn.revision.request.queued', unit: '{request}', isUpDown: true },
  kn_revision_request_active: { openTelemetry: 'kn.revision.request.active', unit: '{request}', isUpDown: true },
  kn_activator_stats_conn_reachable: { openTelemetry: 'kn.activator.stats.conn.reachable', unit: '' },
  kn_activator_stats_conn_errors_total: { openTelemetry: 'kn.activator.stats.conn.errors', unit: '{error}' },
  kn_revision_pods_desired: { openTelemetry: 'kn.revision.pods.desired', unit: '{item}', older: 'autoscaler_desired_pods' },
  kn_revision_pods_requested: { openTelemetry: 'kn.revision.pods.requested', unit: '{pod}', older: 'autoscaler_requested_pods' },
  kn_revision_pods_count: { openTelemetry: 'kn.revision.pods.count', unit: '{pod}', older: 'autoscaler_actual_pods' },
  kn_revision_pods_not_ready_count: { openTelemetry: 'kn.revision.pods.not_ready.count', unit: '{pod}', older: 'autoscaler_not_ready_pods' },
  kn_revision_pods_pending_count: { openTelemetry: 'kn.revision.pods.pending.count', unit: '{pod}', older: 'autoscaler_pending_pods' },
  kn_revision_pods_terminating_count: { openTelemetry: 'kn.revision.pods.terminating.count', unit: '{pod}', older: 'autoscaler_terminating_pods' },
  kn_revision_capacity_excess: { openTelemetry: 'kn.revision.capacity.excess', unit: '{concurrency}', older: 'autoscaler_excess_burst_capacity' },
  kn_revision_panic_mode: { openTelemetry: 'kn.revision.panic.mode', unit: '', older: 'autoscaler_panic_mode' },
  kn_revision_concurrency_stable: { openTelemetry: 'kn.revision.concurrency.stable', unit: '{concurrency}', older: 'autoscaler_stable_request_concurrency' },
  kn_revision_concurrency_panic: { openTelemetry: 'kn.revision.concurrency.panic', unit: '{concurrency}', older: 'autoscaler_panic_request_concurrency' },
  kn_revision_concurrency_target: { openTelemetry: 'kn.revision.concurrency.target', unit: '{concurrency}', older: 'autoscaler_target_concurrency_per_pod' },
  kn_revision_rps_stable_per_second: { openTelemetry: 'kn.revision.rps.stable', unit: '{request}/s', older: 'autoscaler_stable_requests_per_second' },
  kn_revision_rps_panic_per_second: { openTelemetry: 'kn.revision.rps.panic', unit: '{request}/s', older: 'autoscaler_panic_requests_per_second' },
  kn_revision_rps_target_per_second: { openTelemetry: 'kn.revision.rps.target', unit: '{request}/s', older: 'autoscaler_target_requests_per_second' },
  kn_autoscaler_scrape_duration_seconds: { openTelemetry: 'kn.autoscaler.scrape.duration', unit: 's', older: 'autoscaler_scrape_time', olderPerUnit: 1000 },
  kn_workqueue_depth: { openTelemetry: 'kn.workqueue.depth', unit: '{item}', isUpDown: true },
  kn_workqueue_adds_total: { openTelemetry: 'kn.workqueue.adds', unit: '{item}' },
  kn_workqueue_retries_total: { openTelemetry: 'kn.workqueue.retries', unit: '{item}' },
  kn_workqueue_queue_duration_seconds: { openTelemetry: 'kn.workqueue.queue.duration', unit: 's' },
  kn_workqueue_process_duration_seconds: { openTelemetry: 'kn.workqueue.process.duration', unit: 's' },
  kn_workqueue_unfinished_work_seconds: { openTelemetry: 'kn.workqueue.unfinished_work', unit: 's' },
  kn_workqueue_longest_running_processor_seconds: { openTelemetry: 'kn.workqueue.longest_running_processor', unit: 's' },
  kn_k8s_client_http_response_status_code_total: { openTelemetry: 'kn.k8s.client.http.response.status_code', unit: '{item}' },
  process_cpu_time_seconds_total: { openTelemetry: 'process.cpu.time', unit: 's' },
  process_memory_usage_bytes: { openTelemetry: 'process.memory.usage', unit: 'By', isUpDown: true },
  v8js_memory_heap_limit_bytes: { openTelemetry: 'v8js.memory.heap.limit', unit: 'By', isUpDown: true },
  v8js_memory_heap_used_bytes: { openTelemetry: 'v8js.memory.heap.used', unit: 'By', isUpDown: true },
  nodejs_eventloop_utilization_ratio: { openTelemetry: 'nodejs.eventloop.utilization', unit: '1' },
};

/** By the label on a page: what is the attribute, and what the label was up to 1.18, where it had another name. */
export const knativeLabels: Readonly<Record<string, { readonly openTelemetry: string; readonly older?: string }>> = {
  http_request_method: { openTelemetry: 'http.request.method' },
  http_response_status_code: { openTelemetry: 'http.response.status_code' },
  kn_route_tag: { openTelemetry: 'kn.route.tag' },
  kn_service_name: { openTelemetry: 'kn.service.name', older: 'service_name' },
  kn_configuration_name: { openTelemetry: 'kn.configuration.name', older: 'configuration_name' },
  kn_revision_name: { openTelemetry: 'kn.revision.name', older: 'revision_name' },
  k8s_namespace_name: { openTelemetry: 'k8s.namespace.name', older: 'namespace_name' },
  network_protocol_name: { openTelemetry: 'network.protocol.name' },
  network_protocol_version: { openTelemetry: 'network.protocol.version' },
  server_address: { openTelemetry: 'server.address' },
  server_port: { openTelemetry: 'server.port' },
  cpu_mode: { openTelemetry: 'cpu.mode' },
  error_type: { openTelemetry: 'error.type' },
  url_scheme: { openTelemetry: 'url.scheme' },
};
