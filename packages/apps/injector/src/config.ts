/** The injector's flags and environment. */
import { SettingsReader, type Checked, type Environment } from '@sluice/kernel';
import type { IpFamily } from './injection/pod.ts';
import { proxyLogLevels, type InjectionSettings } from './injection/pod-settings.ts';
import { logLevels, type LogLevel } from '@sluice/telemetry';

export interface InjectorSettings {
  /** Where API servers call. Default port 8443. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly systemNamespace: string;
  /** The Service by which API servers find it: its name is what the certificate is for. */
  readonly serviceName: string;
  /** The Secret that holds the certificates, in the system's namespace. */
  readonly secretName: string;
  /** `self`: they are made here, and webhook configurations are told whom to trust. `given`: both is somebody else's work (cert-manager). */
  readonly certificates: 'self' | 'given';
  /** The webhook configurations that lead here. */
  readonly mutatingConfigurations: readonly string[];
  readonly validatingConfigurations: readonly string[];
  /** Whether the pod of a Service is tried where that is asked for, which needs the right to create pods: `--pod-dry-run`, default `on`. */
  readonly triesPods: boolean;
  /** How pods get their proxies. Undefined: none does. `--proxy-image`. */
  readonly injection: InjectionSettings | undefined;
  /** What becomes of pods that have no proxy and should. Default `off`. */
  readonly repair: 'off' | 'report' | 'delete';
  /** Of this replica, among all. */
  readonly identity: string;
  /** Where `/metrics` and `/ready` are served. */
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** After SIGTERM: how long to go on answering, until API servers have heard of it. Milliseconds. */
  readonly drainGraceMs: number;
  readonly logLevel: LogLevel;
}

export function readSettings(flags: readonly string[], environment: Environment): Checked<InjectorSettings> {
  const reader = new SettingsReader(flags, environment);
  const host = reader.text({ flag: 'host', variable: 'POD_IP' }, '0.0.0.0');
  const systemNamespace = reader.text({ flag: 'system-namespace', variable: 'SYSTEM_NAMESPACE' }, 'sluice-system');
  return reader.finish({
    host,
    port: reader.port({ flag: 'port' }, 8443),
    systemNamespace,
    serviceName: reader.text({ flag: 'service-name' }, 'sluice-injector'),
    secretName: reader.text({ flag: 'secret-name' }, 'sluice-injector-certificates'),
    certificates: reader.choice({ flag: 'certificates' }, ['self', 'given'], 'self'),
    mutatingConfigurations: namesOf(reader.text({ flag: 'mutating-configurations' }, '')),
    validatingConfigurations: namesOf(reader.text({ flag: 'validating-configurations' }, '')),
    triesPods: reader.choice({ flag: 'pod-dry-run' }, ['on', 'off'], 'on') === 'on',
    injection: readInjection(reader, systemNamespace),
    repair: reader.choice({ flag: 'repair' }, ['off', 'report', 'delete'], 'off'),
    identity: reader.text({ flag: 'identity', variable: 'POD_NAME' }, 'injector'),
    metricsHost: reader.text({ flag: 'metrics-host' }, host),
    metricsPort: reader.port({ flag: 'metrics-port' }, 9090),
    drainGraceMs: reader.number({ flag: 'drain-grace-ms' }, { fallback: 0 }),
    logLevel: reader.choice({ flag: 'log-level' }, logLevels, 'info'),
  });
}

/** Kubernetes' own: what a cluster needs to mend itself must not depend on anything of ours. */
const kubernetesNamespaces = ['kube-system', 'kube-public', 'kube-node-lease'];

function readInjection(reader: SettingsReader, systemNamespace: string): InjectionSettings | undefined {
  const image = reader.text({ flag: 'proxy-image' }, '');
  const settings: InjectionSettings = {
    image,
    imagePullPolicy: reader.choice({ flag: 'proxy-pull-policy' }, ['Always', 'IfNotPresent', 'Never'], 'IfNotPresent'),
    captureImage: reader.text({ flag: 'capture-image' }, ''),
    nativeSidecars: reader.boolean({ flag: 'native-sidecars' }, true),
    capture: reader.choice({ flag: 'capture' }, ['explicit', 'iptables'], 'explicit'),
    ipFamilies: reader.choice({ flag: 'ip-families' }, ['IPv4', 'IPv6', 'IPv4,IPv6'], 'IPv4').split(',') as IpFamily[],
    configService: readAddress(reader, 'config-service'),
    command: readCommand(reader),
    addresses: reader.choice({ flag: 'pod-addresses' }, ['own', 'shared'], 'own'),
    rewritesProbes: reader.boolean({ flag: 'rewrite-probes' }, true),
    logLevel: reader.choice({ flag: 'proxy-log-level' }, proxyLogLevels, 'warning'),
    concurrency: reader.number({ flag: 'proxy-concurrency' }, { fallback: 1, min: 1, max: 999 }),
    resources: readResources(reader),
    excludedNamespaces: [...kubernetesNamespaces, systemNamespace],
  };
  if (image !== '' && settings.capture === 'iptables' && settings.captureImage === '') reader.report({ flag: 'capture-image' }, 'is required with --capture=iptables');
  return image === '' ? undefined : settings;
}

/** `host:port`. Absent or empty: undefined. */
function readAddress(reader: SettingsReader, flag: string): { readonly host: string; readonly port: number } | undefined {
  const text = reader.text({ flag }, '');
  const [, host = '', port = ''] = /^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(text) ?? [];
  if (text === '') return undefined;
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) reader.report({ flag }, `must be host:port, but was ${JSON.stringify(text)}`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Words in JSON. */
function readCommand(reader: SettingsReader): readonly string[] {
  const text = reader.text({ flag: 'proxy-command' }, '[]');
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // Said below.
  }
  reader.report({ flag: 'proxy-command' }, `must be a list of words in JSON, but was ${JSON.stringify(text)}`);
  return [];
}

/** Requests and limits as a container has them, in JSON. */
function readResources(reader: SettingsReader): InjectionSettings['resources'] {
  const text = reader.text({ flag: 'proxy-resources' }, '{}');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  reader.report({ flag: 'proxy-resources' }, `must be an object in JSON with requests and limits, but was ${JSON.stringify(text)}`);
  return {};
}

function namesOf(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}
