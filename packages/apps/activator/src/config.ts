/** The activator's flags and environment. */
import { DEFAULT_PROBING_RHYTHM, PROBE_TIMEOUT_MS, type PodProbingRhythm } from '@sluice/admission';
import { parseAddress, parseDuration, readClientTlsSettings, SettingsReader, type Address, type Checked, type ClientTlsSettings, type Environment } from '@sluice/kernel';
import type { MetricNames } from '@sluice/proxy';
import { logLevels, type LogLevel } from '@sluice/telemetry';

export interface ActivatorSettings {
  /** `host:port` of the config service. */
  readonly configService: string;
  /** How it is spoken to over TLS; undefined: without. `--config-service-ca`, `-certificate`, `-key`, `-server-name`. */
  readonly configServiceTls: ClientTlsSettings | undefined;
  readonly identity: ActivatorIdentity;
  /** Address of all listeners; undefined leaves it to the configuration. Default: the pod's, where that is a loopback address. */
  readonly listenHost: string | undefined;
  /** Where `/metrics` and `/logging` listen. Default port 9090, as Knative's activator. */
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** After SIGTERM: how long to go on accepting, and when what still runs or waits is cut. Milliseconds. */
  readonly drainGraceMs: number;
  readonly drainDeadlineMs: number;
  /** Where an autoscaler of Knative's takes statistics by websocket, `host:port`; undefined: ours alone hears of them. `--autoscaler-statistics`. */
  readonly stockAutoscaler: Address | undefined;
  /** How pods are asked whether they are ready. Knative's `PROBE_TIMEOUT`, and `PROBE_FREQUENCY` where the intervals end up. */
  readonly probing: { readonly rhythm: PodProbingRhythm; readonly timeoutMs: number };
  /** How many connections to pods may lie idle, in all and to one: Knative's `MAX_IDLE_PROXY_CONNS` and `MAX_IDLE_PROXY_CONNS_PER_HOST`. 0, and unsaid: no limit. */
  readonly idleConnections: { readonly totalMax: number; readonly perHostMax: number };
  /** `SLUICE_METRIC_NAMES`: `newest`, `older` (Knative up to 1.18) or `both`. */
  readonly metricNames: MetricNames;
  /** A line for each request in this form, Knative's `logging.request-log-template`; empty for none. `SLUICE_REQUEST_LOG_TEMPLATE`. */
  readonly requestLogTemplate: string;
  /** Of the profiler, which listens while `runtime-profiling` is on. `PROFILING_PORT`, default 8008, as Knative's. */
  readonly profilingPort: number;
  readonly logLevel: LogLevel;
  /** How to read from the network; `auto` finds out. `SLUICE_TRANSPORT`. */
  readonly transport: 'auto' | 'reused' | 'events';
}

export interface ActivatorIdentity {
  readonly pod: string;
  readonly podIp: string;
  readonly namespace: string;
}

export function readSettings(flags: readonly string[], environment: Environment): Checked<ActivatorSettings> {
  const reader = new SettingsReader(flags, environment);
  const podIp = reader.text({ variable: 'POD_IP' });
  // Pods that share a machine's network each have a loopback address of their own, and must leave the others theirs.
  const sharedHost = podIp.startsWith('127.') ? podIp : undefined;
  const concurrency = { flag: 'concurrency', variable: 'SLUICE_CONCURRENCY' };
  if (reader.number(concurrency, { fallback: 1, min: 1 }) > 1) reader.report(concurrency, 'must be 1: its limits hold exactly because they count in one thread; run more activators instead');
  return reader.finish({
    configService: reader.text({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' }),
    configServiceTls: readClientTlsSettings(reader, 'config-service'),
    identity: {
      pod: reader.text({ variable: 'POD_NAME' }),
      podIp,
      namespace: reader.text({ variable: 'POD_NAMESPACE' }, 'sluice-system'),
    },
    listenHost: reader.find({ flag: 'listen-host' }) ?? sharedHost,
    metricsHost: reader.text({ flag: 'metrics-host' }, sharedHost ?? '0.0.0.0'),
    metricsPort: reader.port({ flag: 'metrics-port' }, 9090),
    drainGraceMs: reader.number({ flag: 'drain-grace-ms' }, { fallback: 0 }),
    drainDeadlineMs: reader.number({ flag: 'drain-deadline-ms' }, { fallback: 30_000 }),
    stockAutoscaler: readAddress(reader),
    probing: {
      rhythm: { ...DEFAULT_PROBING_RHYTHM, intervalMsMax: readDuration(reader, 'PROBE_FREQUENCY', DEFAULT_PROBING_RHYTHM.intervalMsMax) },
      timeoutMs: readDuration(reader, 'PROBE_TIMEOUT', PROBE_TIMEOUT_MS),
    },
    idleConnections: {
      totalMax: reader.number({ variable: 'MAX_IDLE_PROXY_CONNS' }, { fallback: 0 }),
      perHostMax: reader.number({ variable: 'MAX_IDLE_PROXY_CONNS_PER_HOST' }, { fallback: 0 }),
    },
    metricNames: reader.choice({ variable: 'SLUICE_METRIC_NAMES' }, ['newest', 'older', 'both'], 'newest'),
    requestLogTemplate: reader.text({ variable: 'SLUICE_REQUEST_LOG_TEMPLATE' }, ''),
    profilingPort: reader.port({ variable: 'PROFILING_PORT' }, 8008),
    logLevel: reader.choice({ flag: 'log-level', variable: 'LOG_LEVEL' }, logLevels, 'info'),
    transport: reader.choice({ variable: 'SLUICE_TRANSPORT' }, ['auto', 'reused', 'events'], 'auto'),
  });
}

function readAddress(reader: SettingsReader): Address | undefined {
  const source = { flag: 'autoscaler-statistics', variable: 'SLUICE_AUTOSCALER_STATISTICS' };
  const text = reader.find(source);
  if (text === undefined || text === '') return undefined;
  const address = parseAddress(text);
  if (address.path === undefined) return address;
  reader.report(source, `must be host:port, but was ${JSON.stringify(text)}`);
  return undefined;
}

function readDuration(reader: SettingsReader, variable: string, fallbackMs: number): number {
  const text = reader.find({ variable });
  if (text === undefined || text === '') return fallbackMs;
  const durationMs = parseDuration(text);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  reader.report({ variable }, `must be a duration above zero such as 200ms, but was ${JSON.stringify(text)}`);
  return fallbackMs;
}
