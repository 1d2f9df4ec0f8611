/** The autoscaler's flags and environment. */
import { readClientTlsSettings, SettingsReader, type Checked, type ClientTlsSettings, type Environment } from '@sluice/kernel';
import { logLevels, metricNameChoices, type LogLevel, type MetricNames } from '@sluice/telemetry';
import type { ScrapeMode } from './scraping/scraping.ts';

export interface AutoscalerSettings {
  /** `host:port` of the config service, where load comes from. Absent: only from scrapes and websockets, as Knative has it. */
  readonly configService: string | undefined;
  /** How it and its replicas are spoken to over TLS; undefined: without. `--config-service-ca`, `-certificate`, `-key`, `-server-name`. */
  readonly configServiceTls: ClientTlsSettings | undefined;
  /** Where `/metrics` and `/ready` listen. Default all addresses, port 9090, as Knative's autoscaler. */
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Where activators send statistics by websocket, on the host of the metrics. Knative's is 8080; default 0, which is not at all. */
  readonly statsPort: number;
  /** Which pods are asked for their load. Default `auto` with a config service, `all` without. */
  readonly scrape: ScrapeMode;
  /** Whether the work is shared with other replicas by Leases, as `config-leader-election` says. Default false: there are none. */
  readonly leaderElection: boolean;
  /** Needed for that: how other replicas reach this one. */
  readonly podIp: string | undefined;
  /** A file that the load is written to as it comes, for `sluice autoscaler simulate`. Default none. */
  readonly recordLoad: string | undefined;
  /** Namespace of the control plane. Default `sluice-system`. */
  readonly systemNamespace: string;
  readonly podName: string;
  /** `SLUICE_METRIC_NAMES`: `newest`, `older` (Knative up to 1.18) or `both`. */
  readonly metricNames: MetricNames;
  /** Of the profiler, which listens while `runtime-profiling` is on. `PROFILING_PORT`, default 8008, as Knative's. */
  readonly profilingPort: number;
  readonly logLevel: LogLevel;
}

const scrapeModes = ['auto', 'all', 'off'] as const;

export function readSettings(flags: readonly string[], environment: Environment): Checked<AutoscalerSettings> {
  const reader = new SettingsReader(flags, environment);
  const configService = reader.find({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' });
  const configServiceTls = readClientTlsSettings(reader, 'config-service');
  if (configServiceTls && !configService) reader.report({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' }, 'is required with --config-service-ca');
  const leaderElection = reader.boolean({ flag: 'leader-election' }, false);
  const podIp = reader.find({ variable: 'POD_IP' });
  if (leaderElection && !podIp) reader.report({ variable: 'POD_IP' }, 'is required with --leader-election');
  return reader.finish({
    configService: configService === '' ? undefined : configService,
    configServiceTls,
    metricsHost: reader.text({ flag: 'metrics-host', variable: 'POD_IP' }, '0.0.0.0'),
    metricsPort: reader.port({ flag: 'metrics-port' }, 9090),
    statsPort: reader.port({ flag: 'stats-port' }, 0),
    scrape: reader.choice({ flag: 'scrape' }, scrapeModes, configService ? 'auto' : 'all'),
    leaderElection,
    podIp,
    recordLoad: reader.find({ flag: 'record-load' }),
    systemNamespace: reader.text({ flag: 'system-namespace', variable: 'SYSTEM_NAMESPACE' }, 'sluice-system'),
    podName: reader.text({ variable: 'POD_NAME' }, 'autoscaler'),
    metricNames: reader.choice({ variable: 'SLUICE_METRIC_NAMES' }, metricNameChoices, 'newest'),
    profilingPort: reader.port({ variable: 'PROFILING_PORT' }, 8008),
    logLevel: reader.choice({ flag: 'log-level', variable: 'LOG_LEVEL' }, logLevels, 'info'),
  });
}
