/** All that ConfigMaps say to serving, in one value that is taken once per decision. */
import type { Problem } from '@sluice/kernel';
import type { ConfigData } from './config-reader.ts';
import { defaultDefaults, readDefaultsConfig, type DefaultsConfig } from './defaults-config.ts';
import { defaultDeployment, readDeploymentConfig, type DeploymentConfig } from './deployment-config.ts';
import { defaultDomains, readDomainConfig, type DomainConfig } from './domain-config.ts';
import { defaultFeatures, readFeaturesConfig, type FeaturesConfig } from './features-config.ts';
import { defaultNetwork, readNetworkConfig, type NetworkConfig } from './network-config.ts';

export interface ServingConfig {
  readonly defaults: DefaultsConfig;
  readonly domain: DomainConfig;
  readonly network: NetworkConfig;
  readonly deployment: DeploymentConfig;
  readonly features: FeaturesConfig;
}

export const defaultServingConfig: ServingConfig = {
  defaults: defaultDefaults,
  domain: defaultDomains,
  network: defaultNetwork,
  deployment: defaultDeployment,
  features: defaultFeatures,
};

/** The ConfigMaps that make up a `ServingConfig`, by name. */
const readers = {
  'config-defaults': { part: 'defaults', read: readDefaultsConfig },
  'config-domain': { part: 'domain', read: readDomainConfig },
  'config-network': { part: 'network', read: readNetworkConfig },
  'config-deployment': { part: 'deployment', read: readDeploymentConfig },
  'config-features': { part: 'features', read: readFeaturesConfig },
} as const;

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
  const { part, read } = readers[name];
  if (data === undefined) return { config: { ...config, [part]: defaultServingConfig[part] }, problems: [] };
  const checked = read(data);
  if (!checked.ok) return { config, problems: checked.problems };
  return { config: { ...config, [part]: checked.value }, problems: checked.problems };
}

/** Whether a ConfigMap of this name is one of serving's. */
export function isServingConfigMap(name: string): name is keyof typeof readers {
  return Object.hasOwn(readers, name);
}
