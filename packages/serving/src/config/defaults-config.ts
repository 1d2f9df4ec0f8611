/** `config-defaults`: what a revision gets where it says nothing, and how far it may go. */
import { GoTemplate, GoTemplateError, type Checked } from '@sluice/kernel';
import type { ObjectMeta } from '../api/object.ts';
import { ConfigReader, type ConfigData } from './config-reader.ts';

export interface DefaultsConfig {
  readonly revisionTimeoutSeconds: number;
  readonly maxRevisionTimeoutSeconds: number;
  readonly revisionResponseStartTimeoutSeconds: number;
  /** 0: no limit. */
  readonly revisionIdleTimeoutSeconds: number;
  readonly containerConcurrency: number;
  readonly containerConcurrencyMaxLimit: number;
  readonly allowContainerConcurrencyZero: boolean;
  /** Undefined leaves the choice to Kubernetes. */
  readonly enableServiceLinks: boolean | undefined;
  /** Resource amounts by resource name, such as `cpu`. */
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  /** Go templates over the parent's metadata, for containers without a name. */
  readonly containerNameTemplate: string;
  readonly initContainerNameTemplate: string;
}

/** Knative's defaults, in force without a ConfigMap. */
export const defaultDefaults: DefaultsConfig = {
  revisionTimeoutSeconds: 300,
  maxRevisionTimeoutSeconds: 600,
  revisionResponseStartTimeoutSeconds: 300,
  revisionIdleTimeoutSeconds: 0,
  containerConcurrency: 0,
  containerConcurrencyMaxLimit: 1000,
  allowContainerConcurrencyZero: true,
  enableServiceLinks: false,
  requests: {},
  limits: {},
  containerNameTemplate: 'user-container',
  initContainerNameTemplate: 'init-container',
};

export function readDefaultsConfig(data: ConfigData): Checked<DefaultsConfig> {
  const reader = new ConfigReader(data);
  const standard = defaultDefaults;
  const revisionTimeoutSeconds = reader.integer('revision-timeout-seconds', standard.revisionTimeoutSeconds);
  const config: DefaultsConfig = {
    revisionTimeoutSeconds,
    maxRevisionTimeoutSeconds: reader.integer('max-revision-timeout-seconds', standard.maxRevisionTimeoutSeconds),
    revisionResponseStartTimeoutSeconds: reader.integer('revision-response-start-timeout-seconds', revisionTimeoutSeconds),
    revisionIdleTimeoutSeconds: reader.integer('revision-idle-timeout-seconds', standard.revisionIdleTimeoutSeconds),
    containerConcurrency: reader.integer('container-concurrency', standard.containerConcurrency),
    containerConcurrencyMaxLimit: reader.integer('container-concurrency-max-limit', standard.containerConcurrencyMaxLimit, { least: 1 }),
    allowContainerConcurrencyZero: reader.boolean('allow-container-concurrency-zero', standard.allowContainerConcurrencyZero),
    enableServiceLinks: readServiceLinks(reader),
    requests: readResources(reader, 'request'),
    limits: readResources(reader, 'limit'),
    containerNameTemplate: readNameTemplate(reader, 'container-name-template', standard.containerNameTemplate),
    initContainerNameTemplate: readNameTemplate(reader, 'init-container-name-template', standard.initContainerNameTemplate),
  };
  checkBounds(reader, config);
  return reader.result(config);
}

/** The name for a container without one. A template that cannot be filled here gives `fallback`. */
export function fillContainerName(template: string, parent: Partial<ObjectMeta>, fallback: string): string {
  try {
    return new GoTemplate(template).execute(asObjectMeta(parent)) || fallback;
  } catch (reason) {
    if (reason instanceof GoTemplateError) return fallback;
    throw reason;
  }
}

function asObjectMeta({ name = '', namespace = '', generateName = '', labels = {}, annotations = {} }: Partial<ObjectMeta>): object {
  return {
    Name: name,
    Namespace: namespace,
    GenerateName: generateName,
    Labels: new Map(Object.entries(labels)),
    Annotations: new Map(Object.entries(annotations)),
  };
}

function readNameTemplate(reader: ConfigReader, key: string, fallback: string): string {
  const text = reader.text(key, fallback);
  try {
    new GoTemplate(text).execute(asObjectMeta({}));
  } catch (reason) {
    if (!(reason instanceof GoTemplateError)) throw reason;
    reader.complain(key, `invalid value: ${text}, ${reason.message}`);
  }
  return text;
}

function checkBounds(reader: ConfigReader, config: DefaultsConfig): void {
  const notGreater = (key: string, found: number, otherKey: string, most: number) => {
    if (found > most) reader.complain(key, `invalid value: ${found}, must not be greater than ${otherKey} ${most}`);
  };
  const { revisionTimeoutSeconds: timeout } = config;
  notGreater('revision-timeout-seconds', timeout, 'max-revision-timeout-seconds', config.maxRevisionTimeoutSeconds);
  notGreater('revision-response-start-timeout-seconds', config.revisionResponseStartTimeoutSeconds, 'revision-timeout-seconds', timeout);
  notGreater('revision-idle-timeout-seconds', config.revisionIdleTimeoutSeconds, 'revision-timeout-seconds', timeout);
  const { containerConcurrency, containerConcurrencyMaxLimit } = config;
  notGreater('container-concurrency', containerConcurrency, 'container-concurrency-max-limit', containerConcurrencyMaxLimit);
}

/** What is neither `true` nor `false` leaves the choice to Kubernetes. */
function readServiceLinks(reader: ConfigReader): boolean | undefined {
  const text = reader.text('enable-service-links')?.trim().toLowerCase();
  if (text === undefined) return defaultDefaults.enableServiceLinks;
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function readResources(reader: ConfigReader, what: 'request' | 'limit'): Record<string, string> {
  const amounts: Record<string, string> = {};
  for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
    const amount = reader.amount(`revision-${resource}-${what}`);
    if (amount !== undefined) amounts[resource] = amount;
  }
  return amounts;
}
