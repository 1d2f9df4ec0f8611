/** 10 000 objects listed anew: the process must go on answering meanwhile. */
import { Worker } from 'node:worker_threads';
import { silentLogger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { HttpTransport, Informer, KubernetesClient, pods, type Pod } from '@sluice/kubernetes';
import { expect, test } from 'vitest';

const OBJECTS = 10_000;

/** How long the loop may be busy without a pause, in ms of CPU time of this thread: time in which other processes run does not count. */
const STALL_MAX_MS = 50;

test('a cache of 10 000 pods that is listed anew after 410 never holds the loop for 50 ms', async () => {
  const server = new Worker(new URL('./testdata/pod-server.ts', import.meta.url), { workerData: { objects: OBJECTS } });
  const port = await new Promise<number>((resolve) => server.once('message', resolve));
  const transport = new HttpTransport({ access: { server: `http://127.0.0.1:${port}`, tls: {}, namespace: 'default' }, clock: systemClock });
  const informer = new Informer<Pod>({
    client: new KubernetesClient({ transport, fieldManager: 'test' }),
    kind: pods,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: silentLogger,
    indexes: { app: (pod) => [pod.metadata.labels?.['app'] ?? ''] },
  });
  const told = { added: 0, updated: 0, deleted: 0 };
  informer.subscribe(({ kind }) => {
    told[kind] += 1;
  });
  informer.start();
  await informer.whenSynced();
  expect(told).toEqual({ added: OBJECTS, updated: 0, deleted: 0 });

  const watch = watchStalls();
  server.postMessage('expire', []);
  await new Promise<void>((resolve) => {
    informer.subscribe(({ kind, object }) => {
      if (kind === 'updated' && object.metadata.name === `pod-0${OBJECTS - 1}`) resolve();
    });
  });
  const stallMs = watch.stop();
  await informer.stop();
  await transport.close();
  await server.terminate();
  // A tenth has gone, a tenth is new, and the rest has changed.
  expect(told).toEqual({ added: OBJECTS * 1.1, updated: OBJECTS * 0.9, deleted: OBJECTS * 0.1 });
  expect(stallMs).toBeLessThan(STALL_MAX_MS);
});

/** The longest time that this thread worked between two turns of the loop, by its own CPU time. */
function watchStalls(): { stop(): number } {
  let longestMs = 0;
  let last = process.threadCpuUsage();
  let isOver = false;
  const turn = (): void => {
    const { user, system } = process.threadCpuUsage(last);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    last = process.threadCpuUsage();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      isOver = true;
      return longestMs;
    },
  };
}
