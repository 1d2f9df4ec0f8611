/** What filters make of the certificates that clients show. */
import type { Buffer } from 'node:buffer';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { TestAuthority, type TestCertificate } from '../testing/certificates.ts';
import { startGrpcService } from '../testing/index.ts';
import { backendCluster, downstreamTls, startTlsProxy, tlsListener, type Json, type TlsProxy } from '../testing/tls-fixture.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.http.${name}`;
const router = { name: 'router', typed_config: { '@type': type('router.v3.Router') } };
const spiffe = 'spiffe://mesh/ns/shop/sa/cart';

let authority: TestAuthority;
let server: TestCertificate;
let cart: TestCertificate;
let nameless: TestCertificate;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await TestAuthority.create();
  server = await authority.issue({ dns: ['a.test'] });
  cart = await authority.issue({ uri: [spiffe], dns: ['cart.test'] });
  nameless = await authority.issue({ dns: ['other.test'] });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A proxy that asks clients for certificates and answers by itself what its filters let pass. */
async function start(filter: Json, clusters: readonly Json[] = []): Promise<TlsProxy> {
  const tls_certificates = [{ certificate_chain: { inline_string: server.certificate }, private_key: { inline_string: server.privateKey } }];
  const socket = downstreamTls({ common_tls_context: { tls_certificates, validation_context: { trusted_ca: { inline_string: authority.certificate } } } });
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];
  const manager = { http_filters: [filter, router], route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] } };
  const proxy = await startTlsProxy({ listeners: [tlsListener(socket, manager)], clusters: [backendCluster(1), ...clusters] });
  cleanups.push(() => proxy.stop());
  return proxy;
}

const shown = (certificate?: TestCertificate) => ({ ca: authority.certificate, ...(certificate && { cert: certificate.certificate, key: certificate.privateKey }) });

async function statusesFor(principal: Json): Promise<number[]> {
  const rules = { policies: { one: { permissions: [{ requested_server_name: { exact: 'a.test' } }], principals: [principal] } } };
  const proxy = await start({ name: 'rbac', typed_config: { '@type': type('rbac.v3.RBAC'), rules } });
  const found = [];
  for (const certificate of [undefined, nameless, cart]) found.push((await proxy.request(shown(certificate))).status);
  return found;
}

test('rules know clients by the names in their certificates, or by having one', async () => {
  expect(await statusesFor({ authenticated: {} })).toEqual([403, 200, 200]);
  expect(await statusesFor({ authenticated: { principal_name: { prefix: 'spiffe://mesh/ns/shop/' } } })).toEqual([403, 403, 200]);
  expect(await statusesFor({ authenticated: { principal_name: { exact: 'other.test' } } })).toEqual([403, 200, 403]);
  expect(await statusesFor({ not_id: { authenticated: { principal_name: { exact: 'other.test' } } } })).toEqual([200, 403, 200]);
});

test('an authorization service hears who the client is, with the certificate where that is wanted', async () => {
  const questions: Buffer[] = [];
  await using service = await startGrpcService(({ message }) => {
    questions.push(message);
    return { message: new Uint8Array() };
  });
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const http2 = { [options]: { '@type': `type.googleapis.com/${options}`, explicit_http_config: { http2_protocol_options: {} } } };
  const cluster = backendCluster(service.address.port, { name: 'authz', typed_extension_protocol_options: http2 });
  const grpc_service = { envoy_grpc: { cluster_name: 'authz' }, timeout: '10s' };
  const typed_config = { '@type': type('ext_authz.v3.ExtAuthz'), grpc_service, include_peer_certificate: true, include_tls_session: true };
  const proxy = await start({ name: 'authz', typed_config }, [cluster]);
  expect((await proxy.request(shown(cart))).status).toBe(200);
  const [question] = questions.map((message) => message.toString('latin1'));
  expect(question).toContain(spiffe);
  expect(question).toContain(encodeURIComponent(cart.certificate).slice(0, 80));
  expect(question).toMatch(/b.\n.a\.test$/s);
});
