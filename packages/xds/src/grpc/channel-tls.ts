/**
 * TLS of a channel by files that somebody else renews. They are read anew whenever a stream is opened; what cannot be used then leaves
 * the last that could, so that a renewal that is half written costs nothing.
 */
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { formatProblem, problem, type Checked, type ClientTlsSettings, type Logger, type PemSource, type Problem } from '@sluice/kernel';
import type { GrpcTls } from './client.ts';

export interface ChannelTlsOptions {
  readonly settings: ClientTlsSettings;
  /** `host:port` of the server, for its name where the settings have none. */
  readonly address: string;
  readonly logger: Logger;
}

interface Material {
  readonly version: string;
  readonly trustedCa: string;
  readonly identity: GrpcTls['identity'];
}

/** Reads everything once: what is wrong with it now is told, all of it; what goes wrong later is logged. */
export function createChannelTls({ settings, address, logger }: ChannelTlsOptions): Checked<() => GrpcTls> {
  const name = settings.serverName || hostOf(address);
  const first = readMaterial(settings);
  if (!first.ok) return first;
  let current = first.value;
  // Said once, not with each stream that is tried.
  let complaint = '';

  function look(): Material {
    const found = readMaterial(settings);
    if (!found.ok) {
      const reason = found.problems.map(formatProblem).join('; ');
      if (reason !== complaint) logger.error('certificates of the config service not exchanged', { reason });
      complaint = reason;
      return current;
    }
    complaint = '';
    if (found.value.version !== current.version) logger.info('certificates of the config service exchanged', {});
    current = found.value;
    return current;
  }

  return {
    ok: true,
    problems: [],
    value: () => ({
      ...look(),
      // An address is no name that could be asked for.
      serverName: isIP(name) === 0 ? name : '',
      findFault: (der) => findFault(new X509Certificate(der), name),
    }),
  };
}

function findFault(certificate: X509Certificate, name: string): string | undefined {
  const isFor = isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name);
  return isFor === undefined ? `the certificate of the config service is not for ${name}, but for ${certificate.subjectAltName ?? 'nobody'}` : undefined;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function readMaterial({ authority, identity }: ClientTlsSettings): Checked<Material> {
  const problems: Problem[] = [];
  const report = (source: PemSource, message: string) => problems.push(problem(source.setting, source.kind === 'file' ? `${source.path} ${message}` : message));

  function read(source: PemSource): string | undefined {
    if (source.kind === 'inline') return source.text;
    try {
      return readFileSync(source.path, 'utf8');
    } catch (error) {
      report(source, `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); must be the path of a file in PEM`);
      return undefined;
    }
  }

  /** All certificates in a text, or the complaint that there are none. */
  function readCertificates(source: PemSource): { readonly text: string; readonly first: X509Certificate } | undefined {
    const text = read(source);
    if (text === undefined) return undefined;
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
    try {
      const [first] = blocks.map((block) => new X509Certificate(block));
      if (first) return { text, first };
      report(source, 'holds no certificate; must hold one or more in PEM (-----BEGIN CERTIFICATE-----)');
    } catch {
      report(source, 'holds a certificate that cannot be read; must hold one or more in PEM (-----BEGIN CERTIFICATE-----)');
    }
    return undefined;
  }

  function readKey(source: PemSource): { readonly text: string; readonly key: KeyObject } | undefined {
    const text = read(source);
    if (text === undefined) return undefined;
    try {
      return { text, key: createPrivateKey(text) };
    } catch {
      report(source, 'holds no key that can be read; must hold a private key in PEM, without a password');
      return undefined;
    }
  }

  const trusted = readCertificates(authority);
  const certificate = identity && readCertificates(identity.certificate);
  const key = identity && readKey(identity.key);
  if (identity && certificate && key && !certificate.first.checkPrivateKey(key.key)) {
    report(identity.key, `is not the key of the certificate that ${identity.certificate.setting} names; must belong to it`);
  }
  if (problems.length > 0 || !trusted) return { ok: false, problems };
  const shown = certificate && key && { certificateChain: certificate.text, privateKey: key.text, password: undefined };
  const version = createHash('sha256').update(JSON.stringify([trusted.text, shown ?? null])).digest('hex');
  return { ok: true, problems: [], value: { version, trustedCa: trusted.text, identity: shown } };
}
