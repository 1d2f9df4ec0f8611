import { expect, test } from 'vitest';
import { decodeBootstrap } from '../bootstrap.ts';
import { decodeCluster } from '../cluster.ts';
import { Scope } from '../decode/scope.ts';
import { staticClusterJson, typed } from '../testing/sample-resources.ts';
import { readDownstreamTlsContext, secretsOfDownstream } from './downstream-tls-context.ts';
import { decodeSecret } from './secret.ts';

type Json = Readonly<Record<string, unknown>>;

const certificate = { certificate_chain: { filename: '/certs/tls.crt' }, private_key: { filename: '/certs/tls.key' } };

function readDownstream(json: Json) {
  const scope = Scope.open('');
  const value = readDownstreamTlsContext(json, scope);
  return { value, problems: scope.problems.map(({ path, message }) => `${path}: ${message}`) };
}

function upstream(tls: Json, fields: Json = {}): Json {
  const socket = { name: 'tls', typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', tls) };
  return staticClusterJson('a', [], { transport_socket: socket, ...fields });
}

function problemsOf(json: unknown): string[] {
  return decodeCluster(json).problems.map(({ path, message }) => `${path}: ${message}`);
}

test('a listener with a certificate has the defaults of the reference', () => {
  const { value, problems } = readDownstream({ common_tls_context: { tls_certificates: [certificate] } });
  expect(problems).toEqual([]);
  expect(value).toMatchObject({
    common: { parameters: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, alpnProtocols: [] },
    requiresClientCertificate: false,
    sessionTickets: { kind: 'automatic' },
    ocspStaplePolicy: 'LENIENT_STAPLING',
  });
});

test('a listener without a certificate is a mistake', () => {
  expect(readDownstream({ common_tls_context: {} }).problems).toEqual([
    'common_tls_context.tls_certificates: is required: a server shows who it is',
  ]);
});

test('all secrets that a listener waits for are found', () => {
  const { value } = readDownstream({
    common_tls_context: {
      tls_certificate_sds_secret_configs: [{ name: 'cert', sds_config: { ads: {} } }],
      combined_validation_context: {
        default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: 'spiffe://a/b' } }] },
        validation_context_sds_secret_config: { name: 'roots', sds_config: { ads: {} } },
      },
    },
    session_ticket_keys_sds_secret_config: { name: 'tickets' },
  });
  expect(value && secretsOfDownstream(value).map(({ name }) => name)).toEqual(['cert', 'roots', 'tickets']);
});

test('what would weaken TLS or change who may pass is refused by its path', () => {
  const tls = {
    common_tls_context: {
      tls_params: { tls_minimum_protocol_version: 'TLSv1_1', cipher_suites: ['A:B'] },
      tls_certificates: [{ ...certificate, pkcs12: { filename: '/a.p12' }, private_key_provider: { provider_name: 'cryptomb', typed_config: typed('x.Y') } }],
      validation_context: { only_verify_leaf_cert_crl: true, match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a' } }] },
      custom_handshaker: { name: 'x' },
    },
    require_sni: true,
  };
  const paths = readDownstream(tls).problems.map((problem) => problem.slice(0, problem.indexOf(':')));
  expect(paths).toEqual([
    'common_tls_context.tls_params.tls_minimum_protocol_version',
    'common_tls_context.tls_params.cipher_suites[0]',
    'common_tls_context.tls_certificates[0].private_key_provider',
    'common_tls_context.tls_certificates[0].pkcs12',
    'common_tls_context.validation_context.only_verify_leaf_cert_crl',
    'common_tls_context.validation_context.trusted_ca',
    'common_tls_context.custom_handshaker',
    'require_sni',
  ]);
});

test('an accelerator that may be done without leaves its key', () => {
  const provider = { provider_name: 'cryptomb', fallback: true, typed_config: typed('x.CryptoMb', { private_key: { inline_string: 'KEY' } }) };
  const { value, problems } = readDownstream({
    common_tls_context: { tls_certificates: [{ certificate_chain: { inline_string: 'CERT' }, private_key_provider: provider }] },
  });
  expect(problems).toEqual([]);
  expect(value?.common.certificates[0]?.privateKey).toMatchObject({ kind: 'inline', text: 'KEY' });
});

test('a cluster speaks TLS 1.2 and remembers one session unless it says otherwise', () => {
  const decoded = decodeCluster(upstream({ sni: 'a.example', common_tls_context: { validation_context: { trusted_ca: { filename: '/ca.pem' } } } }));
  expect(decoded.problems).toEqual([]);
  expect(decoded).toMatchObject({
    ok: true,
    value: { transportSocket: { kind: 'tls', tls: { sni: 'a.example', sessionsMax: 1, common: { parameters: { maxVersion: 'TLSv1.2' } } } } },
  });
});

test('a cluster that believes anybody is warned of', () => {
  expect(problemsOf(upstream({ sni: 'a.example' }))).toEqual([
    'transport_socket.typed_config.common_tls_context: has no validation context, so whoever answers is believed',
  ]);
});

test('the host may choose the protocol only where TLS lets it', () => {
  const options = {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', {
        auto_config: {},
        upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true },
      }),
    },
  };
  expect(problemsOf(staticClusterJson('a', [], options))).toEqual([
    'transport_socket: must be TLS where auto_config lets the host choose the protocol',
  ]);
  const trusted = { common_tls_context: { validation_context: { trusted_ca: { filename: '/ca.pem' } } } };
  expect(decodeCluster(upstream(trusted, options))).toMatchObject({
    ok: true,
    value: { http: { negotiates: true, autoSni: { takesSniFromRequest: true, checksSni: true } } },
  });
});

test('hosts may differ in how they are spoken to', () => {
  const matches = [
    { name: 'mesh', match: { tlsMode: 'istio' }, transport_socket: { name: 'tls', typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', { common_tls_context: { validation_context: { trusted_ca: { filename: '/ca.pem' } } } }) } },
    { name: 'plain', match: {}, transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
  ];
  expect(decodeCluster(staticClusterJson('a', [], { transport_socket_matches: matches }))).toMatchObject({
    ok: true,
    value: { transportSocketMatches: [{ match: { tlsMode: 'istio' }, socket: { kind: 'tls' } }, { match: {}, socket: { kind: 'raw' } }] },
  });
});

test('keys of tickets may be any bytes', () => {
  const key = Buffer.alloc(80, 0xff);
  const decoded = decodeSecret({ name: 'tickets', session_ticket_keys: { keys: [{ inline_bytes: key.toString('base64') }] } });
  expect(decoded.ok && decoded.value.kind === 'session_ticket_keys' && decoded.value.keys[0]).toMatchObject({ kind: 'inline', bytes: key });
});

test('a bootstrap has secrets of its own, each with a name of its own', () => {
  const secret = { name: 'cert', tls_certificate: certificate };
  expect(decodeBootstrap({ static_resources: { secrets: [secret] } })).toMatchObject({ ok: true, value: { staticResources: { secrets: [{ kind: 'tls_certificate' }] } } });
  expect(decodeBootstrap({ static_resources: { secrets: [secret, secret] } }).problems).toMatchObject([{ path: 'static_resources.secrets[1].name' }]);
});
