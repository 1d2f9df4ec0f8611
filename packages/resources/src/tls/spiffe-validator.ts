/** `CertificateValidationContext.custom_validator_config`: SPIFFE's rules, the one validator there is besides the usual rules. */
import { readDataSource, type DataSource } from '../data-source.ts';
import { MessageReader } from '../decode/message-reader.ts';
import type { Scope } from '../decode/scope.ts';
import { openTypedConfig } from '../decode/typed-config.ts';

/** Who may vouch for the names of a domain: https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md */
export interface TrustDomain {
  readonly name: string;
  /** PEM of the roots of this domain alone. */
  readonly bundle: DataSource;
}

const spiffeTypeName = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

export function readCustomValidator(json: unknown, scope: Scope): readonly TrustDomain[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const domains = reader.required('typed_config', readTyped);
  reader.done();
  return domains;
}

function readTyped(json: unknown, scope: Scope): readonly TrustDomain[] | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName !== spiffeTypeName) {
    scope.at('@type').error(`is ${typed.typeName}, must be ${spiffeTypeName}`);
    return undefined;
  }
  const reader = MessageReader.open(typed.json, typed.scope);
  if (!reader) return undefined;
  const domains = reader.list('trust_domains', readDomain);
  const at = reader.scope.at('trust_domains');
  if (domains.length === 0 && !at.hasErrors) at.error('must have at least one domain');
  domains.forEach(({ name }, index) => {
    if (domains.findIndex((other) => other.name === name) < index) at.at(index).at('name').error(`is ${JSON.stringify(name)}, which has its roots already`);
  });
  reader.refuse(['trust_bundles'], 'bundles are given in PEM, one for each domain');
  reader.done();
  return domains;
}

function readDomain(json: unknown, scope: Scope): TrustDomain | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name').toLowerCase();
  const bundle = reader.required('trust_bundle', readDataSource);
  reader.done();
  return bundle && { name, bundle };
}
