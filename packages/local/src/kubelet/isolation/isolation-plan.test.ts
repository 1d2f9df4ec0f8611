import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '@sluice/kubernetes';
import { isolationAnnotation, isolationWish, relayedPorts } from './isolation-plan.ts';

const app: Container = { name: 'app', command: ['serve'], env: [{ name: 'PORT', value: '3000' }], ports: [{ containerPort: 3000 }] };
const queue: Container = { name: 'queue-proxy', command: ['queue'], env: [{ name: 'QUEUE_SERVING_PORT', value: '8012' }] };

function podWith(wish: string | undefined, spec: Partial<Pod['spec']> = {}): Pod {
  const annotations = wish === undefined ? {} : { [isolationAnnotation]: wish };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', annotations }, spec: { containers: [app, queue], ...spec } };
}

describe('the wish of a pod for isolation', () => {
  it('is none unless the pod says so', () => {
    expect(isolationWish(podWith(undefined))).toEqual({ kind: 'none' });
    expect(isolationWish(podWith('none'))).toEqual({ kind: 'none' });
  });

  it("is for the user's containers, and for neither queue-proxy nor init containers", () => {
    const initContainers = [{ name: 'migrate', command: ['migrate'] }];
    const helper = { name: 'helper', command: ['help'] };
    expect(isolationWish(podWith('network', { initContainers, containers: [app, helper, queue] }))).toEqual({
      kind: 'isolate',
      containers: new Set(['app', 'helper']),
    });
  });

  it('is refused with a reason where it makes no sense', () => {
    const reasonOf = (pod: Pod) => {
      const wish = isolationWish(pod);
      return wish.kind === 'impossible' ? wish.reason : wish.kind;
    };
    expect(reasonOf(podWith('full'))).toBe('UnknownIsolation');
    expect(reasonOf(podWith('network', { hostNetwork: true }))).toBe('HostNetwork');
    expect(reasonOf(podWith('network', { containers: [{ name: 'app', image: 'someone/app' }, queue] }))).toBe('NoCommand');
  });
});

describe('the ports of an isolated container', () => {
  it('are reached by their replacement, from the sidecar and at the address of the pod', () => {
    expect(relayedPorts(app, new Map([[3000, 20_001]]), '127.1.0.2')).toEqual([
      { inside: 3000, outside: [{ address: '127.0.0.1', port: 20_001 }, { address: '127.1.0.2', port: 20_001 }] },
    ]);
    expect(relayedPorts(app, new Map([[3000, 20_001]]), '127.0.0.1')).toEqual([
      { inside: 3000, outside: [{ address: '127.0.0.1', port: 20_001 }] },
    ]);
  });

  it('are reached at the address of the pod alone when they were not replaced', () => {
    const metrics = { name: 'm', command: ['m'], ports: [{ containerPort: 9100 }] };
    expect(relayedPorts(metrics, new Map(), '127.1.0.2')).toEqual([{ inside: 9100, outside: [{ address: '127.1.0.2', port: 9100 }] }]);
  });
});
