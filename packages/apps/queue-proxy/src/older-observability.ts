/**
 * What is to be measured, logged and profiled, as controllers of Knative up to 1.18 say it: by a variable for each thing. Later ones
 * say it all in `OBSERVABILITY_CONFIG`, which goes before.
 * https://github.com/knative/serving/blob/release-1.17/pkg/queue/sharedmain/main.go
 */
import type { SettingsReader } from '@sluice/kernel';
import type { ObservabilitySettings } from './observability.ts';

const variable = (name: string) => ({ variable: name });

/** By this variable one can tell that a controller is of that time. */
export const olderMetricsVariable = 'SERVING_REQUEST_METRICS_BACKEND';

/** Of what it does not say, `unsaid` holds. Backends of that time that are not spoken here (OpenCensus, Zipkin) are refused. */
export function readOlderObservability(reader: SettingsReader, unsaid: ObservabilitySettings): ObservabilitySettings {
  const metrics = reader.choice(variable(olderMetricsVariable), ['none', 'prometheus'], unsaid.requestMetrics.protocol === 'prometheus' ? 'prometheus' : 'none');
  reader.choice(variable('TRACING_CONFIG_BACKEND'), ['none'], 'none');
  const logsProbes = reader.boolean(variable('SERVING_ENABLE_PROBE_REQUEST_LOG'), false);
  const logs = reader.boolean(variable('SERVING_ENABLE_REQUEST_LOG'), false) || logsProbes;
  return {
    ...unsaid,
    requestMetrics: { ...unsaid.requestMetrics, protocol: metrics },
    requestLog: logs ? { template: reader.text(variable('SERVING_REQUEST_LOG_TEMPLATE'), ''), logsProbes } : undefined,
    isProfiling: reader.boolean(variable('ENABLE_PROFILING'), false),
  };
}
