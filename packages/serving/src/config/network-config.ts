/** `config-network`: how hosts and URLs are formed. */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

export interface NetworkConfig {
  /** Where a route's host is made from its name. Variables as `{{.Name}}`. */
  readonly domainTemplate: string;
  /** From a tag and a route's name to the name that the host of the tag is made from. */
  readonly tagTemplate: string;
  readonly defaultExternalScheme: 'http' | 'https';
  /** Ours: the port that clients outside must name, when it is not the scheme's own. 0: they need not. */
  readonly externalPort: number;
  /** The domain of the cluster's own names: `cluster.local`. */
  readonly clusterDomain: string;
}

/** Knative's defaults, in force without a ConfigMap. */
export const defaultNetwork: NetworkConfig = {
  domainTemplate: '{{.Name}}.{{.Namespace}}.{{.Domain}}',
  tagTemplate: '{{.Tag}}-{{.Name}}',
  defaultExternalScheme: 'http',
  externalPort: 0,
  clusterDomain: 'cluster.local',
};

export function readNetworkConfig(data: ConfigData): Checked<NetworkConfig> {
  const reader = new ConfigReader(data);
  const scheme =
    reader.text('default-external-scheme', 'defaultExternalScheme') ?? defaultNetwork.defaultExternalScheme;
  if (scheme !== 'http' && scheme !== 'https') {
    reader.complain('default-external-scheme', `invalid value: ${scheme}, want http or https`);
  }
  const config: NetworkConfig = {
    domainTemplate: reader.text('domain-template', 'domainTemplate') ?? defaultNetwork.domainTemplate,
    tagTemplate: reader.text('tag-template', 'tagTemplate') ?? defaultNetwork.tagTemplate,
    defaultExternalScheme: scheme === 'https' ? 'https' : 'http',
    externalPort: reader.integer('external-port', defaultNetwork.externalPort),
    clusterDomain: reader.text('cluster-domain') ?? defaultNetwork.clusterDomain,
  };
  for (const key of ['domainTemplate', 'tagTemplate'] as const) checkTemplate(reader, key, config[key]);
  return reader.result(config);
}

/**
 * Fills `{{.Name}}` and its like. Of Go's templates this is the part that names are made with: variables and
 * `{{index .Labels "key"}}`. Undefined when the template asks for something that is not there.
 */
export function fillTemplate(template: string, values: TemplateValues): string | undefined {
  let complete = true;
  const filled = template.replaceAll(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, expression: string) => {
    const value = evaluate(expression, values);
    if (value === undefined) complete = false;
    return value ?? '';
  });
  return complete ? filled : undefined;
}

export interface TemplateValues {
  readonly texts: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function evaluate(expression: string, values: TemplateValues): string | undefined {
  const variable = /^\.(\w+)$/.exec(expression)?.[1];
  if (variable !== undefined) return values.texts[variable];
  const [, from, key = ''] = /^index\s+\.(Labels|Annotations)\s+"([^"]*)"$/.exec(expression) ?? [];
  if (from === 'Labels') return values.labels?.[key] ?? '';
  if (from === 'Annotations') return values.annotations?.[key] ?? '';
  return undefined;
}

function checkTemplate(reader: ConfigReader, key: 'domainTemplate' | 'tagTemplate', template: string): void {
  const texts = {
    Name: 'name',
    ...(key === 'domainTemplate' ? { Namespace: 'namespace', Domain: 'domain' } : { Tag: 'tag' }),
  };
  const filled = fillTemplate(template, { texts });
  const name = key === 'domainTemplate' ? 'domain-template' : 'tag-template';
  if (filled === undefined) reader.complain(name, `invalid value: ${template}, it names something that is not there`);
}
