/**
 * `config-domain`: which domain a route's hosts stand under. Each key is a domain; its value may select
 * routes by label. The domain with the most matching labels wins.
 */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

export interface DomainConfig {
  /** In the order in which the API gives them, which on a cluster is alphabetical. */
  readonly domains: readonly Domain[];
}

export interface Domain {
  readonly name: string;
  /** Labels that a route must have. Empty: any route. */
  readonly selector: Readonly<Record<string, string>>;
}

/** In force without a ConfigMap: no domain, so that every route is visible to the cluster only. */
export const defaultDomains: DomainConfig = { domains: [] };

/** Keys that explain the map to its readers; Knative's own file carries one. */
const commentKey = /^_/;

export function readDomainConfig(data: ConfigData): Checked<DomainConfig> {
  const reader = new ConfigReader(data);
  const domains: Domain[] = [];
  for (const [name, text] of Object.entries(data)) {
    if (commentKey.test(name)) continue;
    domains.push({ name, selector: readSelector(reader, name, text) });
  }
  return reader.result({ domains });
}

/**
 * The domains for a route with `labels`: those whose selector matches with the most labels. The first is the
 * one that its URL names. Knative serves under that one only; we answer under all that are equally good, so
 * that a cluster may have several names at once.
 */
export function domainsFor(config: DomainConfig, labels: Readonly<Record<string, string>>): string[] {
  let best: string[] = [];
  let bestSize = -1;
  for (const { name, selector } of config.domains) {
    const wanted = Object.entries(selector);
    if (!wanted.every(([label, value]) => labels[label] === value)) continue;
    if (wanted.length > bestSize) [best, bestSize] = [[], wanted.length];
    if (wanted.length === bestSize) best.push(name);
  }
  return best;
}

/**
 * Reads `selector:` with one `label: value` per line, indented, and `type: wildcard`. That is all the YAML
 * there ever is in this map; anything else is refused rather than misread.
 */
function readSelector(reader: ConfigReader, domain: string, text: string): Record<string, string> {
  const selector: Record<string, string> = {};
  let inSelector = false;
  for (const line of text.split('\n')) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, indent = '', key = '', value = ''] = /^(\s*)("?[\w./-]+"?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === '')
      reader.complain(domain, `invalid value: ${line.trim()}, want "selector:" and lines of "label: value"`);
    else if (indent === '') inSelector = key === 'selector';
    else if (inSelector) selector[unquoted(key)] = unquoted(value);
  }
  return selector;
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}
