/**
 * `config-features`. Of the flags, those that something here depends on; the rest stand at Knative's defaults whatever the
 * map says.
 */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

export interface FeaturesConfig {
  /** `tag-header-based-routing`: a request for a route's own host may name a tag in `Knative-Serving-Tag`. Default off. */
  readonly tagHeaderBasedRouting: boolean;
}

export const defaultFeatures: FeaturesConfig = { tagHeaderBasedRouting: false };

export function readFeaturesConfig(data: ConfigData): Checked<FeaturesConfig> {
  const reader = new ConfigReader(data);
  return reader.result({ tagHeaderBasedRouting: flag(reader, 'tag-header-based-routing') });
}

/** `Allowed` means: where an object asks for it, which nothing can here. Anything else is off, as Knative reads it. */
function flag(reader: ConfigReader, key: string): boolean {
  return reader.text(key)?.trim().toLowerCase() === 'enabled';
}
