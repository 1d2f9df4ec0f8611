import { describe, expect, it } from 'vitest';
import type { Pod } from '@sluice/kubernetes';
import { FakeNetworkIsolation } from '../testing/fake-network-isolation.ts';
import type { FakeProgram } from '../testing/fake-process-runner.ts';
import { isolationAnnotation } from './isolation/isolation-plan.ts';
import type { SandboxOptions } from './isolation/network-isolation.ts';
import { isolatedCondition, listensOnPortCondition } from './pod-status.ts';
import { kubeletFloor, podOf } from './testdata/simulated-floor.ts';

/** Listens on 8080 whatever it is told. */
const stubborn: FakeProgram = ({ listen }) => listen(8080);

const containers = [
  { name: 'app', command: ['stubborn'], env: [{ name: 'PORT', value: '8080' }] },
  {
    name: 'queue-proxy',
    command: ['queue'],
    env: [{ name: 'QUEUE_SERVING_PORT', value: '8012' }, { name: 'USER_PORT', value: '8080' }],
    readinessProbe: { tcpSocket: { port: 8080 } },
  },
];

const annotations = { [isolationAnnotation]: 'network' };

function startIsolated(isolation: FakeNetworkIsolation, metadata: Partial<Pod['metadata']> = {}) {
  const floor = kubeletFloor({ stubborn, queue: () => {} }, isolation);
  const specOf = (container: string) => [...floor.runner.running.values()].find(({ spec }) => spec.identity.container === container)?.spec;
  const pod = podOf({ containers }, { annotations, ...metadata });
  return { ...floor, ...floor.start(pod), pod, specOf };
}

describe('a pod that asks for isolation', () => {
  it('runs its program in a network where it has its port, and tells everybody else the other one', async () => {
    const isolation = new FakeNetworkIsolation();
    const { time, specOf, transport, condition, api } = startIsolated(isolation);
    transport.answer = () => false;
    await time.advanceAsync(2_000);
    expect(specOf('app')).toMatchObject({ env: { PORT: '8080' }, wrapper: ['/bin/enter', '1'] });
    expect(specOf('queue-proxy')).toMatchObject({ env: { USER_PORT: '20001' } });
    expect(specOf('queue-proxy')?.wrapper).toBeUndefined();
    expect(transport.asked[0]?.request).toMatchObject({ port: 20_001 });
    expect(isolation.sandboxes.map(({ ports }) => ports)).toEqual([
      [{ inside: 8080, outside: [{ address: '127.0.0.1', port: 20_001 }, { address: '10.0.0.1', port: 20_001 }] }],
    ]);
    expect(condition(api, isolatedCondition)).toMatchObject({ status: 'True', reason: 'OwnNetwork' });
    // On its declared port it is where it was told to be.
    expect(condition(api, listensOnPortCondition)).toBeUndefined();
  });

  it('leaves no network behind', async () => {
    const isolation = new FakeNetworkIsolation();
    const { time, worker, pod, api } = startIsolated(isolation);
    await time.advanceAsync(10);
    worker.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 } });
    await time.advanceAsync(1_000);
    expect(api.removed).toEqual(['hello-abcde']);
    expect(isolation).toMatchObject({ made: 1, sandboxes: [] });
  });

  it('gets a new network with each run, and a new run when its network is lost', async () => {
    const isolation = new FakeNetworkIsolation();
    const { time, runner, specOf, events, api } = startIsolated(isolation);
    await time.advanceAsync(10);
    const [pid = 0] = [...runner.running].find(([, { spec }]) => spec.identity.container === 'app') ?? [];
    runner.kill(pid);
    await time.advanceAsync(10);
    expect(specOf('app')?.wrapper).toEqual(['/bin/enter', '2']);
    isolation.lose(isolation.sandboxes[0] as SandboxOptions, 'the relay ended');
    await time.advanceAsync(10);
    expect(specOf('app')?.wrapper).toEqual(['/bin/enter', '3']);
    expect(isolation.sandboxes.length).toBe(1);
    expect(events).toContain('NetworkLost: The network of container app is gone, starting it in a new one: the relay ended');
    // The loss was not the program's doing.
    expect(api.status?.containerStatuses?.[0]?.restartCount).toBe(1);
  });

  it('waits with a reason when its network cannot be made, and starts when it can', async () => {
    const isolation = new FakeNetworkIsolation();
    isolation.failWith('no more processes');
    const { time, api, specOf } = startIsolated(isolation);
    await time.advanceAsync(100);
    expect(api.status?.containerStatuses?.[0]?.state?.waiting).toEqual({ reason: 'IsolationFailed', message: 'no more processes' });
    isolation.failWith(undefined);
    await time.advanceAsync(1_000);
    expect(specOf('app')?.wrapper).toEqual(['/bin/enter', '1']);
  });

  it('runs as any other where there is none, and says why and what to do', async () => {
    const { time, api, events, condition, specOf } = startIsolated(
      new FakeNetworkIsolation({ kind: 'unsupported', reason: 'the kernel says no', advice: 'ask it nicely' }),
    );
    await time.advanceAsync(10);
    expect(specOf('app')?.env.PORT).toBe('20001');
    expect(specOf('app')?.wrapper).toBeUndefined();
    const message = 'runs without a network of its own: the kernel says no; ask it nicely';
    expect(condition(api, isolatedCondition)).toMatchObject({ status: 'False', reason: 'NotSupported', message });
    expect(events).toContain(`NotIsolated: ${message}`);
  });

  it('is told so when its wish is not understood', async () => {
    const { time, api, condition } = startIsolated(new FakeNetworkIsolation(), { annotations: { [isolationAnnotation]: 'full' } });
    await time.advanceAsync(10);
    expect(condition(api, isolatedCondition)).toMatchObject({ status: 'False', reason: 'UnknownIsolation' });
  });
});
