/** Contexts of Node's TLS, made of our settings. */
import { createRequire } from 'node:module';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { MeshError, type TlsContext, type TlsContextSettings, type TlsServerSessions } from '@sluice/kernel';
import { createTicketKey } from './ticket-keys.ts';

/** Loaded with the first context: a process that speaks no TLS does not pay for it. */
export function nodeTls(): typeof import('node:tls') {
  return createRequire(import.meta.url)('node:tls') as typeof import('node:tls');
}

export class NodeTlsContext implements TlsContext {
  readonly settings: TlsContextSettings;
  readonly secureContext: SecureContext;

  /** @throws MeshError `tls-context-invalid` */
  constructor(settings: TlsContextSettings, ownTicketKey: Buffer) {
    this.settings = settings;
    try {
      this.secureContext = nodeTls().createSecureContext(optionsOf(settings, ownTicketKey));
    } catch (error) {
      throw new MeshError('tls-context-invalid', explain(error), { cause: error });
    }
  }
}

/** Of TLS 1.3, cheapest first on machines with AES in hardware, as BoringSSL orders them. */
const modernCiphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Of TLS 1.2, Envoy's default list. */
const defaultCiphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];

/** Envoy's. */
const defaultCurves = ['X25519', 'P-256'];

/** `SSL_OP_NO_TICKET` and `SSL_OP_NO_RENEGOTIATION` of OpenSSL 3; `node:crypto` names only the first. */
const noTicket = 0x4000;
const noRenegotiation = 0x4000_0000;

function optionsOf(settings: TlsContextSettings, ownTicketKey: Buffer): SecureContextOptions {
  const { identity, sessions, cipherSuites, curves, signatureAlgorithms } = settings;
  const ciphers = [...modernCiphers, ...(cipherSuites.length > 0 ? cipherSuites : defaultCiphers)];
  return {
    minVersion: settings.minVersion,
    maxVersion: settings.maxVersion,
    ciphers: ciphers.join(':'),
    ecdhCurve: (curves.length > 0 ? curves : defaultCurves).join(':'),
    ...(signatureAlgorithms.length > 0 && { sigalgs: signatureAlgorithms.join(':') }),
    honorCipherOrder: settings.prefersOwnCiphers,
    // An empty list, since none at all would mean the roots that Node brings along.
    ca: [...(settings.trustedCa === undefined ? [] : [settings.trustedCa]), ...(settings.usesSystemRoots ? systemRoots() : [])],
    allowPartialTrustChain: true,
    ...(settings.crl !== undefined && { crl: settings.crl }),
    ...(identity && { cert: identity.certificateChain, key: identity.privateKey }),
    ...(identity?.password !== undefined && { passphrase: identity.password }),
    secureOptions: noRenegotiation | (settings.side === 'server' && !sessions ? noTicket : 0),
    ...(sessions && sessionOptions(sessions, ownTicketKey)),
  };
}

function sessionOptions({ scope, ticketKeys, timeoutSeconds }: TlsServerSessions, ownTicketKey: Buffer): SecureContextOptions {
  const [first] = ticketKeys;
  return {
    sessionIdContext: scope,
    ticketKeys: first ? createTicketKey(first) : ownTicketKey,
    ...(timeoutSeconds !== undefined && { sessionTimeout: timeoutSeconds }),
  };
}

/** What the system trusts, or what Node brings along where the system has nothing. */
function systemRoots(): string[] {
  const tls = nodeTls();
  const system = tls.getCACertificates('system');
  return system.length > 0 ? system : tls.getCACertificates('bundled');
}

function explain(error: unknown): string {
  const { message, reason } = error as Error & { readonly reason?: string };
  return reason ?? message;
}
