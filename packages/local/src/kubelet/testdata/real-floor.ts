/** The whole floor with real programs, for tests: API server in memory, controllers, and the kubelet of this machine. */
import { expect, vi } from 'vitest';
import { createMeter, silentLogger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { isConditionTrue, KubernetesClient, pods, type Pod } from '@sluice/kubernetes';
import { createApiServer } from '../../api-server/api-server.ts';
import { createInProcessTransport } from '../../api-server/in-process-transport.ts';
import type { Storage } from '../../api-server/storage/storage.ts';
import { createBuiltInControllers } from '../../controllers/built-in-controllers.ts';
import type { Kubelet } from '../kubelet.ts';
import type { AddressMode } from '../port-allocator.ts';
import { createSystemKubelet } from '../system-kubelet.ts';
import type { TimelineEvent } from '../timeline.ts';

export interface RealFloor {
  readonly client: KubernetesClient;
  readonly kubelet: Kubelet;
  readonly timeline: readonly TimelineEvent[];
  stop(): Promise<void>;
}

export interface RealFloorOptions {
  /** Of the kubelet. */
  readonly folder: string;
  readonly storage: Storage;
  readonly addressMode?: AddressMode;
}

export async function startRealFloor({ folder, storage, addressMode }: RealFloorOptions): Promise<RealFloor> {
  const shared = { clock: systemClock, timers: systemTimers, random: systemRandom, logger: silentLogger, meter: createMeter() };
  const api = createApiServer({ ...shared, storage });
  const client = new KubernetesClient({ transport: createInProcessTransport(api), fieldManager: 'test' });
  const timeline: TimelineEvent[] = [];
  const { kubelet, podLogs } = createSystemKubelet({
    ...shared,
    client,
    folder,
    environment: process.env,
    onTimeline: (event) => timeline.push(event),
    ...(addressMode === undefined ? {} : { addressMode }),
  });
  api.setPodLogs(podLogs);
  const controllers = createBuiltInControllers({ ...shared, client });
  await kubelet.start();
  await controllers.start();
  const stop = async () => {
    await controllers.stop();
    await kubelet.stop();
    api.stop();
  };
  return { client, kubelet, timeline, stop };
}

/** The pods of the default namespace. */
export async function listPods({ client }: RealFloor): Promise<readonly Pod[]> {
  return (await client.resource(pods).list({ namespace: 'default' })).items;
}

/** Waits until so many pods are ready, and answers with them. */
export function readyPods(running: RealFloor, count: number): Promise<readonly Pod[]> {
  return vi.waitFor(
    async () => {
      const ready = (await listPods(running)).filter(({ status }) => isConditionTrue(status?.conditions, 'Ready'));
      expect(ready.length).toBe(count);
      return ready;
    },
    { timeout: 10_000, interval: 10 },
  );
}
