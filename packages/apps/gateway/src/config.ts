/** The gateway's flags and environment. */
import { readClientTlsSettings, SettingsReader, type Checked, type ClientTlsSettings, type Environment } from '@sluice/kernel';
import { logLevels, type LogLevel } from '@sluice/telemetry';

export interface GatewaySettings {
  /** `host:port` of the config service. */
  readonly configService: string;
  /** How it is spoken to over TLS; undefined: without. `--config-service-ca`, `-certificate`, `-key`, `-server-name`. */
  readonly configServiceTls: ClientTlsSettings | undefined;
  readonly identity: GatewayIdentity;
  /** Address of all listeners; undefined leaves it to the configuration. Default: the pod's, where that is a loopback address. */
  readonly listenHost: string | undefined;
  /** Ports instead of the configuration's; undefined leaves them to it. */
  readonly httpPort: number | undefined;
  readonly internalPort: number | undefined;
  /** Where the admin pages listen. Default port 9901, Envoy's; 0 for none. */
  readonly adminHost: string;
  readonly adminPort: number;
  /** Whether access logs are written where the configuration says, or not at all. */
  readonly accessLog: 'as-configured' | 'off';
  /** Of which clusters load is reported to the config service: those that ask for it (`lrs_server`, the default), or all. `--load-reports`. */
  readonly loadReports: 'as-configured' | 'all';
  /** After SIGTERM: how long to go on accepting, and when what still runs is cut. Milliseconds. */
  readonly drainGraceMs: number;
  readonly drainDeadlineMs: number;
  /** Worker threads that share what is configured; 1, the default, serves in the main thread. */
  readonly concurrency: number;
  /** Of the profiler, which listens while `runtime-profiling` is on. `PROFILING_PORT`, default 8008, as Knative's. */
  readonly profilingPort: number;
  readonly logLevel: LogLevel;
  /** How to read from the network; `auto` finds out. `SLUICE_TRANSPORT`. */
  readonly transport: 'auto' | 'reused' | 'events';
}

export interface GatewayIdentity {
  readonly pod: string;
  readonly podIp: string;
  readonly namespace: string;
}

export function readSettings(flags: readonly string[], environment: Environment): Checked<GatewaySettings> {
  const reader = new SettingsReader(flags, environment);
  const podIp = reader.text({ variable: 'POD_IP' }, '127.0.0.1');
  // Pods that share a machine's network each have a loopback address of their own, and must leave the others theirs.
  const sharedHost = podIp.startsWith('127.') ? podIp : undefined;
  return reader.finish({
    configService: reader.text({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' }),
    configServiceTls: readClientTlsSettings(reader, 'config-service'),
    identity: {
      pod: reader.text({ variable: 'POD_NAME' }, 'gateway'),
      podIp,
      namespace: reader.text({ variable: 'POD_NAMESPACE' }, 'sluice-system'),
    },
    listenHost: reader.find({ flag: 'listen-host' }) ?? sharedHost,
    httpPort: findPort(reader, 'http-port'),
    internalPort: findPort(reader, 'internal-port'),
    adminHost: reader.text({ flag: 'admin-host' }, sharedHost ?? '0.0.0.0'),
    adminPort: reader.port({ flag: 'admin-port' }, 9901),
    accessLog: reader.choice({ flag: 'access-log' }, ['as-configured', 'off'], 'as-configured'),
    loadReports: reader.choice({ flag: 'load-reports' }, ['as-configured', 'all'], 'as-configured'),
    drainGraceMs: reader.number({ flag: 'drain-grace-ms' }, { fallback: 0 }),
    drainDeadlineMs: reader.number({ flag: 'drain-deadline-ms' }, { fallback: 5000 }),
    concurrency: reader.number({ flag: 'concurrency', variable: 'SLUICE_CONCURRENCY' }, { fallback: 1, min: 1 }),
    profilingPort: reader.port({ variable: 'PROFILING_PORT' }, 8008),
    logLevel: reader.choice({ flag: 'log-level', variable: 'LOG_LEVEL' }, logLevels, 'info'),
    transport: reader.choice({ variable: 'SLUICE_TRANSPORT' }, ['auto', 'reused', 'events'], 'auto'),
  });
}

function findPort(reader: SettingsReader, flag: string): number | undefined {
  return reader.find({ flag }) === undefined ? undefined : reader.port({ flag });
}
