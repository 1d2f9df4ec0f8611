/** The autoscaler's flags and environment. */
import { SettingsReader, type Checked, type Environment } from '@sluice/kernel';
import { logLevels, type LogLevel } from '@sluice/telemetry';

export interface AutoscalerSettings {
  /** `host:port` of the config service, where load comes from. */
  readonly configService: string;
  /** Where `/metrics` and `/ready` listen. Default all addresses, port 9090, as Knative's autoscaler. */
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Namespace of the control plane. Default `sluice-system`. */
  readonly systemNamespace: string;
  readonly podName: string;
  readonly logLevel: LogLevel;
}

export function readSettings(flags: readonly string[], environment: Environment): Checked<AutoscalerSettings> {
  const reader = new SettingsReader(flags, environment);
  return reader.finish({
    configService: reader.text({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' }),
    metricsHost: reader.text({ flag: 'metrics-host', variable: 'POD_IP' }, '0.0.0.0'),
    metricsPort: reader.port({ flag: 'metrics-port' }, 9090),
    systemNamespace: reader.text({ flag: 'system-namespace', variable: 'SYSTEM_NAMESPACE' }, 'sluice-system'),
    podName: reader.text({ variable: 'POD_NAME' }, 'autoscaler'),
    logLevel: reader.choice({ flag: 'log-level', variable: 'LOG_LEVEL' }, logLevels, 'info'),
  });
}
