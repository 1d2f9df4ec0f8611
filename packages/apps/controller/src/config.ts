/** The settings of the controller. */
import { SettingsReader, type Checked, type Environment } from '@sluice/kernel';
import { logLevels, type LogLevel } from '@sluice/telemetry';

export interface ControllerConfig {
  /** Where sidecars report their load: `host:port`. Empty: nowhere. */
  readonly configService: string;
  /** Where the control plane and its ConfigMaps live. */
  readonly systemNamespace: string;
  /** Where `/metrics` and `/ready` are served. */
  readonly metricsHost: string;
  /** 0 takes any free port. */
  readonly metricsPort: number;
  readonly logLevel: LogLevel;
}

/** The API server itself is found by `KUBECONFIG` or from inside a cluster. */
export function readConfig(flags: readonly string[], environment: Environment): Checked<ControllerConfig> {
  const reader = new SettingsReader(flags, environment);
  return reader.finish({
    configService: reader.text({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' }, ''),
    systemNamespace: reader.text({ flag: 'system-namespace', variable: 'SYSTEM_NAMESPACE' }, 'sluice-system'),
    metricsHost: reader.text({ flag: 'metrics-host', variable: 'POD_IP' }, '0.0.0.0'),
    metricsPort: reader.port({ flag: 'metrics-port' }, 9090),
    logLevel: reader.choice({ flag: 'log-level' }, logLevels, 'info'),
  });
}
