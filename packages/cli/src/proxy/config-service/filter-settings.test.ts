/** Settings of filters that come by themselves over real gRPC (ECDS). */
import { typeUrls } from '@sluice/resources';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, expect, test, vi } from 'vitest';
import { startFollowedProxy } from './testing/followed-proxy.ts';
import { ScriptedService } from './testing/scripted-service.ts';
import { apiSource, listenerOf, routesTo, serviceCluster } from './testing/service-resources.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const waiting = { timeout: 15_000, interval: 20 };
const faultUrl = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';

/** Every request is answered with a status of its own. */
function abortWith(status: number): JsonObject & { readonly name: string } {
  return { name: 'fault', typed_config: { '@type': faultUrl, abort: { http_status: status, percentage: { numerator: 100 } } } };
}

function listener(source: JsonObject): JsonObject & { readonly name: string } {
  const plain = listenerOf('edge', { route_config: routesTo('nobody', 'routes', { validate_clusters: false }) });
  const [{ filters: [manager] }] = plain['filter_chains'] as unknown as [{ filters: [{ name: string; typed_config: JsonObject }] }];
  const fault = { name: 'fault', config_discovery: { config_source: source, type_urls: [faultUrl] } };
  const typed_config = { ...manager.typed_config, http_filters: [fault, ...(manager.typed_config['http_filters'] as readonly JsonObject[])] };
  return { ...plain, filter_chains: [{ filters: [{ ...manager, typed_config }] }] };
}

test.each([
  ['on the aggregated stream', 'GRPC', (): JsonObject => ({ ads: {} })],
  ['on the aggregated stream, incrementally', 'DELTA_GRPC', (): JsonObject => ({ ads: {} })],
  ['on a stream of their own', 'GRPC', (): JsonObject => ({ api_config_source: apiSource('service', 'DELTA_GRPC') })],
])('settings of filters come %s, change without draining, and are refused by themselves', async (_title, apiType, source) => {
  const service = new ScriptedService(await loadCodec('proxy'));
  await service.start();
  cleanups.push(() => service.stop());
  service.set(typeUrls.listener, [listener(source())]);
  service.set(typeUrls.extensionConfig, [abortWith(418)]);
  const proxy = await startFollowedProxy({
    bootstrap: {
      node: { id: 'proxy-1', cluster: 'group' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
      dynamic_resources: { ads_config: apiSource('service', apiType), lds_config: { ads: {} } },
      static_resources: { clusters: [serviceCluster('service', [service.port])] },
    },
  });
  cleanups.push(() => proxy.stop());
  await vi.waitFor(async () => expect(await proxy.get()).toBe('418'), waiting);
  expect(service.heard.filter(({ typeUrl, nonce }) => typeUrl === typeUrls.extensionConfig && nonce === '')).toMatchObject([{ names: ['fault'], isAggregated: 'ads' in source() }]);
  service.set(typeUrls.extensionConfig, [abortWith(451)]);
  await vi.waitFor(async () => expect(await proxy.get()).toBe('451'), waiting);
  service.set(typeUrls.extensionConfig, [abortWith(10)]);
  await vi.waitFor(() => expect(service.answers(typeUrls.extensionConfig).at(-1)?.refusal).toMatch(/^ECDS: fault: typed_config\.abort/), waiting);
  expect(await proxy.get()).toBe('451');
  expect(await proxy.stat('extension_config_discovery.http_filter.fault.update_rejected')).toBe(1);
  expect(await proxy.stat('extension_config_discovery.http_filter.fault.config_fail')).toBe(1);
  expect(await proxy.stat('extension_config_discovery.http_filter.fault.config_reload')).toBe(2);
  expect(await proxy.stat('listener_manager.listener_modified')).toBe(0);
});
