/** `envoy.extensions.transport_sockets.tls.v3.CommonTlsContext`: what both sides of TLS need to know. */
import { MessageReader } from '../decode/message-reader.ts';
import { decodeNonEmptyString } from '../decode/scalars.ts';
import type { Scope } from '../decode/scope.ts';
import { readCertificateValidationContext, type CertificateValidationContext } from './certificate-validation-context.ts';
import { readSecretReference, type SecretReference } from './secret.ts';
import { readTlsCertificate, type TlsCertificate } from './tls-certificate.ts';
import { defaultTlsParameters, readTlsParameters, type TlsParameters, type TlsVersion } from './tls-parameters.ts';

export interface TlsContext {
  readonly parameters: TlsParameters;
  /** Those given here, and those that are fetched; never both. */
  readonly certificates: readonly TlsCertificate[];
  readonly certificateSecrets: readonly SecretReference[];
  /** What the peer must show. Undefined: nothing is asked of it. */
  readonly validation: ValidationSource | undefined;
  /** Most preferred first. */
  readonly alpnProtocols: readonly string[];
}

/** Where what is asked of the peer stands; of `combined` both parts count, the fetched one first. */
export type ValidationSource =
  | { readonly kind: 'own'; readonly context: CertificateValidationContext }
  | { readonly kind: 'secret'; readonly secret: SecretReference }
  | { readonly kind: 'combined'; readonly context: CertificateValidationContext; readonly secret: SecretReference };

export function defaultTlsContext(maxVersion: TlsVersion): TlsContext {
  return { parameters: defaultTlsParameters(maxVersion), certificates: [], certificateSecrets: [], validation: undefined, alpnProtocols: [] };
}

export function readTlsContext(json: unknown, scope: Scope, maxVersion: TlsVersion): TlsContext | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const context: TlsContext = {
    parameters: reader.read('tls_params', (inner, at) => readTlsParameters(inner, at, maxVersion)) ?? defaultTlsParameters(maxVersion),
    certificates: reader.list('tls_certificates', readTlsCertificate),
    certificateSecrets: reader.list('tls_certificate_sds_secret_configs', readSecretReference),
    validation: readValidation(reader),
    alpnProtocols: reader.list('alpn_protocols', readProtocol),
  };
  if (context.certificates.length > 0 && context.certificateSecrets.length > 0) {
    scope.at('tls_certificate_sds_secret_configs').error('is set, and so is tls_certificates: certificates come from one of them');
  }
  reader.refuse([
    'tls_certificate_provider_instance',
    'tls_certificate_certificate_provider',
    'tls_certificate_certificate_provider_instance',
    'validation_context_certificate_provider',
    'validation_context_certificate_provider_instance',
    'custom_handshaker',
    'custom_tls_certificate_selector',
  ]);
  reader.ignore(['key_log']);
  reader.done();
  return context;
}

function readValidation(reader: MessageReader): ValidationSource | undefined {
  const kind = reader.oneof(['validation_context', 'validation_context_sds_secret_config', 'combined_validation_context'], false);
  if (kind === 'validation_context') {
    const context = reader.read(kind, readCertificateValidationContext);
    return context && { kind: 'own', context };
  }
  if (kind === 'validation_context_sds_secret_config') {
    const secret = reader.read(kind, readSecretReference);
    return secret && { kind: 'secret', secret };
  }
  return kind && reader.read(kind, readCombined);
}

function readCombined(json: unknown, scope: Scope): ValidationSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  // Roots may come with the secret, so names without them are no mistake here.
  const context = reader.required('default_validation_context', (inner, at) => readCertificateValidationContext(inner, at, false));
  const secret = reader.required('validation_context_sds_secret_config', readSecretReference);
  reader.refuse(['validation_context_certificate_provider', 'validation_context_certificate_provider_instance']);
  reader.done();
  return context && secret && { kind: 'combined', context, secret };
}

/** RFC 7301: 1 to 255 bytes. */
function readProtocol(json: unknown, scope: Scope): string | undefined {
  const protocol = decodeNonEmptyString(json, scope);
  if (protocol === undefined || (protocol.length < 256 && /^[\x21-\x7e]+$/.test(protocol))) return protocol;
  scope.error(`is ${JSON.stringify(protocol)}, which is no name of a protocol`);
  return undefined;
}

/** All secrets that must have come before a connection can be made. */
export function secretsOf({ certificateSecrets, validation }: TlsContext): readonly SecretReference[] {
  return validation && validation.kind !== 'own' ? [...certificateSecrets, validation.secret] : certificateSecrets;
}
