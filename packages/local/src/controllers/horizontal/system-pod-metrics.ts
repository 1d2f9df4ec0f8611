/**
 * The load of pods on the real machine: cpu and memory of their processes, and metrics that they give themselves, where their annotations say
 * (`prometheus.io/port`, `prometheus.io/path`) or else at their sidecar. `concurrency` and `rps` are what the sidecar tells autoscalers.
 */
import { get } from 'node:http';
import type { Clock } from '@sluice/kernel';
import type { Pod } from '@sluice/kubernetes';
import { realPort } from '../../objects/pod-facts.ts';
import type { ContainerUsage, PodMetrics } from './pod-metrics.ts';
import { usageOf } from './process-usage.ts';
import { sumOfSamples } from './sample-lines.ts';

export interface SystemPodMetricsOptions {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** Reads what the sidecar of a Knative revision says of its requests; undefined for what is none. Absent: nobody can. */
  readonly decodeLoad?: (body: Uint8Array) => RequestLoad | undefined;
}

export interface RequestLoad {
  /** At once, on average of the last second. */
  readonly concurrency: number;
  /** In a second. */
  readonly rps: number;
}

/** Between two looks there must be so much, in ms, for a rate to say something. */
const gapMinMs = 1_000;
/** How long a pod may take to answer, in ms. */
const answerMs = 3_000;
/** Chosen: no page of metrics is longer, and one that never ends is cut. */
const pageMax = 4 * 2 ** 20;

interface Sample {
  readonly at: number;
  readonly cpuSeconds: number;
}

export class SystemPodMetrics implements PodMetrics {
  readonly #options: SystemPodMetricsOptions;
  /** By the container's id, which is another after a restart. */
  #samples = new Map<string, Sample>();

  constructor(options: SystemPodMetricsOptions) {
    this.#options = options;
  }

  async usage(pods: readonly Pod[]): Promise<ReadonlyMap<string, readonly ContainerUsage[]>> {
    if (this.#options.platform !== 'linux') return new Map();
    const found = await Promise.all(pods.map(async (pod) => [pod.metadata.uid ?? '', await this.#usageOf(pod)] as const));
    this.#forget();
    return new Map(found.flatMap(([uid, usage]) => (usage === undefined ? [] : [[uid, usage] as const])));
  }

  async values(pods: readonly Pod[], metric: string): Promise<ReadonlyMap<string, number>> {
    const found = await Promise.all(pods.map(async (pod) => [pod.metadata.uid ?? '', await this.#valueOf(pod, metric)] as const));
    return new Map(found.flatMap(([uid, value]) => (value === undefined ? [] : [[uid, value] as const])));
  }

  async #usageOf(pod: Pod): Promise<readonly ContainerUsage[] | undefined> {
    const found: ContainerUsage[] = [];
    for (const { name, containerID = '' } of pod.status?.containerStatuses ?? []) {
      const pid = Number(/^process:\/\/(\d+)$/.exec(containerID)?.[1]);
      const usage = Number.isNaN(pid) ? undefined : await usageOf(pid);
      if (!usage) continue;
      const id = `${pod.metadata.uid ?? ''}/${containerID}`;
      const at = this.#options.clock.now();
      const before = this.#samples.get(id);
      if (before && at - before.at < gapMinMs) return undefined;
      this.#samples.set(id, { at, cpuSeconds: usage.cpuSeconds });
      if (before) found.push({ container: name, cpu: Math.max(0, usage.cpuSeconds - before.cpuSeconds) / ((at - before.at) / 1000), memory: usage.memory });
    }
    return found.length === 0 ? undefined : found;
  }

  async #valueOf(pod: Pod, metric: string): Promise<number | undefined> {
    if (metric !== 'concurrency' && metric !== 'rps') return valueOnPage(pod, metric);
    const { decodeLoad } = this.#options;
    const { podIP } = pod.status ?? {};
    const port = portNamed(pod, 'http-autometric');
    if (!decodeLoad || port === undefined || podIP === undefined) return undefined;
    const body = await read(podIP, realPort(pod, port), '/metrics');
    return body && decodeLoad(body)?.[metric];
  }

  /** Of containers that nobody has asked for since. */
  #forget(): void {
    const now = this.#options.clock.now();
    for (const [id, { at }] of this.#samples) if (now - at > 300_000) this.#samples.delete(id);
  }
}

async function valueOnPage(pod: Pod, metric: string): Promise<number | undefined> {
  const { podIP } = pod.status ?? {};
  const { annotations = {} } = pod.metadata;
  const port = annotations['prometheus.io/port'] === undefined ? portNamed(pod, 'http-usermetric') : Number(annotations['prometheus.io/port']);
  if (podIP === undefined || port === undefined || Number.isNaN(port)) return undefined;
  const page = await read(podIP, realPort(pod, port), annotations['prometheus.io/path'] ?? '/metrics');
  return page && sumOfSamples(page.toString('utf8'), metric);
}

function portNamed(pod: Pod, name: string): number | undefined {
  for (const { ports = [] } of pod.spec.containers) for (const port of ports) if (port.name === name) return port.containerPort;
  return undefined;
}

/** What is answered; undefined for whatever is no good answer. */
function read(host: string, port: number, path: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path, timeout: answerMs, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > pageMax) request.destroy();
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(response.statusCode === 200 ? Buffer.concat(chunks) : undefined));
      response.on('error', () => resolve(undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}
