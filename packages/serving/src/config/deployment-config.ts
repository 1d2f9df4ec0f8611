/** `config-deployment`: how the pods of revisions are made. */
import type { Checked } from '@sluice/kernel';
import { parse } from 'yaml';
import { ConfigReader, type ConfigData } from './config-reader.ts';
import { isSelected, selectionOf, specificity, type LabelSelection } from './label-selection.ts';

export interface DeploymentConfig {
  /** The image of the queue-proxy container. */
  readonly queueSidecarImage: string;
  /**
   * Ours: the command of the queue-proxy container, for a floor that runs processes and no images. Empty
   * leaves it to the image.
   */
  readonly queueSidecarCommand: readonly string[];
  /** How long a Deployment may take to make progress, in ms. */
  readonly progressDeadlineMs: number;
  /** How long a registry may take to say what a tag means, in ms. */
  readonly digestResolutionTimeoutMs: number;
  /** Registries whose tags are taken as they are. */
  readonly registriesSkippingTagResolving: readonly string[];
  /** What the queue-proxy container asks for and may use at most, by resource. What is absent is not set. */
  readonly queueSidecarRequests: Readonly<Record<string, string>>;
  readonly queueSidecarLimits: Readonly<Record<string, string>>;
  /** For whom the sidecar gets tokens of its pod's account. */
  readonly queueSidecarTokenAudiences: readonly string[];
  /** PEM of a further authority that the sidecar trusts. Empty: none. */
  readonly queueSidecarRootCa: string;
  /** TLS of the sidecar; empty values leave it its defaults. */
  readonly queueSidecarTls: { readonly minVersion: string; readonly maxVersion: string; readonly cipherSuites: string; readonly curvePreferences: string };
  /** Whether pods of one revision rather stand on different nodes, where the revision says nothing about it. */
  readonly defaultAffinityType: 'prefer-spread-revision-over-nodes' | 'none';
  /** RuntimeClasses by name, for revisions with certain labels. */
  readonly runtimeClasses: readonly { readonly name: string; readonly selector: LabelSelection }[];
  /** Nodes come when they are needed: a pod that finds no place yet is no failure. */
  readonly podIsAlwaysSchedulable: boolean;
}

/** Knative's defaults, in force without a ConfigMap. The image has none in Knative either; ours names itself. */
export const defaultDeployment: DeploymentConfig = {
  queueSidecarImage: 'sluice/queue-proxy',
  queueSidecarCommand: [],
  progressDeadlineMs: 600_000,
  digestResolutionTimeoutMs: 10_000,
  registriesSkippingTagResolving: ['kind.local', 'ko.local', 'dev.local'],
  queueSidecarRequests: { cpu: '25m' },
  queueSidecarLimits: {},
  queueSidecarTokenAudiences: [],
  queueSidecarRootCa: '',
  queueSidecarTls: { minVersion: '', maxVersion: '', cipherSuites: '', curvePreferences: '' },
  defaultAffinityType: 'prefer-spread-revision-over-nodes',
  runtimeClasses: [],
  podIsAlwaysSchedulable: false,
};

export function readDeploymentConfig(data: ConfigData): Checked<DeploymentConfig> {
  const reader = new ConfigReader(data);
  const standard = defaultDeployment;
  return reader.result({
    queueSidecarImage: reader.text(['queue-sidecar-image', 'queueSidecarImage'], standard.queueSidecarImage),
    queueSidecarCommand: readCommand(reader),
    progressDeadlineMs: reader.duration(['progress-deadline', 'progressDeadline'], standard.progressDeadlineMs, { wholeSeconds: true }),
    digestResolutionTimeoutMs: reader.duration(['digest-resolution-timeout', 'digestResolutionTimeout'], standard.digestResolutionTimeoutMs),
    registriesSkippingTagResolving: reader.list(
      ['registries-skipping-tag-resolving', 'registriesSkippingTagResolving'],
      standard.registriesSkippingTagResolving,
    ),
    queueSidecarRequests: readAmounts(reader, 'request', standard.queueSidecarRequests),
    queueSidecarLimits: readAmounts(reader, 'limit', standard.queueSidecarLimits),
    queueSidecarTokenAudiences: reader.list('queue-sidecar-token-audiences', standard.queueSidecarTokenAudiences),
    queueSidecarRootCa: reader.text('queue-sidecar-rootca', standard.queueSidecarRootCa),
    queueSidecarTls: {
      minVersion: reader.text('queue-sidecar-tls-min-version', ''),
      maxVersion: reader.text('queue-sidecar-tls-max-version', ''),
      cipherSuites: reader.text('queue-sidecar-tls-cipher-suites', ''),
      curvePreferences: reader.text('queue-sidecar-tls-curve-preferences', ''),
    },
    defaultAffinityType: reader.choice('default-affinity-type', ['prefer-spread-revision-over-nodes', 'none'], standard.defaultAffinityType),
    runtimeClasses: readRuntimeClasses(reader),
    podIsAlwaysSchedulable: reader.boolean('pod-is-always-schedulable', standard.podIsAlwaysSchedulable),
  });
}

/** The RuntimeClass for a revision with `labels`: the one whose selector has the most of them, by name where several do. */
export function runtimeClassFor(config: DeploymentConfig, labels: Readonly<Record<string, string>>): string | undefined {
  return config.runtimeClasses
    .filter(({ selector }) => isSelected(selector, labels))
    .toSorted((a, b) => specificity(b.selector) - specificity(a.selector) || (a.name < b.name ? -1 : 1))[0]?.name;
}

/** `queue-sidecar-cpu-request` and its like, and their older spellings (`queueSidecarCPURequest`). */
function readAmounts(reader: ConfigReader, what: 'request' | 'limit', standard: Readonly<Record<string, string>>): Record<string, string> {
  const amounts: Record<string, string> = {};
  const older = { cpu: 'CPU', memory: 'Memory', 'ephemeral-storage': 'EphemeralStorage' } as const;
  for (const [resource, spelling] of Object.entries(older)) {
    const legacy = `queueSidecar${spelling}${what === 'request' ? 'Request' : 'Limit'}`;
    const amount = reader.amount([`queue-sidecar-${resource}-${what}`, legacy], standard[resource]);
    if (amount !== undefined) amounts[resource] = amount;
  }
  return amounts;
}

function readRuntimeClasses(reader: ConfigReader): DeploymentConfig['runtimeClasses'] {
  const key = 'runtime-class-name';
  const text = reader.text(key);
  if (text === undefined || text.trim() === '') return defaultDeployment.runtimeClasses;
  const classes = parsed(text);
  const isMap = typeof classes === 'object' && classes !== null && !Array.isArray(classes);
  const found = isMap ? Object.entries(classes).map(([name, value]) => ({ name, selector: selectionOf(value) })) : [];
  const readable = found.flatMap(({ name, selector }) => (selector === undefined ? [] : [{ name, selector }]));
  if (!isMap || readable.length < found.length) {
    reader.complain(key, `invalid value: ${text.trim()}, want YAML such as "name: { selector: { label: value } }"`);
  }
  return readable;
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function readCommand(reader: ConfigReader): readonly string[] {
  const text = reader.text('queue-sidecar-command');
  if (text === undefined) return defaultDeployment.queueSidecarCommand;
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // Not JSON: the complaint below says what is wanted.
  }
  reader.complain('queue-sidecar-command', `invalid value: ${text}, want a JSON array of strings`);
  return defaultDeployment.queueSidecarCommand;
}
