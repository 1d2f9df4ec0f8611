/** `config-deployment`: how the pods of revisions are made. */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

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
  /** What the queue-proxy container asks for. Empty asks for nothing. */
  readonly queueSidecarCpuRequest: string;
}

/** Knative's defaults, in force without a ConfigMap. The image has none in Knative either; ours names itself. */
export const defaultDeployment: DeploymentConfig = {
  queueSidecarImage: 'sluice/queue-proxy',
  queueSidecarCommand: [],
  progressDeadlineMs: 600_000,
  queueSidecarCpuRequest: '25m',
};

export function readDeploymentConfig(data: ConfigData): Checked<DeploymentConfig> {
  const reader = new ConfigReader(data);
  const progressDeadlineMs = reader.duration('progress-deadline', defaultDeployment.progressDeadlineMs);
  if (progressDeadlineMs % 1000 !== 0) {
    reader.complain('progress-deadline', `invalid value: ${data['progress-deadline']}, must be in whole seconds`);
  }
  return reader.result({
    queueSidecarImage: reader.text('queue-sidecar-image', 'queueSidecarImage') ?? defaultDeployment.queueSidecarImage,
    queueSidecarCommand: readCommand(reader),
    progressDeadlineMs,
    queueSidecarCpuRequest: reader.text('queue-sidecar-cpu-request') ?? defaultDeployment.queueSidecarCpuRequest,
  });
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
