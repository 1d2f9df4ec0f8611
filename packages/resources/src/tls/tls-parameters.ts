/** `envoy.extensions.transport_sockets.tls.v3.TlsParameters`: which TLS is spoken. */
import { MessageReader } from '../decode/message-reader.ts';
import type { Scope } from '../decode/scope.ts';

/** Older versions are outside our subset: nothing that is trusted with a key should speak them (RFC 8996). */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsParameters {
  /** Default TLS 1.2, as Envoy. */
  readonly minVersion: TlsVersion;
  /** Default TLS 1.2 towards hosts and TLS 1.3 towards clients, as Envoy. */
  readonly maxVersion: TlsVersion;
  /** Of TLS 1.2, in the order they are preferred; empty is the implementation's choice. */
  readonly cipherSuites: readonly string[];
  /** Empty: X25519 and P-256, as Envoy. */
  readonly curves: readonly string[];
  readonly signatureAlgorithms: readonly string[];
}

const versions = ['TLS_AUTO', 'TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'] as const;

export function defaultTlsParameters(maxVersion: TlsVersion): TlsParameters {
  return { minVersion: 'TLSv1.2', maxVersion, cipherSuites: [], curves: [], signatureAlgorithms: [] };
}

/** `maxDefault`: the newest version where the message does not say. */
export function readTlsParameters(json: unknown, scope: Scope, maxDefault: TlsVersion): TlsParameters | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const minVersion = readVersion(reader, 'tls_minimum_protocol_version', 'TLSv1.2');
  const isMaxSet = reader.has('tls_maximum_protocol_version');
  const maxVersion = readVersion(reader, 'tls_maximum_protocol_version', maxDefault);
  if (minVersion > maxVersion && isMaxSet) scope.at('tls_maximum_protocol_version').error('is older than tls_minimum_protocol_version');
  const parameters = {
    minVersion,
    maxVersion: minVersion > maxVersion ? minVersion : maxVersion,
    cipherSuites: readNames(reader, 'cipher_suites'),
    curves: readNames(reader, 'ecdh_curves'),
    signatureAlgorithms: readNames(reader, 'signature_algorithms'),
  };
  reader.refuse(['compliance_policies']);
  reader.done();
  return parameters;
}

function readVersion(reader: MessageReader, name: string, fallback: TlsVersion): TlsVersion {
  switch (reader.enum(name, versions, 'TLS_AUTO')) {
    case 'TLSv1_2':
      return 'TLSv1.2';
    case 'TLSv1_3':
      return 'TLSv1.3';
    case 'TLSv1_0':
    case 'TLSv1_1':
      reader.scope.at(name).error('must be TLSv1_2 or TLSv1_3: older versions are not spoken (RFC 8996)');
      return fallback;
    default:
      return fallback;
  }
}

/** Names reach the TLS library in one string, so none may hold its separators. */
function readNames(reader: MessageReader, name: string): readonly string[] {
  const names = reader.strings(name);
  names.forEach((value, index) => {
    if (!/^[\w@=+![\]|-]+$/.test(value)) reader.scope.at(name).at(index).error(`is ${JSON.stringify(value)}, which is no name`);
  });
  return names;
}
