import { horizontalPodAutoscalers, type HorizontalPodAutoscaler, type KubernetesObject } from '@sluice/kubernetes';
import { describe, expect, it } from 'vitest';
import { createAutoscalerWorld } from '../testing/autoscaler-world.ts';

async function start(annotations: Record<string, string> = {}) {
  const world = createAutoscalerWorld();
  world.addRevision('hello', {
    'autoscaling.knative.dev/class': 'hpa.autoscaling.knative.dev',
    ...Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`autoscaling.knative.dev/${name}`, value])),
  });
  const { logger } = world.startAutoscaler('autoscaler', '10.0.0.1');
  await world.time.advanceAsync(2000);
  const hpa = () => world.api.find(horizontalPodAutoscalers, 'default/hello') as HorizontalPodAutoscaler;
  return { ...world, logger, hpa };
}

describe('a revision of the class hpa', () => {
  it('is scaled by Kubernetes, within its bounds', async () => {
    const { hpa, sks } = await start({ metric: 'cpu', target: '74.3', 'min-scale': '2', 'max-scale': '7', window: '30s' });
    expect(hpa()).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'PodAutoscaler', name: 'hello', controller: true }] },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello-deployment' },
        minReplicas: 2,
        maxReplicas: 7,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 75 } } }],
        behavior: { scaleUp: { stabilizationWindowSeconds: 30 }, scaleDown: { stabilizationWindowSeconds: 30 } },
      },
    });
    expect(sks('hello').spec).toMatchObject({ mode: 'Serve', numActivators: 0 });
  });

  it.each([
    [{ metric: 'memory', target: '200.9' }, { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } } }],
    [{ metric: 'jobs', target: '5.5' }, { type: 'Pods', pods: { metric: { name: 'jobs' }, target: { type: 'AverageValue', averageValue: '5' } } }],
    [{ target: '50' }, { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
  ] as const)('may be scaled on %o', async (annotations, metric) => {
    expect((await start(annotations)).hpa().spec.metrics).toEqual([metric]);
  });

  it('leaves to Kubernetes what it does not say', async () => {
    const { hpa } = await start();
    expect(hpa().spec).toEqual({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello-deployment' }, maxReplicas: 2_147_483_647 });
  });

  it('is active, and shows what Kubernetes wants of it', async () => {
    const { hpa, api, pa, time, setReadyPods, replicas } = await start({ target: '50' });
    expect(pa('hello').status?.conditions).toMatchObject([
      { type: 'Active', status: 'True' },
      { type: 'ScaleTargetInitialized', status: 'Unknown' },
      { type: 'SKSReady', status: 'Unknown' },
      { type: 'Ready', status: 'Unknown' },
    ]);
    setReadyPods('hello', { 'pod-1': '10.1.0.1' });
    api.put({ ...hpa(), status: { currentReplicas: 1, desiredReplicas: 3 } } as KubernetesObject);
    await time.advanceAsync(1000);
    expect(pa('hello').status).toMatchObject({ desiredScale: 3, actualScale: 1 });
    expect(pa('hello').status?.conditions?.map(({ status }) => status)).toEqual(['True', 'True', 'True', 'True']);
    // Not ours to say.
    expect(replicas('hello')).toBe(1);
  });

  it('is written once, whatever the server adds', async () => {
    const { hpa, api, time } = await start({ target: '50' });
    api.put({ ...hpa(), spec: { ...hpa().spec, minReplicas: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 300 } } } } as KubernetesObject);
    api.writes.length = 0;
    await time.advanceAsync(10_000);
    expect(api.writes).toEqual([]);
  });

  it('is put right when somebody changes what it says', async () => {
    const { hpa, api, time } = await start({ target: '50', 'max-scale': '7' });
    api.put({ ...hpa(), spec: { ...hpa().spec, maxReplicas: 100 } } as KubernetesObject);
    await time.advanceAsync(1000);
    expect(hpa().spec.maxReplicas).toBe(7);
  });

  it('is left alone when it is somebody else’s', async () => {
    const world = createAutoscalerWorld();
    const other = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { namespace: 'default', name: 'hello' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'x' }, maxReplicas: 1 } };
    world.api.put<KubernetesObject>(other);
    world.addRevision('hello', { 'autoscaling.knative.dev/class': 'hpa.autoscaling.knative.dev' });
    const { logger } = world.startAutoscaler('autoscaler', '10.0.0.1');
    await world.time.advanceAsync(2000);
    expect(world.api.find(horizontalPodAutoscalers, 'default/hello')).toMatchObject({ spec: { maxReplicas: 1 } });
    expect(logger.events.find(({ event }) => event === 'reconcile refused')?.fields['error']).toMatchObject({ message: 'PodAutoscaler: "hello" does not own HPA: "hello"' });
  });
});
