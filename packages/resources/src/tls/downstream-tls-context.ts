/** `envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext`: TLS towards clients. */
import type { DataSource } from '../data-source.ts';
import { MessageReader } from '../decode/message-reader.ts';
import type { Scope } from '../decode/scope.ts';
import { readSecretReference, readSessionTicketKeys, type SecretReference } from './secret.ts';
import { defaultTlsContext, readTlsContext, secretsOf, type TlsContext } from './tls-context.ts';

export const downstreamTlsContextTypeName = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

export interface DownstreamTlsContext {
  readonly common: TlsContext;
  /** Clients without a certificate are turned away. */
  readonly requiresClientCertificate: boolean;
  readonly sessionTickets: SessionTickets;
  /** How long a session can be taken up again, in ms. Undefined leaves it to the implementation: two hours. */
  readonly sessionTimeoutMs: number | undefined;
  /** What becomes of a certificate without a fresh OCSP response: served as it is, or not at all. Default LENIENT_STAPLING, as Envoy. */
  readonly ocspStaplePolicy: 'LENIENT_STAPLING' | 'STRICT_STAPLING' | 'MUST_STAPLE';
  /** The client's order of ciphers counts, not ours. */
  readonly prefersClientCiphers: boolean;
}

/** How sessions are taken up again. */
export type SessionTickets =
  /** By tickets under keys that the process makes for itself. */
  | { readonly kind: 'automatic' }
  | { readonly kind: 'keys'; readonly keys: readonly DataSource[] }
  | { readonly kind: 'secret'; readonly secret: SecretReference }
  /** Not at all. */
  | { readonly kind: 'disabled' };

export function readDownstreamTlsContext(json: unknown, scope: Scope): DownstreamTlsContext | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const context: DownstreamTlsContext = {
    common: reader.read('common_tls_context', (inner, at) => readTlsContext(inner, at, 'TLSv1.3')) ?? defaultTlsContext('TLSv1.3'),
    requiresClientCertificate: reader.boolean('require_client_certificate', false),
    sessionTickets: readSessionTickets(reader),
    sessionTimeoutMs: reader.durationMs('session_timeout'),
    ocspStaplePolicy: reader.enum('ocsp_staple_policy', ['LENIENT_STAPLING', 'STRICT_STAPLING', 'MUST_STAPLE'], 'LENIENT_STAPLING'),
    prefersClientCiphers: reader.boolean('prefer_client_ciphers', false),
  };
  const { certificates, certificateSecrets } = context.common;
  if (certificates.length === 0 && certificateSecrets.length === 0 && !scope.hasErrors) {
    scope.at('common_tls_context').at('tls_certificates').error('is required: a server shows who it is');
  }
  // Names are looked up among all certificates anyway.
  reader.read('full_scan_certs_on_sni_mismatch', (value) => value);
  // Sessions are kept by clients only, in tickets, so there is nothing to turn off.
  reader.read('disable_stateful_session_resumption', (value) => value);
  reader.refuse(['require_sni']);
  reader.done();
  return context;
}

function readSessionTickets(reader: MessageReader): SessionTickets {
  const kind = reader.oneof(['session_ticket_keys', 'session_ticket_keys_sds_secret_config', 'disable_stateless_session_resumption'], false);
  if (kind === 'disable_stateless_session_resumption') return { kind: reader.boolean(kind, false) ? 'disabled' : 'automatic' };
  if (kind === 'session_ticket_keys') return { kind: 'keys', keys: reader.read(kind, readSessionTicketKeys) ?? [] };
  const secret = kind && reader.read(kind, readSecretReference);
  return secret ? { kind: 'secret', secret } : { kind: 'automatic' };
}

/** All secrets that must have come before a client can be served. */
export function secretsOfDownstream({ common, sessionTickets }: DownstreamTlsContext): readonly SecretReference[] {
  return sessionTickets.kind === 'secret' ? [...secretsOf(common), sessionTickets.secret] : secretsOf(common);
}
