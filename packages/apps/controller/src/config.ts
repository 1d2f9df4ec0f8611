/** The settings of the controller. */
import { readClientTlsSettings, SettingsReader, type Checked, type ClientTlsSettings, type Environment } from '@sluice/kernel';
import { logLevels, type LogLevel } from '@sluice/telemetry';

export interface ControllerConfig {
  /** Where sidecars report their load: `host:port`. Empty: nowhere. */
  readonly configService: string;
  /**
   * By whose word sidecars believe it: `--config-service-ca`, whose content goes into the environment of pods. Their certificates are not
   * ours to give, so there is nothing else of TLS here. Undefined: without TLS.
   */
  readonly configServiceTls: ClientTlsSettings | undefined;
  /** The Secret with the authority that signs Certificates of our class: `--certificate-authority-secret`. Undefined: none are signed. */
  readonly authoritySecret: string | undefined;
  /** Whether registries are asked for the digests of images: `--resolve-image-digests`. */
  readonly resolvesDigests: boolean;
  /** Whether pods see the Secrets that they mount: `--pods-see-secrets`, default `on`. On a laptop they do not. */
  readonly podsSeeSecrets: boolean;
  /** Who this is among several replicas: `POD_NAME`, with `--leader-election`. Undefined: it is the only one. */
  readonly identity: string | undefined;
  /** Where the control plane and its ConfigMaps live. */
  readonly systemNamespace: string;
  /** By which Service clients in the cluster reach our gateways: `--gateway-internal-service namespace/name`, default the chart's. */
  readonly gatewayService: string;
  /** Where `/metrics` and `/ready` are served. */
  readonly metricsHost: string;
  /** 0 takes any free port. */
  readonly metricsPort: number;
  /** `POD_NAME`, default `controller`. */
  readonly podName: string;
  /** Of the profiler, which listens while `runtime-profiling` is on. `PROFILING_PORT`, default 8008, as Knative's. */
  readonly profilingPort: number;
  readonly logLevel: LogLevel;
}

/** The API server itself is found by `KUBECONFIG` or from inside a cluster. */
export function readConfig(flags: readonly string[], environment: Environment): Checked<ControllerConfig> {
  const reader = new SettingsReader(flags, environment);
  const configService = reader.text({ flag: 'config-service', variable: 'SLUICE_CONFIG_SERVICE' }, '');
  const configServiceTls = readClientTlsSettings(reader, 'config-service');
  if (configServiceTls && configService === '') reader.report({ flag: 'config-service' }, 'is required with --config-service-ca');
  if (configServiceTls?.identity) reader.report({ flag: 'config-service-certificate' }, 'is not allowed here: sidecars are in the hands of whoever makes pods, and are given no key');
  const podName = reader.text({ variable: 'POD_NAME' }, '');
  const isShared = reader.boolean({ flag: 'leader-election' }, false);
  if (isShared && podName === '') reader.report({ variable: 'POD_NAME' }, 'is required with --leader-election');
  const systemNamespace = reader.text({ flag: 'system-namespace', variable: 'SYSTEM_NAMESPACE' }, 'sluice-system');
  const gatewayService = reader.text({ flag: 'gateway-internal-service' }, `${systemNamespace}/sluice-gateway-internal`);
  if (!/^[^/]+\/[^/]+$/.test(gatewayService)) reader.report({ flag: 'gateway-internal-service' }, `must be namespace/name, but was ${JSON.stringify(gatewayService)}`);
  return reader.finish({
    identity: isShared ? podName : undefined,
    configService,
    configServiceTls,
    authoritySecret: reader.text({ flag: 'certificate-authority-secret' }, '') || undefined,
    resolvesDigests: reader.choice({ flag: 'resolve-image-digests' }, ['on', 'off'], 'off') === 'on',
    podsSeeSecrets: reader.choice({ flag: 'pods-see-secrets' }, ['on', 'off'], 'on') === 'on',
    systemNamespace,
    gatewayService,
    metricsHost: reader.text({ flag: 'metrics-host', variable: 'POD_IP' }, '0.0.0.0'),
    metricsPort: reader.port({ flag: 'metrics-port' }, 9090),
    podName: reader.text({ variable: 'POD_NAME' }, 'controller'),
    profilingPort: reader.port({ variable: 'PROFILING_PORT' }, 8008),
    logLevel: reader.choice({ flag: 'log-level' }, logLevels, 'info'),
  });
}
