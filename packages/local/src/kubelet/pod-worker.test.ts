import { describe, expect, it } from 'vitest';
import type { Pod } from '@sluice/kubernetes';
import type { FakeProgram } from '../testing/fake-process-runner.ts';
import { listensOnPortCondition } from './pod-status.ts';
import { kubeletFloor, podOf, server } from './testdata/simulated-floor.ts';

describe('a pod on the process kubelet', () => {
  it('is bound, started and ready at once when it has no probes', async () => {
    const { time, start, runner, timeline } = kubeletFloor({ server });
    const { api } = start(podOf({}));
    await time.advanceAsync(5);
    expect(api.bound).toEqual([{ pod: 'hello-abcde', nodeName: 'local', annotations: {} }]);
    expect(runner.running.size).toBe(1);
    expect(api.status).toMatchObject({ phase: 'Running', podIP: '10.0.0.1', hostIP: '127.0.0.1' });
    expect(api.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(timeline).toEqual(['created at 0', 'started at 0', 'ready at 0']);
  });

  it('has its processes before the API hears of it', async () => {
    const heard: number[] = [];
    const { time, start, runner } = kubeletFloor({ server });
    const startProcess = runner.start.bind(runner);
    runner.start = (...given) => {
      heard.push(api.bound.length, api.statuses.length);
      return startProcess(...given);
    };
    const { api } = start(podOf({}));
    await time.advanceAsync(5);
    expect([heard, api.bound.length]).toEqual([[0, 0], 1]);
  });

  it('is told to run at once, and to be ready when the lull is over in which it has started', async () => {
    const { time, start, lull, transport, condition, timeline } = kubeletFloor({ server });
    transport.answer = () => time.now() >= 100;
    lull.begin();
    const { api } = start(podOf({ containers: [{ name: 'app', command: ['server'], readinessProbe: { httpGet: { path: '/', port: 8012 } } }] }));
    await time.advanceAsync(5);
    expect(api.status).toMatchObject({ phase: 'Running', podIP: '10.0.0.1' });
    await time.advanceAsync(145);
    expect([timeline.at(-1)?.slice(0, 8), condition(api, 'Ready')?.status]).toEqual(['ready at', 'False']);
    lull.settle();
    await time.advanceAsync(60);
    expect(condition(api, 'Ready')?.status).toBe('True');
  });

  it('gives each told container a PORT of its own and tells the sidecar, the probe and the annotation', async () => {
    const { time, start, runner } = kubeletFloor({ server });
    const { api } = start(
      podOf({
        containers: [
          { name: 'app', command: ['server'], env: [{ name: 'PORT', value: '8080' }, { name: 'SELF', value: 'me:$(PORT)' }] },
          {
            name: 'queue-proxy',
            command: ['server'],
            env: [
              { name: 'USER_PORT', value: '8080' },
              { name: 'QUEUE_SERVING_PORT', value: '8012' },
              { name: 'SERVING_READINESS_PROBE', value: '{"tcpSocket":{"port":8080,"host":"127.0.0.1"},"successThreshold":1}' },
            ],
          },
        ],
      }),
    );
    await time.advanceAsync(5);
    const envs = [...runner.running.values()].map(({ spec }) => spec.env);
    expect(envs[0]).toEqual({ PATH: '/bin', PORT: '20001', SELF: 'me:20001' });
    expect(envs[1]).toMatchObject({ USER_PORT: '20001', QUEUE_SERVING_PORT: '8012' });
    expect(JSON.parse(envs[1]?.SERVING_READINESS_PROBE ?? '')).toEqual({
      tcpSocket: { port: 20001, host: '127.0.0.1' },
      successThreshold: 1,
    });
    expect(api.bound[0]?.annotations).toEqual({ 'local.sluice.dev/real-ports': '{"8080":20001}' });
  });

  it('looks for the first readiness quickly and then in its period', async () => {
    const { time, start, transport, condition, timeline } = kubeletFloor({ server });
    transport.answer = () => time.now() >= 100;
    const probe = { httpGet: { path: '/', port: 8012 }, periodSeconds: 10 };
    const { api } = start(podOf({ containers: [{ name: 'app', command: ['server'], readinessProbe: probe }] }));
    await time.advanceAsync(99);
    expect(condition(api, 'Ready')).toMatchObject({ status: 'False', message: 'containers with unready status: [app]' });
    await time.advanceAsync(30);
    expect(condition(api, 'Ready')?.status).toBe('True');
    expect(timeline.at(-1)).toBe('ready at 100');
    const before = transport.asked.length;
    await time.advanceAsync(10_000);
    expect(transport.asked.length).toBe(before + 1);
  });

  it('restarts at once, then with growing back-off, and keeps exit code and last lines', async () => {
    const { time, start, runner } = kubeletFloor({
      server: ({ print, exit }) => {
        print('no configuration', 'stderr');
        exit(3);
      },
    });
    const { api } = start(podOf({}));
    await time.advanceAsync(20);
    const container = () => api.status?.containerStatuses?.[0];
    expect(container()?.restartCount).toBe(2);
    expect(container()?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'no configuration' });
    expect(container()?.state?.waiting).toEqual({
      reason: 'CrashLoopBackOff',
      message: 'back-off 10s restarting failed container=app pod=hello-abcde_default(uid-1)',
    });
    expect(api.status?.phase).toBe('Running');
    await time.advanceAsync(9_970);
    expect(container()?.restartCount).toBe(2);
    await time.advanceAsync(50);
    expect(container()?.restartCount).toBe(3);
    expect(container()?.state?.waiting?.message).toContain('back-off 20s');
    expect(runner.running.size).toBe(0);
  });

  it('restarts a container whose liveness probe fails as often as the threshold says', async () => {
    const { time, start, transport, events } = kubeletFloor({ server });
    transport.answer = () => false;
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 3 };
    const { api } = start(podOf({ containers: [{ name: 'app', command: ['server'], livenessProbe: probe }] }));
    await time.advanceAsync(2_900);
    expect(api.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    await time.advanceAsync(300);
    expect(api.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, state: { running: {} } });
    expect(events).toContain('Killing: Container app failed liveness probe, will be restarted: refused by the script');
  });

  it('holds readiness back until the startup probe has succeeded', async () => {
    const { time, start, transport, condition } = kubeletFloor({ server });
    transport.answer = ({ request }) => request.port !== 81 || time.now() > 1_000;
    const { api } = start(
      podOf({
        containers: [
          {
            name: 'app',
            command: ['server'],
            startupProbe: { tcpSocket: { port: 81 }, failureThreshold: 30, periodSeconds: 1 },
            readinessProbe: { tcpSocket: { port: 80 } },
          },
        ],
      }),
    );
    await time.advanceAsync(900);
    expect(transport.asked.every(({ request }) => request.port === 81)).toBe(true);
    expect(api.status?.containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
    await time.advanceAsync(400);
    expect(condition(api, 'Ready')?.status).toBe('True');
  });

  it('runs init containers one after the other, and a sidecar beside the rest', async () => {
    const order: string[] = [];
    const once: FakeProgram = ({ spec, exit }) => {
      order.push(spec.identity.container);
      exit(0);
    };
    const { time, start, runner } = kubeletFloor({
      once,
      server: ({ spec }) => void order.push(spec.identity.container),
    });
    const sidecar = { name: 'proxy', command: ['server'], restartPolicy: 'Always' as const };
    const { api } = start(
      podOf({ initContainers: [{ name: 'first', command: ['once'] }, sidecar, { name: 'second', command: ['once'] }] }),
    );
    await time.advanceAsync(50);
    expect(order).toEqual(['first', 'proxy', 'second', 'app']);
    expect(runner.running.size).toBe(2);
    expect(api.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  it('says what is wrong when the program listens on another port', async () => {
    const { time, start, condition, transport } = kubeletFloor({ server: ({ listen }) => listen(3000) });
    transport.answer = () => false;
    const app = { name: 'app', command: ['server'], env: [{ name: 'PORT', value: '8080' }], readinessProbe: { tcpSocket: { port: 8080 } } };
    const { api } = start(podOf({ containers: [app] }));
    await time.advanceAsync(1_000);
    expect(condition(api, listensOnPortCondition)).toMatchObject({
      status: 'False',
      reason: 'WrongPort',
      message: 'listens on 3000, PORT is 20001',
    });
  });

  it('lets a program keep the port it insists on, and tells its sidecar', async () => {
    const { time, start, runner, condition, transport } = kubeletFloor({ server: ({ listen }) => listen(8080), queue: () => {} });
    transport.answer = () => [...runner.running.values()].some(({ spec }) => spec.env.USER_PORT === '8080');
    const containers = [
      { name: 'app', command: ['server'], env: [{ name: 'PORT', value: '8080' }] },
      { name: 'queue-proxy', command: ['queue'], env: [{ name: 'USER_PORT', value: '8080' }], readinessProbe: { tcpSocket: { port: 8012 } } },
    ];
    const owner = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'hello', uid: 'rs-1', controller: true }];
    const first = start(podOf({ containers }, { ownerReferences: owner }));
    await time.advanceAsync(1_000);
    expect(condition(first.api, 'Ready')?.status).toBe('True');
    expect(condition(first.api, listensOnPortCondition)).toMatchObject({ status: 'True', reason: 'InsistsOnContainerPort' });
    expect(first.api.annotated).toEqual([{ 'local.sluice.dev/real-ports': '{}' }]);
    expect(first.api.status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0]);

    const second = start(podOf({ containers }, { name: 'hello-fghij', uid: 'uid-2', ownerReferences: owner }));
    await time.advanceAsync(500);
    expect(second.api.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: 'PortTaken',
      message:
        'listens on 8080 whatever PORT says, and pod default/hello-abcde has that port: on one machine it can run as one pod; ' +
        'make it listen on $PORT or, on Linux, annotate its template with local.sluice.dev/isolation: network (without a way out for it then)',
    });
    void first.worker.abandon();
    await time.advanceAsync(1_500);
    expect(condition(second.api, 'Ready')?.status).toBe('True');
  });

  it('waits for a ConfigMap that is missing and starts when it is there', async () => {
    const { time, start, runner } = kubeletFloor({ server });
    const app = {
      name: 'app',
      command: ['server'],
      env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'words', key: 'greeting' } } }],
    };
    const { api } = start(podOf({ containers: [app] }));
    await time.advanceAsync(10);
    expect(api.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'configmap "words" not found',
    });
    api.configMaps.set('words', { greeting: 'hello' });
    await time.advanceAsync(1_000);
    expect([...runner.running.values()][0]?.spec.env.GREETING).toBe('hello');
  });

  it('says what local mode needs when a container has only an image', async () => {
    const { time, start } = kubeletFloor({ server });
    const { api } = start(podOf({ containers: [{ name: 'app', image: 'ghcr.io/someone/app' }] }));
    await time.advanceAsync(10);
    const waiting = api.status?.containerStatuses?.[0]?.state?.waiting;
    expect(waiting?.reason).toBe('CommandNeeded');
    expect(waiting?.message).toContain('"ghcr.io/someone/app"');
    expect(api.status?.phase).toBe('Pending');
  });

  it('is Succeeded when everything ended well and nothing is to be restarted', async () => {
    const { time, start } = kubeletFloor({ once: ({ exit }) => exit(0) });
    const { api } = start(podOf({ restartPolicy: 'Never', containers: [{ name: 'app', command: ['once'] }] }));
    await time.advanceAsync(10);
    expect(api.status?.phase).toBe('Succeeded');
    expect(api.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  });
});

describe('a pod that somebody deleted', () => {
  const deleted = (pod: Pod, graceSeconds: number): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: graceSeconds },
  });

  it('runs the hook, sends SIGTERM, and leaves the API when its processes are gone', async () => {
    const signals: string[] = [];
    const { time, start, transport, runner, allocator } = kubeletFloor({
      server: ({ exit }) => ({
        onTerminate() {
          signals.push(`SIGTERM at ${time.now()}`);
          time.after(200, () => exit(0));
        },
      }),
    });
    const { promise: hook, resolve: finishHook } = Promise.withResolvers<boolean>();
    transport.answer = () => hook;
    const pod = podOf({ containers: [{ name: 'app', command: ['server'], lifecycle: { preStop: { httpGet: { path: '/wait', port: 8022 } } } }] });
    const { api, worker } = start(pod);
    await time.advanceAsync(100);
    worker.update(deleted(pod, 30));
    await time.advanceAsync(400);
    expect(signals).toEqual([]);
    finishHook(true);
    await time.advanceAsync(100);
    expect(signals).toEqual(['SIGTERM at 500']);
    expect(api.removed).toEqual([]);
    await time.advanceAsync(200);
    expect(api.removed).toEqual(['hello-abcde']);
    expect(api.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    expect(runner.running.size).toBe(0);
    expect(allocator.addresses.size).toBe(0);
  });

  it('is killed when the grace period is over, and sooner when somebody asks again with less', async () => {
    const { time, start, runner } = kubeletFloor({ server: () => ({ onTerminate() {} }) });
    const pod = podOf({});
    const { api, worker } = start(pod);
    await time.advanceAsync(10);
    worker.update(deleted(pod, 30));
    await time.advanceAsync(10_000);
    expect(runner.running.size).toBe(1);
    worker.update(deleted(pod, 1));
    await time.advanceAsync(1_100);
    expect(runner.running.size).toBe(0);
    expect(api.removed).toEqual(['hello-abcde']);
  });

  it('does not come back after its process ended', async () => {
    const { time, start, runner } = kubeletFloor({ server });
    const pod = podOf({});
    const { worker } = start(pod);
    await time.advanceAsync(10);
    worker.update(deleted(pod, 30));
    await time.advanceAsync(60_000);
    expect(runner.running.size).toBe(0);
  });

  it('keeps its sidecar until the others have ended', async () => {
    const ends: string[] = [];
    const slow: FakeProgram = ({ spec, exit }) => ({
      onTerminate: () => void time.after(500, () => exit(0)),
      onEnd: () => void ends.push(`${spec.identity.container} at ${time.now()}`),
    });
    const { time, start } = kubeletFloor({ slow });
    const sidecar = { name: 'proxy', command: ['slow'], restartPolicy: 'Always' as const };
    const pod = podOf({ initContainers: [sidecar], containers: [{ name: 'app', command: ['slow'] }] });
    const { worker } = start(pod);
    await time.advanceAsync(100);
    worker.update(deleted(pod, 30));
    await time.advanceAsync(2_000);
    expect(ends).toEqual(['app at 600', 'proxy at 1100']);
  });
});
