/** The operators that tell of TLS with the client. Unset where none is spoken, and of a certificate where there is none. */
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';
import { plain, type FormatSource, type Operator, type Operators } from './format-source.ts';

export const tlsOperators: Operators = {
  DOWNSTREAM_TLS_VERSION: ofConnection(({ version }) => version),
  DOWNSTREAM_TLS_CIPHER: ofConnection(({ cipher }) => cipher),
  DOWNSTREAM_TLS_SESSION_ID: ofConnection(({ sessionId }) => sessionId),
  DOWNSTREAM_PEER_URI_SAN: ofPeer(({ uriNames }) => uriNames.join(',')),
  DOWNSTREAM_PEER_DNS_SAN: ofPeer(({ dnsNames }) => dnsNames.join(',')),
  DOWNSTREAM_PEER_SUBJECT: ofPeer(({ subject }) => subject),
  DOWNSTREAM_PEER_ISSUER: ofPeer(({ issuer }) => issuer),
  DOWNSTREAM_PEER_CERT: ofPeer(({ encodedPem }) => encodedPem),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofPeer(({ fingerprint256 }) => fingerprint256),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofPeer(({ fingerprint1 }) => fingerprint1),
  DOWNSTREAM_PEER_SERIAL: ofPeer(({ serialNumber }) => serialNumber),
  DOWNSTREAM_PEER_CERT_V_START: ofPeer(({ validFrom }) => isoTime(validFrom)),
  DOWNSTREAM_PEER_CERT_V_END: ofPeer(({ validTo }) => isoTime(validTo)),
  DOWNSTREAM_LOCAL_URI_SAN: ofLocal(({ uriNames }) => uriNames.join(',')),
  DOWNSTREAM_LOCAL_DNS_SAN: ofLocal(({ dnsNames }) => dnsNames.join(',')),
  DOWNSTREAM_LOCAL_SUBJECT: ofLocal(({ subject }) => subject),
};

function ofConnection(read: (tls: ConnectionTls) => string): Operator {
  return ofSource(({ info }) => {
    const tls = info.connection?.tls;
    return tls && read(tls);
  });
}

function ofPeer(read: (certificate: CertificateFacts) => string): Operator {
  return ofSource(({ info }) => {
    const peer = info.connection?.tls?.peer;
    return peer && read(peer);
  });
}

function ofLocal(read: (certificate: CertificateFacts) => string): Operator {
  return ofSource(({ info }) => {
    const local = info.connection?.tls?.local;
    return local && read(local);
  });
}

function ofSource(read: (source: FormatSource) => string | undefined): Operator {
  return plain((source) => read(source) || undefined);
}

/** As Envoy writes them: `2030-01-02T03:04:05.000Z`. */
function isoTime(date: Date): string {
  return date.toISOString();
}
