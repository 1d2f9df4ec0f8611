/** `config-defaults`: what a revision gets where it says nothing, and how far it may go. */
import type { Checked } from '@sluice/kernel';
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
};

export function readDefaultsConfig(data: ConfigData): Checked<DefaultsConfig> {
  const reader = new ConfigReader(data);
  const standard = defaultDefaults;
  const revisionTimeoutSeconds = reader.integer('revision-timeout-seconds', standard.revisionTimeoutSeconds);
  const config: DefaultsConfig = {
    revisionTimeoutSeconds,
    maxRevisionTimeoutSeconds: reader.integer('max-revision-timeout-seconds', standard.maxRevisionTimeoutSeconds),
    revisionResponseStartTimeoutSeconds: reader.integer(
      'revision-response-start-timeout-seconds',
      revisionTimeoutSeconds,
    ),
    revisionIdleTimeoutSeconds: reader.integer('revision-idle-timeout-seconds', standard.revisionIdleTimeoutSeconds),
    containerConcurrency: reader.integer('container-concurrency', standard.containerConcurrency),
    containerConcurrencyMaxLimit: reader.integer(
      'container-concurrency-max-limit',
      standard.containerConcurrencyMaxLimit,
      1,
    ),
    allowContainerConcurrencyZero: reader.boolean(
      'allow-container-concurrency-zero',
      standard.allowContainerConcurrencyZero,
    ),
    enableServiceLinks:
      reader.text('enable-service-links') === 'default'
        ? undefined
        : reader.boolean('enable-service-links', standard.enableServiceLinks === true),
    requests: readResources(reader, 'request'),
    limits: readResources(reader, 'limit'),
  };
  checkBounds(reader, config);
  return reader.result(config);
}

function checkBounds(reader: ConfigReader, config: DefaultsConfig): void {
  const { revisionTimeoutSeconds: timeout, maxRevisionTimeoutSeconds: max } = config;
  if (timeout > max) {
    reader.complain(
      'revision-timeout-seconds',
      `invalid value: ${timeout}, must not be greater than max-revision-timeout-seconds ${max}`,
    );
  }
  if (config.revisionResponseStartTimeoutSeconds > timeout) {
    const found = config.revisionResponseStartTimeoutSeconds;
    reader.complain(
      'revision-response-start-timeout-seconds',
      `invalid value: ${found}, must not be greater than revision-timeout-seconds ${timeout}`,
    );
  }
  if (config.revisionIdleTimeoutSeconds > timeout) {
    const found = config.revisionIdleTimeoutSeconds;
    reader.complain(
      'revision-idle-timeout-seconds',
      `invalid value: ${found}, must not be greater than revision-timeout-seconds ${timeout}`,
    );
  }
  if (config.containerConcurrency > config.containerConcurrencyMaxLimit) {
    const { containerConcurrency: found, containerConcurrencyMaxLimit: limit } = config;
    reader.complain(
      'container-concurrency',
      `invalid value: ${found}, must not be greater than container-concurrency-max-limit ${limit}`,
    );
  }
}

function readResources(reader: ConfigReader, what: 'request' | 'limit'): Record<string, string> {
  const amounts: Record<string, string> = {};
  for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
    const amount = reader.text(`revision-${resource}-${what}`);
    if (amount !== undefined) amounts[resource] = amount;
  }
  return amounts;
}
