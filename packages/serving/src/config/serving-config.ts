/** All that ConfigMaps say to serving, in one value that is taken once per decision. */
import type { Problem } from '@sluice/kernel';
import type { ConfigData } from './config-reader.ts';
import type { ConfigMapReaders } from './config-store.ts';
import { defaultDefaults, readDefaultsConfig, type DefaultsConfig } from './defaults-config.ts';
import { defaultDeployment, readDeploymentConfig, type DeploymentConfig } from './deployment-config.ts';
import { defaultDomains, readDomainConfig, type DomainConfig } from './domain-config.ts';
import { defaultFeatures, readFeaturesConfig, type FeaturesConfig } from './features-config.ts';
import { defaultGc, readGcConfig, type GcConfig } from './gc-config.ts';
import { defaultLogging, readLoggingConfig, type LoggingConfig } from './logging-config.ts';
import { defaultNetwork, readNetworkConfig, type NetworkConfig } from './network-config.ts';
import { defaultObservability, readObservabilityConfig, type ObservabilityConfig } from './observability-config.ts';

export interface ServingConfig {
  readonly defaults: DefaultsConfig;
  readonly domain: DomainConfig;
  readonly network: NetworkConfig;
  readonly deployment: DeploymentConfig;
  readonly features: FeaturesConfig;
  readonly gc: GcConfig;
  readonly logging: LoggingConfig;
  readonly observability: ObservabilityConfig;
}

export const defaultServingConfig: ServingConfig = {
  defaults: defaultDefaults,
  domain: defaultDomains,
  network: defaultNetwork,
  deployment: defaultDeployment,
  features: defaultFeatures,
  gc: defaultGc,
  logging: defaultLogging,
  observability: defaultObservability,
};

/** The ConfigMaps that make up a `ServingConfig`, by name: `config-` and the name of the part. */
export const servingConfigMaps = {
  'config-defaults': { standard: defaultDefaults, read: readDefaultsConfig },
  'config-deployment': { standard: defaultDeployment, read: readDeploymentConfig },
  'config-domain': { standard: defaultDomains, read: readDomainConfig },
  'config-features': { standard: defaultFeatures, read: readFeaturesConfig },
  'config-gc': { standard: defaultGc, read: readGcConfig },
  'config-logging': { standard: defaultLogging, read: readLoggingConfig },
  'config-network': { standard: defaultNetwork, read: readNetworkConfig },
  'config-observability': { standard: defaultObservability, read: readObservabilityConfig },
} as const satisfies ConfigMapReaders;

export type ServingConfigMap = keyof typeof servingConfigMaps;

/** The parts of a `ServingConfig` as a store of ConfigMaps holds them. */
export function servingConfigOf(store: { get<Name extends ServingConfigMap>(name: Name): (typeof servingConfigMaps)[Name]['standard'] }): ServingConfig {
  return {
    defaults: store.get('config-defaults'),
    deployment: store.get('config-deployment'),
    domain: store.get('config-domain'),
    features: store.get('config-features'),
    gc: store.get('config-gc'),
    logging: store.get('config-logging'),
    network: store.get('config-network'),
    observability: store.get('config-observability'),
  };
}

/**
 * `config` with one ConfigMap's part read anew; with `data` undefined, the part's defaults. When anything is
 * wrong with the map, all of it stays as it was. Maps of other names change nothing.
 */
export function updateServingConfig(
  config: ServingConfig,
  name: string,
  data: ConfigData | undefined,
): { readonly config: ServingConfig; readonly problems: readonly Problem[] } {
  if (!isServingConfigMap(name)) return { config, problems: [] };
  const { standard, read } = servingConfigMaps[name];
  const part = name.slice('config-'.length);
  if (data === undefined) return { config: { ...config, [part]: standard }, problems: [] };
  const checked = read(data);
  if (!checked.ok) return { config, problems: checked.problems };
  return { config: { ...config, [part]: checked.value }, problems: checked.problems };
}

/** Whether a ConfigMap of this name is one of serving's. */
export function isServingConfigMap(name: string): name is ServingConfigMap {
  return Object.hasOwn(servingConfigMaps, name);
}
