import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '@sluice/kubernetes';
import { slicesOf } from './slices.ts';

function service(ports: NonNullable<Service['spec']['ports']>, spec: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'hello-private', namespace: 'default', uid: 'service-1', labels: { kind: 'private' } },
    spec: { selector: { app: 'hello' }, ports, ...spec },
  };
}

function pod(name: string, ip: string | undefined, { ready = true, terminating = false, annotations = {}, containerPort = 8012 } = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name, annotations, ...(terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { nodeName: 'local', containers: [{ name: 'c', ports: [{ name: 'queue-port', containerPort }] }] },
    status: {
      phase: 'Running',
      ...(ip === undefined ? {} : { podIP: ip }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

const http = { name: 'http', port: 80, targetPort: 8012 };

describe('the slices of a Service', () => {
  it('name address, conditions and owner of each pod that has an address', () => {
    const [slice] = slicesOf(service([http]), [pod('b', '127.1.0.3', { ready: false }), pod('a', '127.1.0.2'), pod('c', undefined)]);
    expect(slice).toMatchObject({
      metadata: { labels: { 'kubernetes.io/service-name': 'hello-private', kind: 'private' }, ownerReferences: [{ uid: 'service-1' }] },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8012, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['127.1.0.2'], conditions: { ready: true, serving: true, terminating: false }, targetRef: { kind: 'Pod', name: 'a' } },
        { addresses: ['127.1.0.3'], conditions: { ready: false, serving: false, terminating: false } },
      ],
    });
  });

  it('call a pod that is going away terminating and no longer ready', () => {
    const [slice] = slicesOf(service([http]), [pod('a', '127.1.0.2', { terminating: true })]);
    expect(slice?.endpoints[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  });

  it('resolve named ports in each pod, and group pods with the same ones', () => {
    const named = service([{ name: 'http', port: 80, targetPort: 'queue-port' }]);
    const slices = slicesOf(named, [pod('a', '127.1.0.2'), pod('b', '127.1.0.3', { containerPort: 9000 }), pod('c', '127.1.0.4')]);
    expect(slices.map(({ ports, endpoints }) => [ports?.[0]?.port, endpoints.length])).toEqual([[8012, 2], [9000, 1]]);
    expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(2);
  });

  it('carry the real ports of pods that share one address', () => {
    const real = (port: number) => ({ annotations: { 'local.sluice.dev/real-ports': JSON.stringify({ 8012: port }) } });
    const slices = slicesOf(service([http]), [pod('a', '127.0.0.1', real(20_001)), pod('b', '127.0.0.1', real(20_002))]);
    expect(slices.map(({ ports }) => ports?.[0]?.port)).toEqual([20_001, 20_002]);
  });

  it('are cut at a hundred endpoints, under names that stay the same', () => {
    const pods = Array.from({ length: 150 }, (_, index) => pod(`p${String(index).padStart(3, '0')}`, `127.1.0.${index}`));
    const slices = slicesOf(service([http]), pods);
    expect(slices.map(({ endpoints }) => endpoints.length)).toEqual([100, 50]);
    expect(slicesOf(service([http]), pods.toReversed())).toEqual(slices);
  });

  it('are one empty slice when there is no pod', () => {
    expect(slicesOf(service([http]), [])).toMatchObject([{ endpoints: [], ports: [] }]);
  });

  it('count pods that are not ready as ready where the Service asks for that', () => {
    const [slice] = slicesOf(service([http], { publishNotReadyAddresses: true }), [pod('a', '127.1.0.2', { ready: false })]);
    expect(slice?.endpoints[0]?.conditions?.ready).toBe(true);
  });
});
