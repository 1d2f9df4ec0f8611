/** Autoscalers over a Deployment whose pods are ready as soon as they are there, and whose load is as the test says. */
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import {
  deployments,
  endpointSlices,
  events,
  formatTime,
  horizontalPodAutoscalers,
  KubernetesClient,
  pods,
  replicaSets,
  services,
  type Deployment,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerSpec,
  type Pod,
} from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { describe, expect, it } from 'vitest';
import { createBuiltInControllers } from '../built-in-controllers.ts';

interface Load {
  /** Cores of each pod; undefined: nobody knows. */
  cpu: number | undefined;
  memory: number;
  /** Of each metric of the user's, what each pod says. */
  readonly values: Record<string, number>;
}

function web(replicas: number, requests: Readonly<Record<string, string>> | undefined): Deployment {
  const container = { name: 'c', image: 'one', ...(requests ? { resources: { requests } } : {}) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'web' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } } },
  };
}

async function start(spec: Partial<HorizontalPodAutoscalerSpec>, options: { readonly replicas?: number; readonly requests?: Readonly<Record<string, string>> | 'none' } = {}) {
  const { replicas = 2, requests = { cpu: '500m', memory: '100Mi' } } = options;
  const time = new SimulatedTime();
  const api = new FakeApiServer({ kinds: [deployments, replicaSets, pods, services, endpointSlices, horizontalPodAutoscalers, events], clock: time });
  const load: Load = { cpu: 0.25, memory: 50 * 2 ** 20, values: {} };
  const each = <T>(list: readonly Pod[], value: T): Map<string, T> => new Map(list.map(({ metadata }) => [metadata.uid ?? '', value]));
  const controllers = createBuiltInControllers({
    client: new KubernetesClient({ transport: api, fieldManager: 'test' }),
    clock: time,
    timers: time,
    random: createSeededRandom(7),
    logger: silentLogger,
    meter: createMeter(),
    podMetrics: {
      usage: async (list) => (load.cpu === undefined ? new Map() : each(list, [{ container: 'c', cpu: load.cpu, memory: load.memory }])),
      values: async (list, metric) => (load.values[metric] === undefined ? new Map() : each(list, load.values[metric])),
    },
  });
  const starting = controllers.start();
  await time.advanceAsync(10);
  await starting;
  api.put(web(replicas, requests === 'none' ? undefined : requests));
  const wait = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      for (const pod of api.list(pods)) {
        if (pod.status?.phase === 'Running') continue;
        const now = formatTime(time.wallTime());
        api.put({ ...pod, status: { phase: 'Running', podIP: '127.0.0.9', startTime: now, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }] } } as Pod);
      }
      await time.advanceAsync(1000);
    }
  };
  await wait(1);
  const autoscaler: HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace: 'default', name: 'web', generation: 1 },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 10, ...spec },
  };
  api.put(autoscaler);
  await wait(1);
  return {
    api,
    load,
    wait,
    replicas: () => api.find(deployments, 'default/web')?.spec.replicas,
    status: () => api.find(horizontalPodAutoscalers, 'default/web')?.status,
    conditions: () => Object.fromEntries((api.find(horizontalPodAutoscalers, 'default/web')?.status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`])),
  };
}

const cpu = (averageUtilization: number) => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }) as const;

describe('a HorizontalPodAutoscaler', () => {
  it('holds what is on target, and says so', async () => {
    const { replicas, status, conditions, wait } = await start({ metrics: [cpu(50)] });
    await wait(30);
    expect(replicas()).toBe(2);
    expect(status()).toMatchObject({ currentReplicas: 2, desiredReplicas: 2, observedGeneration: 1, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '250m' } } }] });
    expect(conditions()).toEqual({ AbleToScale: 'True ReadyForNewScale', ScalingActive: 'True ValidMetricFound', ScalingLimited: 'False DesiredWithinRange' });
  });

  it('scales on cpu: up within a sync, down when five minutes have asked for less', async () => {
    const { load, replicas, status, conditions, wait } = await start({ metrics: [cpu(50)] });
    load.cpu = 0.5;
    await wait(16);
    expect(replicas()).toBe(4);
    expect(status()?.lastScaleTime).toBeDefined();
    load.cpu = 0.05;
    await wait(250);
    expect([replicas(), conditions()['AbleToScale']]).toEqual([4, 'True ScaleDownStabilized']);
    await wait(80);
    expect(replicas()).toBe(1);
  });

  it('scales on memory, and on metrics of the user’s own, by whichever asks for most', async () => {
    const { load, replicas, wait } = await start({
      metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '50Mi' } } },
        { type: 'Pods', pods: { metric: { name: 'jobs' }, target: { type: 'AverageValue', averageValue: '5' } } },
      ],
    });
    load.values['jobs'] = 5;
    await wait(16);
    expect(replicas()).toBe(2);
    load.values['jobs'] = 7.5;
    await wait(16);
    expect(replicas()).toBe(3);
    load.memory = 100 * 2 ** 20;
    load.values['jobs'] = 0;
    await wait(16);
    expect(replicas()).toBe(6);
  });

  it('goes within its bounds at once, whatever the load', async () => {
    const { replicas, wait } = await start({ minReplicas: 3, metrics: [cpu(50)] });
    await wait(2);
    expect(replicas()).toBe(3);
    const many = await start({ maxReplicas: 2 }, { replicas: 5 });
    await many.wait(2);
    expect(many.replicas()).toBe(2);
  });

  it('takes nothing away while a metric is not known, but follows one that asks for more', async () => {
    const { load, replicas, conditions, wait, api } = await start({ metrics: [cpu(50), { type: 'Pods', pods: { metric: { name: 'jobs' }, target: { type: 'AverageValue', averageValue: '5' } } }] });
    load.cpu = 0.01;
    await wait(400);
    expect([replicas(), conditions()['ScalingActive']]).toEqual([2, 'False FailedGetPodsMetric']);
    load.cpu = 0.5;
    await wait(16);
    expect(replicas()).toBe(4);
    expect(api.list(events).map(({ reason }) => reason)).toEqual(expect.arrayContaining(['FailedGetPodsMetric', 'SuccessfulRescale']));
  });

  it.each([
    ['of a share of nothing', { metrics: [cpu(50)] }, 'ScalingActive', 'False FailedGetResourceMetric'],
    ['of what cannot be scaled', { scaleTargetRef: { kind: 'Job', name: 'web' } }, 'AbleToScale', 'False FailedGetScale'],
    ['of what is not there', { scaleTargetRef: { kind: 'Deployment', name: 'gone' } }, 'AbleToScale', 'False FailedGetScale'],
    ['from outside', { metrics: [{ type: 'External', external: {} }] }, 'ScalingActive', 'False FailedGetExternalMetric'],
  ] as const)('says what keeps it: %s', async (_, spec, type, expected) => {
    const { conditions, replicas, wait } = await start(spec, { requests: 'none' });
    await wait(16);
    expect([conditions()[type], replicas()]).toEqual([expected, 2]);
  });

  it('leaves alone what somebody has scaled to nothing', async () => {
    const { conditions, replicas, wait } = await start({ metrics: [cpu(50)] }, { replicas: 0 });
    await wait(16);
    expect([replicas(), conditions()['ScalingActive']]).toEqual([0, 'False ScalingDisabled']);
  });
});
