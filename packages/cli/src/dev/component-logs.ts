/**
 * Follows what the system's own pods write, one log for each run of a container, and tells each line that
 * is a JSON event. A restarted container is a new run with a new log, so nothing is told twice.
 */
import type { Logger } from '@sluice/kernel';
import type { Informer, KubernetesClient, Pod } from '@sluice/kubernetes';

/** One line of a component's log, as pino wrote it. */
export interface ComponentEvent {
  /** The pod's `app` label: `autoscaler`, `activator`. */
  readonly component: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ComponentLogsOptions {
  readonly client: KubernetesClient;
  /** Of the pods in the system's namespace. */
  readonly pods: Informer<Pod>;
  readonly logger: Logger;
  readonly onEvent: (event: ComponentEvent) => void;
}

export class ComponentLogs {
  readonly #options: ComponentLogsOptions;
  readonly #followed = new Set<string>();
  readonly #stopping = new AbortController();

  constructor(options: ComponentLogsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.pods.subscribe(({ kind, object }) => {
      if (kind !== 'deleted') this.#look(object);
    });
  }

  stop(): void {
    this.#stopping.abort();
  }

  #look(pod: Pod): void {
    const [status] = pod.status?.containerStatuses ?? [];
    if (!status?.state?.running) return;
    const run = `${pod.metadata.uid}/${status.restartCount}`;
    if (this.#followed.has(run)) return;
    this.#followed.add(run);
    this.#follow(pod).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#options.logger.debug('log lost', { pod: pod.metadata.name, error });
    });
  }

  async #follow(pod: Pod): Promise<void> {
    const { namespace = 'default', name, labels } = pod.metadata;
    const response = await this.#options.client.send({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/log?follow=true`,
      headers: { accept: '*/*' },
      signal: this.#stopping.signal,
    });
    const decoder = new TextDecoder();
    let rest = '';
    for await (const bytes of response.body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#tell(labels?.['app'] ?? name, line);
    }
  }

  #tell(component: string, line: string): void {
    const fields = parseFields(line);
    if (typeof fields?.['message'] !== 'string') return;
    this.#options.onEvent({ component, message: fields['message'], fields });
  }
}

/** A component may also write plain text, before its logger is there or when it falls over. */
function parseFields(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
