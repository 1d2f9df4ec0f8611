/**
 * TLS of the sidecar's second port: a certificate from files that somebody else renews. They are read anew every minute, as
 * Knative's sidecar does, and connections that come then get what is newest; what cannot be used leaves the last good one.
 * Loaded only where the files are there.
 */
import { readFileSync } from 'node:fs';
import type { Logger, Timers, TlsContext, TlsTransport } from '@sluice/kernel';
import { createPlainTlsSocket, type TransportSocket } from '@sluice/proxy';
import type { ServingTlsSettings } from './tls-settings.ts';

export interface ServingTlsOptions {
  readonly files: CertificateFiles;
  readonly settings: ServingTlsSettings;
  readonly transport: TlsTransport;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Default the real files. @throws when there is none */
  readonly readFile?: (path: string) => string;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Knative's `certificate.CertWatcher`. Milliseconds. */
const LOOK_PERIOD_MS = 60_000;

/** @throws when the certificate cannot be used now */
export function createServingTls({ files, settings, transport, timers, logger, readFile = (path) => readFileSync(path, 'utf8') }: ServingTlsOptions): TransportSocket {
  let current = read();
  let context = create(current);
  timers.every(LOOK_PERIOD_MS, () => {
    try {
      const found = read();
      if (found.certificate === current.certificate && found.key === current.key) return;
      context = create(found);
      current = found;
      logger.info('certificate exchanged', { file: files.certificate });
    } catch (error) {
      logger.error('certificate not exchanged', { file: files.certificate, error });
    }
  });

  function read(): CertificateFiles {
    return { certificate: readFile(files.certificate), key: readFile(files.key) };
  }

  function create({ certificate, key }: CertificateFiles): TlsContext {
    return transport.createContext({
      side: 'server',
      ...settings,
      signatureAlgorithms: [],
      prefersOwnCiphers: false,
      identity: { certificateChain: certificate, privateKey: key, password: undefined, ocspStaple: undefined },
      trustedCa: undefined,
      usesSystemRoots: false,
      crl: undefined,
      sessions: { scope: '', ticketKeys: [], timeoutSeconds: undefined },
    });
  }

  return createPlainTlsSocket(transport, () => ({ context, alpnProtocols: ['h2', 'http/1.1'], clientCertificate: 'not-asked' }));
}
