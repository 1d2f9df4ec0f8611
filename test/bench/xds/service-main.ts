/** The config service of the benchmark: the real one over real gRPC, with an API server in memory behind it. */
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { composeConfigServer } from '@sluice/config-server';
import * as kubernetes from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import * as serving from '@sluice/serving';
import { domainConfigMap, routeObject } from '@sluice/config-server/testing';
import { defaultTranslateOptions } from '@sluice/translator';
import { loadCodec, openGrpcServer } from '@sluice/xds';
import { configServiceMethods } from '@sluice/xds/testing';

import { AckCounter } from './ack-counter.ts';
import { answer, type ChangeAnswer, type ServiceQuestion, type UseAnswer } from './messages.ts';
import { clusterObjects, podsOf, revisionName } from './sizes.ts';

const services = Number(process.argv[2]);
const codec = await loadCodec('admin');
// All that either package knows: which of them the service follows is its own affair.
const kinds = [...Object.values(kubernetes), ...Object.values(serving)].filter(isKind);
const api = new FakeApiServer({ kinds, clock: systemClock });
for (const object of clusterObjects(services)) api.put(object);
// What was put before anybody watched is not to be told as a change.
api.compact();

const acks = new AckCounter(configServiceMethods(codec).deltaAds);
const service = composeConfigServer({
  clock: systemClock,
  timers: systemTimers,
  random: createSeededRandom(1),
  logger: silentLogger,
  meter: createMeter(),
  client: new kubernetes.KubernetesClient({ transport: api, fieldManager: 'bench' }),
  codec,
  systemNamespace: 'sluice-system',
  identity: 'config-server-0',
  translate: defaultTranslateOptions,
  listen: (handlers) =>
    openGrpcServer({
      address: '127.0.0.1:0',
      codec,
      timers: systemTimers,
      handlers: { ...handlers, onDeltaAds: (stream) => handlers.onDeltaAds?.(acks.watched(stream)) },
    }),
});
const startedAt = performance.now();
await service.start();
while (!service.isReady) await new Promise((resolve) => setTimeout(resolve, 10));
process.send?.({ port: service.port, readyMs: performance.now() - startedAt });

answer<ServiceQuestion>(async (question) => {
  switch (question.kind) {
    case 'move endpoint':
      return change(question.acks, () => api.put(podsOf(question.service, 0, question.life)));
    case 'shift traffic': {
      const { share } = question;
      const shares = { [revisionName(question.service, 0)]: share, [revisionName(question.service, 1)]: 100 - share };
      return change(question.acks, () => api.put(routeObject(`service-${question.service}`, shares)));
    }
    case 'move domain': {
      const cpuBefore = cpuUs();
      const before = performance.now();
      acks.sampledBytes = 0;
      api.put(domainConfigMap(question.domain));
      const ms = (await acks.settled(2_000)) - before;
      return { ms, cpuUs: cpuUs() - cpuBefore, bytesPerProxy: acks.sampledBytes } satisfies ChangeAnswer;
    }
    case 'rest':
      await settledAt();
      return 'at rest';
    case 'use':
      return { memoryMiB: process.memoryUsage.rss() / 2 ** 20, cpuUs: cpuUs() } satisfies UseAnswer;
  }
});

async function change(count: number, apply: () => void): Promise<ChangeAnswer> {
  const cpuBefore = cpuUs();
  const before = performance.now();
  const accepted = acks.expect(count);
  apply();
  await accepted;
  return { ms: performance.now() - before, cpuUs: cpuUs() - cpuBefore, bytesPerProxy: acks.sampledBytes };
}

function isKind(value: unknown): value is kubernetes.ResourceKind {
  return typeof value === 'object' && value !== null && 'plural' in value && 'kind' in value;
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Nothing has been computed for half a second. */
async function settledAt(): Promise<void> {
  for (;;) {
    const before = cpuUs();
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (cpuUs() - before < 25_000) return;
  }
}
