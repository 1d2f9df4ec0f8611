/**
 * The certificate of the config service, from files that somebody else renews. A renewal that cannot be used, or is half written,
 * leaves what was there before, and is said once.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { MeshError, type Logger } from '@sluice/kernel';
import type { ServerTls } from '@sluice/xds';
import type { TlsFiles } from './config.ts';

const flags = { certificate: '--tls-certificate', key: '--tls-key', clientCertificateAuthority: '--tls-client-ca' } as const;

/** Reads now, and again with each call of what it gives: the same object as long as nothing has changed. @throws MeshError when it cannot be used now */
export function followServerTls(files: TlsFiles, logger: Logger): () => ServerTls {
  let current = read(files);
  let complaint = '';
  return () => {
    try {
      const found = read(files);
      complaint = '';
      if (JSON.stringify(found) !== JSON.stringify(current)) {
        current = found;
        logger.info('certificate exchanged', { file: files.certificate });
      }
    } catch (error) {
      const reason = MeshError.from(error).message;
      if (reason !== complaint) logger.error('certificate not exchanged', { reason });
      complaint = reason;
    }
    return current;
  };
}

function read(files: TlsFiles): ServerTls {
  const text = (name: keyof TlsFiles): string => {
    try {
      return readFileSync(files[name] ?? '', 'utf8');
    } catch (error) {
      throw fault(name, files, `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); must be the path of a file in PEM`);
    }
  };
  const [certificateChain, privateKey] = [text('certificate'), text('key')];
  const authorities = files.clientCertificateAuthority === undefined ? undefined : text('clientCertificateAuthority');
  try {
    createSecureContext({ cert: certificateChain, key: privateKey });
  } catch (error) {
    throw fault('certificate', files, `and its key (${flags.key}: ${files.key}) cannot be used together: ${String(error)}; must be a certificate and its own key in PEM`);
  }
  // OpenSSL says nothing of a text without certificates, and would then let nobody in.
  if (authorities !== undefined && !canBeUsed(authorities)) {
    throw fault('clientCertificateAuthority', files, 'holds no certificate that can be read; must hold one or more in PEM (-----BEGIN CERTIFICATE-----)');
  }
  return { certificateChain, privateKey, ...(authorities === undefined ? {} : { clientCertificateAuthorities: authorities }) };
}

function canBeUsed(authorities: string): boolean {
  try {
    createSecureContext({ ca: authorities });
    return authorities.includes('-----BEGIN CERTIFICATE-----');
  } catch {
    return false;
  }
}

function fault(name: keyof TlsFiles, files: TlsFiles, message: string): MeshError {
  return new MeshError('config-service-tls', `${flags[name]}: ${files[name] ?? ''} ${message}`);
}
