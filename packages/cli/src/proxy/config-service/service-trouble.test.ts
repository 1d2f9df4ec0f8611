/** Config services that are secured, that talk nonsense, or that are not what they should be. */
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createTestAuthority } from '@sluice/proxy/testing';
import { typeUrls } from '@sluice/resources';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, expect, test, vi } from 'vitest';
import { startFollowedProxy, type FollowedProxy } from './testing/followed-proxy.ts';
import { ScriptedService } from './testing/scripted-service.ts';
import { apiSource, listenerOf, routesTo, serviceCluster, startNamedUpstream, staticCluster } from './testing/service-resources.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const waiting = { timeout: 15_000, interval: 20 };

async function startService(tls?: Parameters<ScriptedService['start']>[1]): Promise<ScriptedService> {
  const { port, stop } = await startNamedUpstream('one');
  cleanups.push(stop);
  const service = new ScriptedService(await loadCodec('proxy'));
  service.set(typeUrls.cluster, [staticCluster('app', port)]);
  service.set(typeUrls.listener, [listenerOf('edge', { route_config: routesTo('app') })]);
  await service.start(0, tls);
  cleanups.push(() => service.stop());
  return service;
}

async function follow(ports: readonly number[], cluster: JsonObject = {}): Promise<FollowedProxy> {
  const proxy = await startFollowedProxy({
    bootstrap: {
      node: { id: 'proxy', cluster: 'group' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
      dynamic_resources: { ads_config: apiSource('service'), cds_config: { ads: {} }, lds_config: { ads: {} } },
      static_resources: { clusters: [serviceCluster('service', ports, cluster)] },
    },
  });
  cleanups.push(() => proxy.stop());
  return proxy;
}

/** Answers every stream with a message of these bytes. */
async function startNonsense(message: Uint8Array): Promise<{ readonly port: number; readonly streams: () => number }> {
  let streams = 0;
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream) => {
    streams += 1;
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.write(Buffer.concat([head, message]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, streams: () => streams };
}

test('a server whose bytes are no response is left, and the next one asked', async () => {
  const nonsense = await startNonsense(Uint8Array.from({ length: 60 }, () => 255));
  const service = await startService();
  const proxy = await follow([nonsense.port, service.port]);
  await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
  expect(nonsense.streams()).toBe(1);
});

test('a service that shows who it is, and wants to see who asks', async () => {
  const authority = await createTestAuthority();
  const own = await authority.issue({ dns: ['service.test'] });
  const client = await authority.issue({ uri: ['spiffe://mesh/proxy'] });
  const service = await startService({ certificateChain: own.certificate, privateKey: own.privateKey, clientCertificateAuthorities: authority.certificate });
  const proxy = await follow([service.port], {
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: 'service.test',
        common_tls_context: {
          tls_certificates: [{ certificate_chain: { inline_string: client.certificate }, private_key: { inline_string: client.privateKey } }],
          validation_context: { trusted_ca: { inline_string: authority.certificate }, match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'service.test' } }] },
        },
      },
    },
  });
  await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
});

test('a service that is somebody else is not listened to', async () => {
  const authority = await createTestAuthority();
  const own = await authority.issue({ dns: ['other.test'] });
  const service = await startService({ certificateChain: own.certificate, privateKey: own.privateKey });
  const proxy = await follow([service.port], {
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: 'service.test',
        common_tls_context: { validation_context: { trusted_ca: { inline_string: authority.certificate }, match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'service.test' } }] } },
      },
    },
  });
  await vi.waitFor(async () => expect(await proxy.stat('listener_manager.lds.update_failure')).toBeGreaterThan(0), waiting);
  expect(service.heard).toEqual([]);
  expect(await proxy.get()).toBe('no listener');
});
