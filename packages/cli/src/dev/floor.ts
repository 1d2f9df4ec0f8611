/**
 * What a cluster would give: the API, and something that runs pods. Both live in this process; everything
 * else, the control plane included, runs on top of them as pods.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLoad } from '@sluice/autoscaler';
import { createIdleCollector, createMeter, silentLogger, systemClock, systemRandom, systemTimers, type Logger } from '@sluice/kernel';
import { KubernetesClient } from '@sluice/kubernetes';
import {
  createApiServer,
  createBuiltInControllers,
  createHttpsWebhookCaller,
  createInProcessTransport,
  createSystemKubelet,
  Lull,
  openFileStorage,
  serveApiServer,
  SystemPodMetrics,
  writeKubeconfig,
  type TimelineListener,
} from '@sluice/local';

/** Nobody waits for what these do about a pod that starts: they keep statuses, and decide by what they are told elsewhere. */
const patientClients: ReadonlySet<string> = new Set(['sluice-controller', 'sluice-autoscaler', 'sluice-injector']);

/** After a lull, in ms. Chosen: what was put off has been done, and the next start has hardly begun. */
const collectAfterMs = 700;

export interface FloorOptions {
  readonly stateFolder: string;
  readonly apiPort: number;
  /** Where programs start that name no working directory, and where relative ones begin. */
  readonly programFolder: string;
  readonly onTimeline: TimelineListener;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

export interface Floor {
  readonly apiUrl: string;
  /** Path of the file that points clients at the API. */
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  /** Until this is called there is an API and nothing that acts on it. */
  startPods(): Promise<void>;
  /** One process of this program waits from now on, started, for the next pod that has it. */
  keepAhead(argv: readonly [string, ...string[]]): void;
  /** Ends every process it started. Objects stay. */
  stop(): Promise<void>;
}

export async function startFloor({ stateFolder, apiPort, programFolder, onTimeline, logger = silentLogger }: FloorOptions): Promise<Floor> {
  mkdirSync(stateFolder, { recursive: true });
  const surroundings = { clock: systemClock, timers: systemTimers, random: systemRandom, logger, meter: createMeter() };
  const collectGarbage = createIdleCollector();
  // While nobody waits, so that the next start is not interrupted by it: it makes some megabytes of objects.
  const lull = new Lull(systemTimers, () => void systemTimers.after(collectAfterMs, () => lull.isOn || collectGarbage()));
  const api = createApiServer({ ...surroundings, storage: openFileStorage(join(stateFolder, 'objects.log'), { logger }), webhooks: createHttpsWebhookCaller(), patience: { lull, isPatient: (userAgent) => patientClients.has(userAgent) } });
  const served = await serveApiServer(api, { port: apiPort });
  const kubeconfig = join(stateFolder, 'kubeconfig');
  writeKubeconfig(kubeconfig, served.url);

  const client = new KubernetesClient({ transport: createInProcessTransport(api), fieldManager: 'sluice-dev' });
  const controllers = createBuiltInControllers({ ...surroundings, client, lull, podMetrics: new SystemPodMetrics({ clock: systemClock, platform: process.platform, decodeLoad }) });
  const { kubelet, podLogs, keepAhead } = createSystemKubelet({
    ...surroundings,
    client,
    folder: join(stateFolder, 'kubelet'),
    environment: process.env,
    // V8's cache of compiled code: programs on Node, sidecars among them, start some 15 % quicker the second time.
    extraEnvironment: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(stateFolder, 'compile-cache') },
    programFolder,
    onTimeline,
    lull,
  });
  api.setPodLogs(podLogs);

  return {
    apiUrl: served.url,
    kubeconfig,
    client,
    keepAhead,
    async startPods() {
      // Whoever begins first hears first: a program is started before controllers look at its pod.
      await kubelet.start();
      await controllers.start();
    },
    async stop() {
      // Controllers first: they would make new pods for the ones that end.
      await controllers.stop();
      await kubelet.stop();
      await served.close();
      api.stop();
    },
  };
}
