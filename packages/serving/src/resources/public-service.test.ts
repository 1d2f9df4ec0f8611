import { describe, expect, test } from 'vitest';
import { activatorSlice, aServerlessService, podSlice } from '../testing/index.ts';
import type { ServerlessService, ServingMode } from '../api/serverless-service.ts';
import { makePublicService, makePublicSlices } from './make-public-service.ts';

const sks = (mode: ServingMode, activators = 0): ServerlessService => aServerlessService('hello-00001', mode, activators);
const h2c = (mode: ServingMode): ServerlessService => ({ ...sks(mode), spec: { ...sks(mode).spec, protocolType: 'h2c' } });
const addresses = (of: ServerlessService, pods: readonly string[], activators: readonly string[]) =>
  makePublicSlices(makePublicService(of), { sks: of, pods: [podSlice('hello-00001', pods)], activators: [activatorSlice(activators)] }).flatMap(({ endpoints }) =>
    endpoints.map(({ addresses: [address], conditions }) => `${conditions.ready ? '' : '!'}${address}`),
  );

describe('the public Service', () => {
  test('selects nothing, and has the port that an Ingress names', () => {
    const { metadata, spec } = makePublicService(sks('Serve'));
    expect(metadata).toMatchObject({ name: 'hello-00001', labels: { 'networking.internal.knative.dev/serviceType': 'Public', 'networking.internal.knative.dev/serverlessservice': 'hello-00001' } });
    expect(spec).toEqual({
      ports: [
        { name: 'http', port: 80, targetPort: 8012, protocol: 'TCP' },
        { name: 'https', port: 443, targetPort: 8112, protocol: 'TCP' },
      ],
    });
    expect(makePublicService(h2c('Serve')).spec.ports[0]).toEqual({ name: 'http2', port: 81, targetPort: 8013, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' });
  });
});

describe('behind it are', () => {
  test('the pods in mode Serve, ready or not', () => {
    expect(addresses(sks('Serve'), ['10.0.0.1', '!10.0.0.2'], ['10.9.0.1'])).toEqual(['10.0.0.1', '!10.0.0.2']);
  });

  test('the activators in mode Proxy, and while no pod is ready', () => {
    expect(addresses(sks('Proxy'), ['10.0.0.1'], ['10.9.0.1', '!10.9.0.2'])).toEqual(['10.9.0.1']);
    expect(addresses(sks('Serve'), ['!10.0.0.1'], ['10.9.0.1'])).toEqual(['10.9.0.1']);
  });

  test('as many activators as are wanted', () => {
    const all = ['10.9.0.1', '10.9.0.2', '10.9.0.3', '10.9.0.4'];
    expect(addresses(sks('Proxy', 2), [], all)).toHaveLength(2);
    expect(addresses(sks('Proxy', 0), [], all)).toEqual(all);
  });

  test('the pods whatever the mode while no activator is ready', () => {
    expect(addresses(sks('Proxy'), ['10.0.0.1'], ['!10.9.0.1'])).toEqual(['10.0.0.1']);
    expect(addresses(sks('Proxy'), ['!10.0.0.1'], [])).toEqual([]);
  });
});

test('a slice has the ports of those in it under the names of the Service', () => {
  const withTls = { ...podSlice('hello-00001', ['10.0.0.1']), ports: [{ name: 'http', port: 8012 }, { name: 'https', port: 8112 }, { name: 'http-autometric', port: 9090 }] };
  const local = { ...podSlice('hello-00001', ['127.0.0.1'], 'b'), ports: [{ name: 'http', port: 20_001 }] };
  const service = makePublicService(sks('Serve'));
  const slices = makePublicSlices(service, { sks: sks('Serve'), pods: [withTls, local], activators: [] });
  expect(slices.map(({ ports, endpoints }) => [endpoints[0]?.addresses[0], ports.map(({ name, port }) => `${name} ${port}`)])).toEqual([
    ['10.0.0.1', ['http 8012', 'https 8112']],
    ['127.0.0.1', ['http 20001']],
  ]);
  expect(slices[0]).toMatchObject({
    metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': 'hello-00001', 'endpointslice.kubernetes.io/managed-by': 'sluice-controller' } },
    addressType: 'IPv4',
    endpoints: [{ targetRef: { kind: 'Pod', namespace: 'default', name: 'pod-10.0.0.1' } }],
  });
});

test('activators take HTTP/2 at the port they have', () => {
  const slices = makePublicSlices(makePublicService(h2c('Proxy')), { sks: h2c('Proxy'), pods: [], activators: [activatorSlice(['10.9.0.1'])] });
  expect(slices.map(({ ports }) => ports)).toEqual([[{ name: 'http2', port: 8012, protocol: 'TCP' }]]);
});

test('a thousand fit into one slice', () => {
  const pods = Array.from({ length: 1500 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const slices = makePublicSlices(makePublicService(sks('Serve')), { sks: sks('Serve'), pods: [podSlice('hello-00001', pods)], activators: [] });
  expect(slices.map(({ endpoints }) => endpoints.length)).toEqual([1000, 500]);
  expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(2);
});
