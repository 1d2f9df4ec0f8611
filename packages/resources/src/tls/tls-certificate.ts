/** `envoy.extensions.transport_sockets.tls.v3.TlsCertificate`: who one side says it is, and the key that proves it. */
import { readDataSource, type DataSource } from '../data-source.ts';
import { MessageReader } from '../decode/message-reader.ts';
import type { Scope } from '../decode/scope.ts';
import { openTypedConfig } from '../decode/typed-config.ts';
import { readWatchedDirectory } from '../watched-directory.ts';

export interface TlsCertificate {
  /** PEM: the certificate, then those that lead to a root. */
  readonly certificateChain: DataSource;
  /** PEM. */
  readonly privateKey: DataSource;
  /** Opens the private key. */
  readonly password: DataSource | undefined;
  /** A DER-encoded OCSP response about the certificate. */
  readonly ocspStaple: DataSource | undefined;
  /** What moves when files of it have changed. Undefined: the directories they are in are looked at. */
  readonly watchedDirectory: string | undefined;
}

export function readTlsCertificate(json: unknown, scope: Scope): TlsCertificate | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const ownKey = reader.read('private_key', readDataSource);
  const providedKey = reader.read('private_key_provider', readPrivateKeyProvider);
  const certificateChain = reader.required('certificate_chain', readDataSource);
  const privateKey = ownKey ?? providedKey;
  if (!reader.has('private_key') && !reader.has('private_key_provider')) scope.at('private_key').error('is required');
  const certificate = {
    password: reader.read('password', readDataSource),
    ocspStaple: reader.read('ocsp_staple', readDataSource),
    watchedDirectory: reader.read('watched_directory', readWatchedDirectory),
  };
  reader.refuse(['pkcs12'], 'certificates are given as PEM');
  reader.ignore(['signed_certificate_timestamp']);
  reader.done();
  return certificateChain && privateKey && { certificateChain, privateKey, ...certificate };
}

/** Keys in accelerators: without `fallback` they are asked for in earnest; with it, the key itself will do. */
function readPrivateKeyProvider(json: unknown, scope: Scope): DataSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('provider_name');
  const mayFallBack = reader.boolean('fallback', false);
  const key = reader.read('typed_config', readProviderKey);
  reader.done();
  if (mayFallBack && key) return key;
  scope.error(`is ${name}, which this proxy does not have; with fallback and a private_key in its typed_config that key is used`);
  return undefined;
}

function readProviderKey(json: unknown, scope: Scope): DataSource | undefined {
  const typed = openTypedConfig(json, scope);
  const reader = typed && MessageReader.open(typed.json, typed.scope);
  const key = reader?.read('private_key', readDataSource);
  reader?.ignore(['poll_delay']);
  return key;
}
