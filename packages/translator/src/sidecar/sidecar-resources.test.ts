import { decodeCluster, decodeClusterLoadAssignment, decodeListener, decodeRouteConfiguration, typeUrls } from '@sluice/resources';
import { expect, test } from 'vitest';
import { sidecarResources, type MeshService } from './sidecar-resources.ts';

const decoders = {
  [typeUrls.cluster]: decodeCluster,
  [typeUrls.clusterLoadAssignment]: decodeClusterLoadAssignment,
  [typeUrls.listener]: decodeListener,
  [typeUrls.routeConfiguration]: decodeRouteConfiguration,
} as const;

const service = (name: string, clusterIp: string): MeshService => {
  const backend = (port: number) => ({ key: `shop/${name}:${port}`, namespace: 'shop', name, protocol: 'http1' as const, endpoints: [{ address: '10.0.0.1', port: 8080, ready: true, terminating: false, podName: 'p' }] });
  return { namespace: 'shop', name, clusterIp, ports: [{ port: 80, isHttp: true, backend: backend(80) }, { port: 5432, isHttp: false, backend: backend(5432) }] };
};

test('a proxy can use all that it is sent', () => {
  const resources = sidecarResources([service('web', '10.96.0.1'), service('six', 'fd00::1'), service('headless', '')], 'shop', 'cluster.local');
  // Which network filters there are, only the engine knows.
  const decoded = resources.filter(({ value }) => !JSON.stringify(value).includes('TcpProxy'));
  expect(decoded.map(({ name, typeUrl, value }) => [name, decoders[typeUrl as keyof typeof decoders](value).problems])).toEqual(decoded.map(({ name }) => [name, []]));
  expect(resources.filter(({ typeUrl }) => typeUrl === typeUrls.listener)).toHaveLength(4);
});

test('the order of Services does not show', () => {
  const all = [service('b', '10.96.0.2'), service('a', '10.96.0.1')];
  expect(JSON.stringify(sidecarResources(all, 'shop', 'cluster.local'))).toBe(JSON.stringify(sidecarResources(all.toReversed(), 'shop', 'cluster.local')));
});
