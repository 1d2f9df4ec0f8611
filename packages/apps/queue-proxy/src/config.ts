/**
 * The sidecar's environment: Knative's contract, so that any controller that makes pods for Knative makes them
 * for us, and a few variables of our own. https://github.com/knative/serving/blob/main/pkg/queue/sharedmain/main.go
 */
import { readClientTlsSettings, SettingsReader, type Checked, type ClientTlsSettings, type Environment } from '@sluice/kernel';
import type { MetricNames } from '@sluice/proxy';
import { toLogLevel, type LogLevel } from '@sluice/telemetry';
import { olderMetricsVariable, readOlderObservability } from './older-observability.ts';
import { readObservability, unsaidObservability, type ObservabilitySettings } from './observability.ts';
import { parseProbes, type ProgramProbe } from './program-probe.ts';
import { readTlsSettings, type ServingTlsSettings } from './tls-settings.ts';

export interface QueueProxySettings {
  /** Requests the program may have at once; 0 for no limit. */
  readonly containerConcurrency: number;
  /** Requests in flight that the revision's annotation asks for; 0 where it does not. Ours: `SLUICE_SCALING_TARGET`. */
  readonly scalingTarget: number;
  /** Where requests come in: 8012, or 8013 for h2c. */
  readonly servingPort: number;
  /** The same over TLS, where there is a certificate. Knative: 8112. */
  readonly tlsPort: number;
  readonly tls: ServingTlsSettings;
  /** Folder of `tls.crt` and `tls.key`. Knative: `/var/lib/knative/certs`. Ours to move: `SLUICE_CERTIFICATE_DIRECTORY`. */
  readonly certificateDirectory: string;
  /** Where the program listens, on this pod's own loopback. */
  readonly userPort: number;
  /** Seconds; 0 is off. */
  readonly timeoutSeconds: number;
  readonly responseStartTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  readonly identity: PodIdentity;
  /** How to ask the program whether it is ready; empty when nothing was said. */
  readonly probes: readonly ProgramProbe[];
  /** Whether probes over HTTP find out if the program speaks HTTP/2. */
  readonly detectsHttp2: boolean;
  readonly observability: ObservabilitySettings;
  /** Under which names requests are measured. Ours: `SLUICE_METRIC_NAMES`, `newest`, `older` (Knative up to 1.18) or `both`. */
  readonly metricNames: MetricNames;
  /** Certificates in PEM that are believed besides the system's, by whoever asks others over TLS: for collectors. Empty: none. Knative: `ROOT_CA`. */
  readonly rootCa: string;
  /** `host:port` where load is reported; undefined reports to nobody, and stays scrapable. */
  readonly configService: string | undefined;
  /**
   * How it is spoken to over TLS; undefined: without. `SLUICE_CONFIG_SERVICE_CA`, as text or as a path, is all that our controller
   * gives: pods hold no certificate of their own. Whoever mounts one names it by `…_CERTIFICATE` and `…_KEY`.
   */
  readonly configServiceTls: ClientTlsSettings | undefined;
  /** `/wait-for-drain`. Knative: 8022. */
  readonly adminPort: number;
  /** Statistics for an autoscaler that scrapes. Knative: 9090. */
  readonly autoscalerMetricsPort: number;
  /** Request metrics for Prometheus. Knative: 9091. */
  readonly userMetricsPort: number;
  /** Of the profiler. Knative: 8008. */
  readonly profilingPort: number;
  /** How long no request must have come before a drained sidecar stops. Ours: `--quiet-period-ms` or `SLUICE_QUIET_PERIOD_MS`, default 30 000. */
  readonly quietPeriodMs: number;
  readonly logLevel: LogLevel;
  /** How to read from the network; `auto` finds out. */
  readonly transport: 'auto' | 'reused' | 'events';
}

export interface PodIdentity {
  readonly namespace: string;
  /** Empty when the revision belongs to no Service. */
  readonly service: string;
  readonly configuration: string;
  readonly revision: string;
  readonly pod: string;
  readonly podIp: string;
}

/** @param flags for whoever makes the pods' command and not their environment: the quiet period */
export function readSettings(flags: readonly string[], environment: Environment): Checked<QueueProxySettings> {
  const reader = new SettingsReader(flags, environment);
  const variable = (name: string) => ({ variable: name });
  const seconds = (name: string) => reader.number(variable(name), { fallback: 0, isWhole: false });
  const probeSource = variable('SERVING_READINESS_PROBE');
  const probes = parseProbes(reader.find(probeSource) ?? '');
  if (!probes.ok) for (const { path, message } of probes.problems) reader.report(probeSource, [path, message].filter(Boolean).join(' '));
  // They must exist, though they may be empty.
  for (const name of ['SERVING_LOGGING_CONFIG', 'SERVING_LOGGING_LEVEL']) reader.text(variable(name));
  // Both ways at once is how bodies pass here anyway, and a list of probes is told from one by its brackets.
  for (const name of ['ENABLE_HTTP_FULL_DUPLEX', 'ENABLE_MULTI_CONTAINER_PROBES']) reader.boolean(variable(name), false);
  const observabilitySource = variable('OBSERVABILITY_CONFIG');
  const said = reader.find(observabilitySource) ?? '';
  const observability =
    said.trim() === ''
      ? readOlderObservability(reader, unsaidObservability)
      : readObservability(said, ({ path, message }) => reader.report(observabilitySource, [path, message].filter(Boolean).join(' ')));
  // Whoever sets this looks at what was measured in its time.
  const isOlder = said.trim() === '' && Boolean(reader.find(variable(olderMetricsVariable)));
  return reader.finish({
    containerConcurrency: reader.number(variable('CONTAINER_CONCURRENCY')),
    scalingTarget: seconds('SLUICE_SCALING_TARGET'),
    servingPort: reader.port(variable('QUEUE_SERVING_PORT')),
    tlsPort: reader.port(variable('QUEUE_SERVING_TLS_PORT')),
    tls: readTlsSettings(reader, 'QUEUE_PROXY_TLS'),
    certificateDirectory: reader.text(variable('SLUICE_CERTIFICATE_DIRECTORY'), '/var/lib/knative/certs'),
    userPort: reader.port(variable('USER_PORT')),
    timeoutSeconds: reader.number(variable('REVISION_TIMEOUT_SECONDS'), { isWhole: false }),
    responseStartTimeoutSeconds: seconds('REVISION_RESPONSE_START_TIMEOUT_SECONDS'),
    idleTimeoutSeconds: seconds('REVISION_IDLE_TIMEOUT_SECONDS'),
    identity: {
      namespace: reader.text(variable('SERVING_NAMESPACE')),
      service: reader.text(variable('SERVING_SERVICE'), ''),
      configuration: reader.text(variable('SERVING_CONFIGURATION')),
      revision: reader.text(variable('SERVING_REVISION')),
      pod: reader.text(variable('SERVING_POD')),
      podIp: reader.text(variable('SERVING_POD_IP')),
    },
    probes: probes.ok ? probes.value : [],
    detectsHttp2: reader.boolean(variable('ENABLE_HTTP2_AUTO_DETECTION'), false),
    observability,
    metricNames: reader.choice(variable('SLUICE_METRIC_NAMES'), ['newest', 'older', 'both'], isOlder ? 'older' : 'newest'),
    rootCa: readRootCa(reader),
    configService: reader.find(variable('SLUICE_CONFIG_SERVICE')) || undefined,
    configServiceTls: readClientTlsSettings(reader, 'config-service'),
    adminPort: reader.port(variable('SLUICE_ADMIN_PORT'), 8022),
    autoscalerMetricsPort: reader.port(variable('SLUICE_AUTOSCALER_METRICS_PORT'), 9090),
    userMetricsPort: reader.port(variable('SLUICE_USER_METRICS_PORT'), 9091),
    profilingPort: reader.port(variable('PROFILING_PORT'), 8008),
    quietPeriodMs: reader.number({ flag: 'quiet-period-ms', variable: 'SLUICE_QUIET_PERIOD_MS' }, { fallback: 30_000 }),
    logLevel: readLevel(environment),
    transport: reader.choice(variable('SLUICE_TRANSPORT'), ['auto', 'reused', 'events'], 'auto'),
  });
}

/** Whether they can be read turns out when they are used: looking at them costs a start more than all the rest of this. */
function readRootCa(reader: SettingsReader): string {
  const source = { variable: 'ROOT_CA' };
  const text = reader.find(source) ?? '';
  if (text.trim() === '') return '';
  if (!/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.test(text)) reader.report(source, 'must hold certificates in PEM (-----BEGIN CERTIFICATE-----)');
  return text;
}

/** What the level says; without it, what the logger's configuration says. */
function readLevel(environment: Environment): LogLevel {
  const given = environment['SERVING_LOGGING_LEVEL'];
  if (given) return toLogLevel(given);
  const config = environment['SERVING_LOGGING_CONFIG'];
  if (!config) return toLogLevel();
  try {
    const parsed: unknown = JSON.parse(config);
    const level = typeof parsed === 'object' && parsed !== null && 'level' in parsed ? parsed.level : undefined;
    return toLogLevel(typeof level === 'string' ? level : '');
  } catch {
    // A pod should not fail to start over its logging.
    return toLogLevel();
  }
}
