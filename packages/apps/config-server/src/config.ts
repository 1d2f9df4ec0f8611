/** The settings of the config service: flags and environment, all problems at once. */
import { SettingsReader, type Checked, type Environment } from '@sluice/kernel';
import { logLevels, type LogLevel } from '@sluice/telemetry';
import { defaultTranslateOptions, type TranslateOptions } from '@sluice/translator';

import { gatewayServicesIn, type GatewayServices } from './gateway-services.ts';

export interface ConfigServerSettings {
  /** Where gRPC is served, `host:port`. `--listen`, default `0.0.0.0:18000`. */
  readonly listen: string;
  /**
   * Where metrics and readiness are served; 0 for nowhere. `--metrics-port`, default 0, since it may share its
   * host with others; `--metrics-host`, default all addresses.
   */
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Where the control plane lives. `SYSTEM_NAMESPACE`, default `sluice-system`. */
  readonly systemNamespace: string;
  /** How this instance names itself to proxies. `POD_NAME`, default `config-server`. */
  readonly identity: string;
  /** Of the profiler, which listens while `runtime-profiling` is on. `PROFILING_PORT`, default 8008, as Knative's. */
  readonly profilingPort: number;
  /** `--log-level`, default `info`. */
  readonly logLevel: LogLevel;
  readonly translate: TranslateOptions;
  /**
   * Where Secrets with certificates are looked for, when gateways serve TLS; empty for all namespaces.
   * `--gateway-certificate-namespaces`, with commas between, default empty.
   */
  readonly certificateNamespaces: readonly string[];
  /** `--gateway-service`, `--gateway-internal-service`: `namespace/name`; default those of the chart in the system namespace. */
  readonly gatewayServices: GatewayServices;
  /** Where clients outside reach gateways, with commas between; empty: as the Service says. `--gateway-addresses`. */
  readonly gatewayAddresses: readonly string[];
  /** Absent: without TLS. `--tls-certificate` and `--tls-key`; with `--tls-client-ca` only clients that it vouches for. */
  readonly tls?: TlsFiles;
  /**
   * How old a connection grows before its client is sent to look for a replica anew, in ms; 0 for ever.
   * `--connection-age-max` in seconds, default 1 800: after a replica has come back, load evens out within that.
   */
  readonly connectionAgeMaxMs: number;
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientCertificateAuthority?: string;
}

/** @param flags the command line without the program */
export function readConfigServerSettings(flags: readonly string[], environment: Environment): Checked<ConfigServerSettings> {
  const reader = new SettingsReader(flags, environment);
  const { gateway, activator } = defaultTranslateOptions;
  const listen = reader.text({ flag: 'listen' }, '0.0.0.0:18000');
  if (!/^.+:\d{1,5}$/.test(listen)) reader.report({ flag: 'listen' }, `must be host:port, but was ${JSON.stringify(listen)}`);
  const tls = readTls(reader);
  const systemNamespace = reader.text({ variable: 'SYSTEM_NAMESPACE' }, 'sluice-system');
  return reader.finish({
    listen,
    ...(tls === undefined ? {} : { tls }),
    connectionAgeMaxMs: 1_000 * reader.number({ flag: 'connection-age-max' }, { fallback: 1_800, min: 0 }),
    metricsHost: reader.text({ flag: 'metrics-host' }, '0.0.0.0'),
    metricsPort: reader.port({ flag: 'metrics-port' }, 0),
    systemNamespace,
    gatewayAddresses: reader.text({ flag: 'gateway-addresses' }, '').split(',').filter((address) => address !== ''),
    gatewayServices: readGatewayServices(reader, systemNamespace),
    identity: reader.text({ variable: 'POD_NAME' }, 'config-server'),
    profilingPort: reader.port({ variable: 'PROFILING_PORT' }, 8008),
    logLevel: reader.choice({ flag: 'log-level' }, logLevels, 'info'),
    certificateNamespaces: reader.text({ flag: 'gateway-certificate-namespaces' }, '').split(',').filter((name) => name !== ''),
    translate: {
      gateway: {
        address: reader.text({ flag: 'gateway-address' }, gateway.address),
        externalPort: reader.port({ flag: 'gateway-external-port' }, gateway.externalPort),
        externalTlsPort: reader.port({ flag: 'gateway-external-tls-port' }, 0),
        internalTlsPort: reader.port({ flag: 'gateway-internal-tls-port' }, 0),
        morePorts: readMorePorts(reader),
        // Off unless asked for: on a machine shared with others a second port is a second chance of a clash.
        internalPort: reader.port({ flag: 'gateway-internal-port' }, 0),
        accessLogPath: reader.text({ flag: 'gateway-access-log' }, gateway.accessLogPath),
      },
      // Off unless asked for: activators open no port that nobody leads to.
      activator: { ...activator, tlsPort: reader.port({ flag: 'activator-tls-port' }, 0) },
    },
  });
}

/** `--gateway-more-ports=8888:8888,9443:19443`: outside and inside, with commas between. 80 and 443 have flags of their own. */
function readMorePorts(reader: SettingsReader): TranslateOptions['gateway']['morePorts'] {
  const isPort = (port: number): boolean => port > 0 && port <= 65_535;
  return reader
    .text({ flag: 'gateway-more-ports' }, '')
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [, outside, inside] = /^(\d{1,5}):(\d{1,5})$/.exec(pair) ?? [];
      const [port, containerPort] = [Number(outside), Number(inside)];
      if (!isPort(port) || !isPort(containerPort) || port === 80 || port === 443) reader.report({ flag: 'gateway-more-ports' }, `must be port:port with commas between, without 80 and 443, but has ${JSON.stringify(pair)}`);
      return { port, containerPort };
    });
}

function readGatewayServices(reader: SettingsReader, systemNamespace: string): GatewayServices {
  const usual = gatewayServicesIn(systemNamespace);
  const read = (flag: string, fallback: string): string => {
    const name = reader.text({ flag }, fallback);
    if (!/^[^/]+\/[^/]+$/.test(name)) reader.report({ flag }, `must be namespace/name, but was ${JSON.stringify(name)}`);
    return name;
  };
  return { external: read('gateway-service', usual.external), internal: read('gateway-internal-service', usual.internal) };
}

function readTls(reader: SettingsReader): TlsFiles | undefined {
  const certificate = reader.find({ flag: 'tls-certificate' });
  const key = reader.find({ flag: 'tls-key' });
  const authority = reader.find({ flag: 'tls-client-ca' });
  if (certificate !== undefined && key !== undefined) {
    return { certificate, key, ...(authority === undefined ? {} : { clientCertificateAuthority: authority }) };
  }
  const given = certificate ?? key ?? authority;
  if (given !== undefined) reader.report({ flag: 'tls-certificate' }, 'is needed together with --tls-key, for any of the --tls flags');
  return undefined;
}
