/** `envoy.extensions.transport_sockets.tls.v3.Secret` and `SdsSecretConfig`: what may be exchanged while connections go on. */
import type { Checked } from '@sluice/kernel';
import { readConfigSource, type ConfigSource } from '../config-source.ts';
import { readDataSource, type DataSource } from '../data-source.ts';
import { decodeDocument } from '../decode/decode-document.ts';
import { MessageReader } from '../decode/message-reader.ts';
import type { DecodeOptions, Scope } from '../decode/scope.ts';
import { readCertificateValidationContext, type CertificateValidationContext } from './certificate-validation-context.ts';
import { readTlsCertificate, type TlsCertificate } from './tls-certificate.ts';

export type Secret = { readonly name: string } & SecretContent;

export type SecretContent =
  | { readonly kind: 'tls_certificate'; readonly certificate: TlsCertificate }
  | { readonly kind: 'validation_context'; readonly validation: CertificateValidationContext }
  /** The first encrypts tickets, all of them open tickets. */
  | { readonly kind: 'session_ticket_keys'; readonly keys: readonly DataSource[] }
  | { readonly kind: 'generic_secret'; readonly secret: DataSource };

/** Somebody needs the secret of this name. */
export interface SecretReference {
  readonly name: string;
  /** Who has it; undefined for the bootstrap's own secrets. */
  readonly configSource: ConfigSource | undefined;
}

export function decodeSecret(json: unknown, path = '', options?: DecodeOptions): Checked<Secret> {
  return decodeDocument(json, path, options, readSecret);
}

export function readSecret(json: unknown, scope: Scope): Secret | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const kind = reader.oneof(['tls_certificate', 'validation_context', 'session_ticket_keys', 'generic_secret'], true);
  const content = kind && readContent(reader, kind);
  reader.done();
  return content && { name, ...content };
}

function readContent(reader: MessageReader, kind: SecretContent['kind']): SecretContent | undefined {
  switch (kind) {
    case 'tls_certificate': {
      const certificate = reader.read(kind, readTlsCertificate);
      return certificate && { kind, certificate };
    }
    case 'validation_context': {
      const validation = reader.read(kind, readCertificateValidationContext);
      return validation && { kind, validation };
    }
    case 'session_ticket_keys': {
      const keys = reader.read(kind, readSessionTicketKeys);
      return keys && { kind, keys };
    }
    case 'generic_secret': {
      const secret = reader.read(kind, readGenericSecret);
      return secret && { kind, secret };
    }
  }
}

/** `TlsSessionTicketKeys`. */
export function readSessionTicketKeys(json: unknown, scope: Scope): readonly DataSource[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const keys = reader.list('keys', readDataSource);
  reader.done();
  if (keys.length === 0) scope.at('keys').error('must have at least one key');
  return keys;
}

function readGenericSecret(json: unknown, scope: Scope): DataSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const secret = reader.required('secret', readDataSource);
  reader.refuse(['secrets']);
  reader.done();
  return secret;
}

export function readSecretReference(json: unknown, scope: Scope): SecretReference | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const configSource = reader.read('sds_config', readConfigSource);
  reader.done();
  return name === '' ? undefined : { name, configSource };
}
