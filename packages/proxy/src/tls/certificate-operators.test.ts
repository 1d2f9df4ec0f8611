/** What a log may say of TLS with a client, over a real handshake. */
import { createHash, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { TestAuthority } from '../testing/certificates.ts';
import { backendCluster, downstreamTls, startTlsProxy, tlsListener } from '../testing/tls-fixture.ts';

test('both certificates, and what was agreed on', async () => {
  const authority = await TestAuthority.create();
  const own = await authority.issue({ dns: ['a.test'], uri: ['spiffe://test/edge'], subject: 'CN=edge,O=ours' });
  const theirs = await authority.issue({ dns: ['shop.test'], uri: ['spiffe://test/shop'], subject: 'CN=shop,O=theirs' });
  const upstream = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const format = [
    '%DOWNSTREAM_PEER_URI_SAN%', '%DOWNSTREAM_PEER_DNS_SAN%', '%DOWNSTREAM_PEER_SUBJECT%', '%DOWNSTREAM_PEER_ISSUER%', '%DOWNSTREAM_PEER_FINGERPRINT_256%', '%DOWNSTREAM_PEER_SERIAL%',
    '%DOWNSTREAM_PEER_CERT_V_START%', '%DOWNSTREAM_PEER_CERT_V_END%', '%DOWNSTREAM_PEER_CERT%', '%DOWNSTREAM_LOCAL_URI_SAN%', '%DOWNSTREAM_LOCAL_SUBJECT%', '%DOWNSTREAM_TLS_VERSION%', '%DOWNSTREAM_TLS_CIPHER%', '%DOWNSTREAM_TLS_SESSION_ID%',
  ].join('|');
  const access_log = [{ name: 'log', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', log_format: { text_format_source: { inline_string: `${format}\n` } } } }];
  const inline = { certificate_chain: { inline_string: own.certificate }, private_key: { inline_string: own.privateKey } };
  const context = downstreamTls({ require_client_certificate: true, common_tls_context: { tls_certificates: [inline], validation_context: { trusted_ca: { inline_string: authority.certificate } } } });
  const proxy = await startTlsProxy({ listeners: [tlsListener(context, { access_log })], clusters: [backendCluster((upstream.address() as AddressInfo).port)] });
  try {
    expect((await proxy.request({ ca: authority.certificate, cert: theirs.certificate, key: theirs.privateKey })).status).toBe(200);
    await expect.poll(() => proxy.lines).toHaveLength(1);
    const certificate = new X509Certificate(theirs.certificate);
    const said = (proxy.lines[0] ?? '').split('|');
    expect(said.slice(0, 6)).toEqual(['spiffe://test/shop', 'shop.test', 'O=theirs,CN=shop', 'CN=test root', createHash('sha256').update(certificate.raw).digest('hex'), certificate.serialNumber.toLowerCase()]);
    expect(said.slice(6, 8)).toEqual([new Date(certificate.validFrom).toISOString(), new Date(certificate.validTo).toISOString()]);
    expect(decodeURIComponent(said[8] ?? '')).toContain('-----BEGIN CERTIFICATE-----');
    expect(said.slice(9, 12)).toEqual(['spiffe://test/edge', 'O=ours,CN=edge', 'TLSv1.3']);
    expect(said[12]).toMatch(/^TLS_/);
    expect(said[13]).toMatch(/^(-|[0-9a-f]+)$/);
  } finally {
    await proxy.stop();
    upstream.closeAllConnections();
    upstream.close();
  }
});
