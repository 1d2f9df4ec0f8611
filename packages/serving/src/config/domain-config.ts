/**
 * `config-domain`: which domain a route's hosts stand under. Each key is a domain; its value may select
 * routes by label. The domain with the most matching labels wins.
 */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, isCommentKey, type ConfigData } from './config-reader.ts';
import { isSelected, readSelection, specificity, type LabelSelection } from './label-selection.ts';

export interface DomainConfig {
  /** In the order in which the API gives them, which on a cluster is alphabetical. */
  readonly domains: readonly Domain[];
}

export interface Domain {
  readonly name: string;
  /** Labels that a route must have. Empty: any route. */
  readonly selector: LabelSelection;
}

/** In force without a ConfigMap: no domain, so that every route is visible to the cluster only. */
export const defaultDomains: DomainConfig = { domains: [] };

export function readDomainConfig(data: ConfigData): Checked<DomainConfig> {
  const reader = new ConfigReader(data);
  const domains: Domain[] = [];
  for (const [name, text] of Object.entries(data)) {
    if (isCommentKey(name)) continue;
    const selector = readSelection(text);
    if (selector === undefined) reader.complain(name, `invalid value: ${text.trim()}, want YAML such as "selector: { label: value }"`);
    else domains.push({ name, selector });
  }
  return reader.result({ domains });
}

/**
 * The domains for a route with `labels`: those whose selector matches with the most labels. The first is the
 * one that its URL names. Knative serves under that one only; we answer under all that are equally good, so
 * that a cluster may have several names at once.
 */
export function domainsFor(config: DomainConfig, labels: Readonly<Record<string, string>>): string[] {
  const matching = config.domains.filter(({ selector }) => isSelected(selector, labels));
  const best = Math.max(...matching.map(({ selector }) => specificity(selector)));
  return matching.filter(({ selector }) => specificity(selector) === best).map(({ name }) => name);
}
