/** `envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`: TLS towards hosts. */
import { MessageReader } from '../decode/message-reader.ts';
import type { Scope } from '../decode/scope.ts';
import { defaultTlsContext, readTlsContext, type TlsContext } from './tls-context.ts';

export const upstreamTlsContextTypeName = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

export interface UpstreamTlsContext {
  readonly common: TlsContext;
  /** The name asked for; empty for none, unless it follows from the request or the host. */
  readonly sni: string;
  /** The name asked for is the host's own. */
  readonly takesSniFromHost: boolean;
  /** The certificate must be for the name that was asked for. */
  readonly checksSni: boolean;
  /** Sessions that are remembered, to be taken up again. Default 1, as Envoy; 0 for none. */
  readonly sessionsMax: number;
}

export function readUpstreamTlsContext(json: unknown, scope: Scope): UpstreamTlsContext | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const context: UpstreamTlsContext = {
    common: reader.read('common_tls_context', (inner, at) => readTlsContext(inner, at, 'TLSv1.2')) ?? defaultTlsContext('TLSv1.2'),
    sni: readSni(reader),
    takesSniFromHost: reader.boolean('auto_host_sni', false),
    checksSni: reader.boolean('auto_sni_san_validation', false),
    sessionsMax: reader.uint32('max_session_keys', 1),
  };
  const { certificates, certificateSecrets } = context.common;
  if (certificates.length + certificateSecrets.length > 1) {
    scope.at('common_tls_context').error('has several certificates, must have at most one: a client has no way to choose');
  }
  if (!context.common.validation && !scope.hasErrors) {
    scope.at('common_tls_context').warn('has no validation context, so whoever answers is believed');
  }
  reader.refuse(['allow_renegotiation'], 'a connection keeps the keys and the peer that it began with');
  reader.ignore(['enforce_rsa_key_usage']);
  reader.done();
  return context;
}

function readSni(reader: MessageReader): string {
  const sni = reader.string('sni', '');
  if (sni.length > 255 || /[^\x21-\x7e]/.test(sni)) reader.scope.at('sni').error('must be a name of at most 255 characters');
  return sni;
}
