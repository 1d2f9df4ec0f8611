/** What of a cluster's configuration decides whether a spec is right. */
import type { DefaultsConfig } from '../config/defaults-config.ts';
import type { FeaturesConfig } from '../config/features-config.ts';

export interface SpecRules {
  readonly defaults: DefaultsConfig;
  readonly features: FeaturesConfig;
}
