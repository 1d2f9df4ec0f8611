/** What the sidecar's TLS may be, in the words of Go, in which Knative's operators write it. */
import type { SettingsReader } from '@sluice/kernel';

export interface ServingTlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Of TLS 1.2, in OpenSSL's words; empty leaves it to the implementation. */
  readonly cipherSuites: readonly string[];
  readonly curves: readonly string[];
}

const versions = ['', '1.2', '1.3'] as const;

const suites: Readonly<Record<string, string>> = {
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

const curves: Readonly<Record<string, string>> = { X25519: 'X25519', P256: 'P-256', P384: 'P-384', P521: 'P-521' };

/** @param prefix of the variables: `QUEUE_PROXY_TLS` */
export function readTlsSettings(reader: SettingsReader, prefix: string): ServingTlsSettings {
  const version = (name: string) => reader.choice({ variable: `${prefix}_${name}` }, versions, '');
  return {
    // Knative's default.
    minVersion: version('MIN_VERSION') === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: version('MAX_VERSION') === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
    cipherSuites: readList(reader, `${prefix}_CIPHER_SUITES`, suites, (name) => name),
    curves: readList(reader, `${prefix}_CURVE_PREFERENCES`, curves, (name) => name.replace(/^Curve/, '').replace('-', '')),
  };
}

function readList(reader: SettingsReader, variable: string, known: Readonly<Record<string, string>>, normalize: (name: string) => string): readonly string[] {
  const names = (reader.find({ variable }) ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  return names.flatMap((name) => {
    const ours = known[normalize(name)];
    if (ours === undefined) reader.report({ variable }, `has ${JSON.stringify(name)}, which must be one of ${Object.keys(known).join(', ')}`);
    return ours ?? [];
  });
}
