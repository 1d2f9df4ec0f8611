import { expect, test } from 'vitest';

import { loadCodec } from '../codec/load-codec.ts';
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '../discovery.ts';
import { typeUrls } from '../type-urls.ts';
import { decodeDeltaRequest, decodeDeltaResponse, encodeDeltaRequest, encodeDeltaResponse } from './delta-wire.ts';

test('a request survives the wire', async () => {
  const codec = await loadCodec('core');
  const request: DeltaDiscoveryRequest = {
    typeUrl: typeUrls.cluster,
    subscribe: ['*', 'a'],
    unsubscribe: ['b'],
    initialVersions: { c: '1', d: '2' },
    responseNonce: 'n1',
    node: { id: 'proxy', cluster: 'group' },
    errorDetail: { code: 3, message: 'b: is bad' },
  };
  expect(decodeDeltaRequest(encodeDeltaRequest(request, codec), codec)).toEqual(request);
});

test('a response put together by hand is what the descriptor says it is', async () => {
  const codec = await loadCodec('core');
  const cluster = codec.encode('envoy.config.cluster.v3.Cluster', { name: 'a' });
  if (!cluster.ok) throw new Error('a cluster is encoded');
  const response: DeltaDiscoveryResponse = {
    typeUrl: typeUrls.cluster,
    systemVersionInfo: 'v1',
    nonce: 'n1',
    resources: [
      { name: 'a', version: '1', resource: { typeUrl: typeUrls.cluster, value: cluster.value }, aliases: ['x'], ttlMs: 1500 },
      { name: 'b', version: '2' },
    ],
    removedResources: ['c', 'd'],
    controlPlane: 'service',
  };
  const bytes = encodeDeltaResponse(response);
  const decoded = codec.decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
  expect(decoded.ok && decoded.value).toEqual({
    unknownFields: 0,
    value: {
      system_version_info: 'v1',
      resources: [
        { version: '1', resource: { '@type': typeUrls.cluster, name: 'a' }, name: 'a', aliases: ['x'], ttl: '1.500s' },
        { version: '2', name: 'b' },
      ],
      type_url: typeUrls.cluster,
      nonce: 'n1',
      removed_resources: ['c', 'd'],
      control_plane: { identifier: 'service' },
    },
  });
  const again = decodeDeltaResponse(bytes);
  expect({ ...again, resources: again.resources.map(({ resource, ...rest }) => ({ ...rest, ...(resource && { resource: { ...resource, value: new Uint8Array(resource.value) } }) })) }).toEqual({
    ...response,
    resources: response.resources.map(({ resource, ...rest }) => ({ ...rest, ...(resource && { resource: { ...resource, value: new Uint8Array(resource.value) } }) })),
  });
});
