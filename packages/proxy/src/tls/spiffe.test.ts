/** Certificates by SPIFFE's rules, over real handshakes. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TestAuthority, type CertificateWishes, type TestCertificate } from '../testing/certificates.ts';
import { backendCluster, downstreamTls, startTlsProxy, tlsListener, type Json, type TlsProxy } from '../testing/tls-fixture.ts';

const authorities: Record<'blue' | 'red', TestAuthority> = {} as Record<'blue' | 'red', TestAuthority>;
let server: TestCertificate;
let upstream: Server;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  authorities.blue = await TestAuthority.create('CN=blue');
  authorities.red = await TestAuthority.create('CN=red');
  server = await authorities.blue.issue({ dns: ['a.test'] });
  upstream = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

afterAll(() => {
  upstream.closeAllConnections();
  upstream.close();
});

const spiffeType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';
const domain = (name: string, { certificate }: TestAuthority) => ({ name, trust_bundle: { inline_string: certificate } });

async function start(trust_domains: readonly object[], more: Json = {}): Promise<TlsProxy> {
  const proxy = await startTlsProxy({
    listeners: [
      tlsListener(
        downstreamTls({
          require_client_certificate: true,
          common_tls_context: {
            tls_certificates: [{ certificate_chain: { inline_string: server.certificate }, private_key: { inline_string: server.privateKey } }],
            validation_context: { custom_validator_config: { name: 'envoy.tls.cert_validator.spiffe', typed_config: { '@type': spiffeType, trust_domains } }, ...more },
          },
        }),
      ),
    ],
    clusters: [backendCluster((upstream.address() as AddressInfo).port)],
  });
  cleanups.push(() => proxy.stop());
  return proxy;
}

const both = () => [domain('blue.test', authorities.blue), domain('red.test', authorities.red)];

/** Who comes with such a certificate: the status, or why there is none. */
async function come(proxy: TlsProxy, issuer: TestAuthority, wishes: CertificateWishes): Promise<number | 'refused'> {
  const { certificate, privateKey } = await issuer.issue(wishes);
  return proxy.request({ ca: authorities.blue.certificate, cert: certificate, key: privateKey }).then(({ status }) => status, () => 'refused' as const);
}

test('a name counts when the roots of its domain vouch for it, and those of another do not', async () => {
  const proxy = await start(both());
  expect(await come(proxy, authorities.blue, { uri: ['spiffe://blue.test/shop'] })).toBe(200);
  expect(await come(proxy, authorities.red, { uri: ['spiffe://red.test/shop'] })).toBe(200);
  expect(await come(proxy, authorities.red, { uri: ['spiffe://blue.test/shop'] })).toBe('refused');
  expect(await come(proxy, authorities.blue, { uri: ['spiffe://green.test/shop'] })).toBe('refused');
  expect(proxy.metric('envoy_listener_ssl_fail_verify_error')).toBe(2);
});

test('a certificate has one SPIFFE name, whatever intermediates vouch for it', async () => {
  const proxy = await start(both());
  const between = await authorities.blue.intermediate();
  expect(await come(proxy, between, { uri: ['spiffe://blue.test/shop'] })).toBe(200);
  expect(await come(proxy, authorities.blue, { dns: ['shop.test'] })).toBe('refused');
  expect(await come(proxy, authorities.blue, { uri: ['spiffe://blue.test/a', 'spiffe://blue.test/b'] })).toBe('refused');
});

test('names are matched as well', async () => {
  const proxy = await start(both(), { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://blue.test/' } }] });
  expect(await come(proxy, authorities.blue, { uri: ['spiffe://blue.test/shop'] })).toBe(200);
  expect(await come(proxy, authorities.red, { uri: ['spiffe://red.test/shop'] })).toBe('refused');
  expect(proxy.metric('envoy_listener_ssl_fail_verify_san')).toBe(1);
});

test('roots that were trusted otherwise have no say', async () => {
  const proxy = await start([domain('blue.test', authorities.blue)], { trusted_ca: { inline_string: authorities.red.certificate } });
  expect(await come(proxy, authorities.red, { uri: ['spiffe://blue.test/shop'] })).toBe('refused');
});

test.each([
  ['no domains', [], /trust_domains.*at least one/],
  ['a domain twice', () => [...both(), domain('Blue.test', authorities.red)], /trust_domains\[2\]\.name/],
  ['a bundle that is none', [{ name: 'a', trust_bundle: { inline_string: 'nothing' } }], /trust_domains\[0\]\.trust_bundle/],
  ['a domain without roots', [{ name: 'a' }], /trust_domains\[0\]\.trust_bundle/],
] as const)('refuses %s', async (_title, domains, problem) => {
  await expect(start(typeof domains === 'function' ? domains() : domains)).rejects.toThrow(problem);
});
